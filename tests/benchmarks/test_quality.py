"""The quality benchmark: what its rows are, and what it writes."""

from __future__ import annotations

import csv
import dataclasses
import json

import numpy as np
import pytest
import torch

from benchmarks import pictures, quality
from benchmarks.measured import compare, format_table, to_csv
from benchmarks.variants import WHOLE, Conditions, choose, make, peak_memory, prepare, variants
from boxmask import weights
from boxmask.evaluate.folders import COLUMNS
from boxmask.evaluate.report import Report, Row
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.settings import read_record
from boxmask.generate.source import Source
from boxmask.readers.davis import ANNOTATIONS


@pytest.fixture
def conditions(davis, network):
    return Conditions(Source("davis", {"root": str(davis), "split": "val"}), checkpoint=str(network), device="cpu",
                      stride=1, iterations=2)


def variant(name):
    found, = choose([name], variants())
    return found


def scores_of(prepared, name="ring"):
    """The network's scores (T, h, w) of a sequence in one window."""
    sequence = prepared.dataset.read(name)
    views = [prepared.masker.view(sequence.frames.load(index), sequence.boxes[index, 0]) for index in range(4)]
    found, = prepared.masker.solve([views], range(4))
    return np.stack([scores.values for scores in found])


def reports_of(rows):
    """{row: {sequence: J}} -> reports whose every score is that J."""
    return {row: Report(COLUMNS, tuple(Row(name, 1, 5, np.full(len(COLUMNS), j), np.ones(len(COLUMNS)))
                                       for name, j in sequences.items())) for row, sequences in rows.items()}


def test_rows_are_chosen_by_name_and_by_group_in_the_order_of_the_table():
    chosen = choose(["frames", "box", "jitter-10"], variants())
    assert [each.name for each in chosen] == ["box", "T1", "T3", "T5", "T9", "jitter-10"]
    assert [each.search_factor for each in choose(["search"], variants([2.5, 4]))] == [2.5, 4]
    with pytest.raises(ValueError, match="there is no row 'T7'; there are box, .*, and the groups baselines, frames"):
        choose(["T7"], variants())


def test_no_two_rows_have_the_same_settings_so_that_their_masks_never_mix(conditions, tmp_path):
    found = {}
    for each in variants([3.0]):
        settings = prepare(each, conditions, str(tmp_path / each.name)).record.settings
        assert settings not in found, f"{each.name} is {found.get(settings)}"
        found[settings] = each.name
    assert len(found) == 22


def test_without_refinement_there_is_the_first_stage_alone(conditions, tmp_path):
    whole, first = (prepare(variant(name), conditions, str(tmp_path)) for name in (WHOLE, "no-refine"))
    solve, stages = whole.masker.net.solve, []

    def both(*arguments):
        stages.append(solve(*arguments))
        return stages[-1]

    whole.masker.net.solve = both
    refined, found = scores_of(whole), scores_of(first)
    np.testing.assert_allclose(found, stages[0][0][:, 0].numpy(), atol=1e-5)
    assert np.abs(found - refined).max() > 1e-3


def test_without_the_filter_other_frames_do_not_matter_and_the_box_encoding_does(conditions, tmp_path):
    without = prepare(variant("no-filter"), conditions, str(tmp_path))
    together = scores_of(without)
    sequence = without.dataset.read("ring")
    alone, = without.masker.solve([[without.masker.view(sequence.frames.load(2), sequence.boxes[2, 0])]], [0])
    np.testing.assert_allclose(alone[0].values, together[2], atol=1e-5)
    other = prepare(variant("no-filter"), conditions, str(tmp_path))
    with torch.no_grad():
        other.masker.net.prior_encoder.label.weight.zero_()
        other.masker.net.prior_encoder.label.bias.fill_(5)
    assert np.abs(scores_of(other) - together).max() > 1e-3


def test_without_the_prior_the_box_reaches_the_decoder_through_the_filter_alone(conditions, tmp_path):
    without = prepare(variant("no-prior"), conditions, str(tmp_path))
    before = scores_of(without)
    other = prepare(variant("no-prior"), conditions, str(tmp_path))
    with torch.no_grad():
        other.masker.net.prior_encoder.label.bias.fill_(5)
    np.testing.assert_array_equal(scores_of(other), before)
    without.masker.iterations = 0
    assert np.abs(scores_of(without) - before).max() > 1e-5
    assert np.abs(scores_of(prepare(variant(WHOLE), conditions, str(tmp_path))) - before).max() > 1e-5


@pytest.mark.parametrize("percent", [5, 20])
def test_boxes_are_off_by_a_share_of_their_sides_and_the_same_in_every_run(conditions, tmp_path, percent):
    row = variant(f"jitter-{percent}")
    exact = prepare(variant(WHOLE), conditions, str(tmp_path)).dataset
    jittered, again = (prepare(row, conditions, str(tmp_path)).dataset for _ in range(2))
    other = prepare(row, dataclasses.replace(conditions, seed=1), str(tmp_path)).dataset
    off = []
    for name in ("small", "large", "ring"):
        true, boxes = exact.read(name).boxes[:, 0], jittered.read(name).boxes[:, 0]
        ends = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        off.append((ends - np.concatenate([true[:, :2], true[:, :2] + true[:, 2:]], axis=1)) / np.tile(true[:, 2:], 2))
    np.testing.assert_array_equal(again.read("small").boxes, jittered.read("small").boxes)
    assert (other.read("small").boxes != jittered.read("small").boxes).any()
    assert 0.6 < np.std(off) / (percent / 100) < 1.4


def test_a_row_is_made_once_and_tells_what_it_took(conditions, tmp_path):
    conditions = dataclasses.replace(conditions, sequences=("small",))
    cost = make(variant("T3"), conditions, str(tmp_path / "T3"))
    assert cost["frames"] == 4 and cost["seconds"] > 0 and cost["threads"] >= 1 and cost["device"] == "cpu"
    assert 1e7 < cost["memory"] <= peak_memory()
    assert make(variant("T3"), conditions, str(tmp_path / "T3")) == {}
    assert make(variant("T3"), conditions, str(tmp_path / "T3"), overwrite=True)["frames"] == 4
    with pytest.raises(ValueError, match="holds masks of other settings: stride is 2 and was 1"):
        make(variant("T3"), dataclasses.replace(conditions, stride=2), str(tmp_path / "T3"))


def test_a_row_whose_sequences_fail_is_an_error(conditions, tmp_path, monkeypatch):
    def broken(self, image, box):
        raise ValueError("no eyes")

    monkeypatch.setattr("boxmask.evaluate.baselines.Baseline.view", broken)
    with pytest.raises(RuntimeError, match="box: DAVIS, sequence ring: .*no eyes"):
        make(variant("box"), conditions, str(tmp_path / "box"))


def test_rows_are_compared_sequence_by_sequence():
    j = {"a": {"x": 0.9, "y": 0.3}, WHOLE: {"x": 0.9, "y": 0.5}}
    rows = compare(reports_of(j), {WHOLE: {"seconds": 0.25, "memory": 3e8}}, WHOLE, draws=200, seed=0)
    assert rows["a"].gain.score("J mean") == pytest.approx(-0.1)
    low, high = rows["a"].gain_interval.low[1], rows["a"].gain_interval.high[1]
    assert (low, high) == pytest.approx((-0.2, 0))
    head, first, whole, note = format_table(rows).splitlines()
    assert head.split("  ")[0] == "" and "J - T9's" in head
    assert first.split() == ["a", "0.600", "0.300", "0.900", "-0.100", "-0.200", "+0.000", "0.600", "0.600", "-", "-"]
    assert whole.split() == ["T9", "0.700", "0.500", "0.900", "0.700", "0.700", "0.250", "300"]
    assert "200 bootstrap draws" in note
    lines = list(csv.DictReader(to_csv(rows).splitlines()))
    assert [(line["row"], line["sequence"], line["J_mean"]) for line in lines][:2] == [("a", "x", "0.900000"),
                                                                                      ("a", "y", "0.300000")]
    assert rows["a"].to_json()["more_than_T9"]["sequences"]["y"]["J_mean"] == pytest.approx(-0.2)


def test_one_sequence_has_no_intervals_and_a_plot_all_the_same(tmp_path):
    j = {each.name: {"x": 0.5 + place / 100} for place, each in enumerate(variants())}
    rows = compare(reports_of(j), {}, WHOLE, draws=10, seed=0)
    assert format_table(rows).splitlines()[1].split() == ["box", "0.500", "-", "-0.050", "-", *["0.500"] * 2, "-", "-"]
    path, = pictures.plot(tmp_path / "plot.png", variants(), rows)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("count", "names"), [(0, []), (1, ["best1_large", "worst1_ring"]),
                                              (5, ["best1_large", "best2_small", "worst1_ring"])])
def test_pictures_are_of_the_best_and_the_worst_and_of_none_twice(conditions, davis, tmp_path, count, names):
    make(variant("box"), conditions, str(tmp_path / "masks" / "box"))
    (davis / ANNOTATIONS / "large" / "._00000.png").write_bytes(b"Mac OS X")
    report = reports_of({"box": {"ring": 0.4, "small": 0.5, "large": 0.6}})["box"]
    found = list(pictures.best_and_worst(tmp_path, conditions.source.open()[1], davis, "box", report, count=count))
    assert [path.stem for path in found] == names
    assert all(path.is_file() for path in found)


def test_the_whole_command(davis, network, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--root", str(davis), "--split", "val", "--out", str(out), "--checkpoint", str(network), "--only",
                 "box", "T1", "--pictures", "1"]
    assert quality.main(arguments) == 0
    printed = capsys.readouterr().out
    assert f"SHA-256 {weights.checksum(network)}" in printed
    assert {path.name for path in out.iterdir()} == {
        "masks", "costs.json", "quality.txt", "quality.json", "quality.csv", "quality.png", "best1_large.png",
        "worst1_ring.png"}
    record = json.loads((out / "quality.json").read_text())
    assert record["conditions"]["sha256"] == weights.checksum(network)
    boxes = record["rows"]["box"]
    found = {name: scores["J_mean"] for name, scores in boxes["sequences"].items()}
    assert boxes["J_mean"] == pytest.approx(np.mean(list(found.values())))
    assert found["ring"] < found["large"] < np.pi / 4 + 0.05
    assert boxes["cost"]["frames"] == 12 and boxes["cost"]["memory"] < record["rows"]["T1"]["cost"]["memory"]
    assert len((out / "quality.csv").read_text().splitlines()) == 1 + 2 * 3
    assert read_record(OutFolder(out / "masks" / "T1")).settings.window == 1
    costs = (out / "costs.json").read_text()
    assert quality.main(arguments) == 0
    assert (out / "costs.json").read_text() == costs
