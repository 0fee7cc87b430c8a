"""The comparison of VOS runs that differ in their data: what differs, and what is made of the scores."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import weak_supervision
from benchmarks.comparison import Bootstrap, Scores, format_scores
from benchmarks.weak_supervision import Bench, Plan, StepError
from boxmask.evaluate.folders import COLUMNS
from boxmask.evaluate.report import Report, Row

NAMES = ("bear", "camel", "dog", "goat")


def report(values):
    """A report of one score for all columns per sequence."""
    return Report(COLUMNS, tuple(Row(name, 1, 10, np.full(len(COLUMNS), value), np.ones(len(COLUMNS)))
                                 for name, value in zip(NAMES, values, strict=True)))


@pytest.fixture
def scores():
    made = Scores(masks=report([0.9, 0.8, 0.9, 0.8]))
    for run, level in (("A", 0.5), ("B", 0.58), ("C", 0.6)):
        for noise in (-0.001, 0.0, 0.001):
            made.add(run, "mask", report(level + noise + np.array([0.1, 0.0, -0.1, 0.2])))
    return made


def bench(folder, **changes):
    plan = {"davis": "DAVIS", "stills": "STILLS", "box_minutes": 1, "box_checkpoint": None, "epochs": 2,
            "samples_per_epoch": 8}
    return Bench(Plan(**plan | changes), folder, jobs=1)


def test_the_share_of_the_gap_is_told_where_the_gap_is_sure(scores):
    text = format_scores(scores)
    assert "Recovered by B, from a mask: (B - A) / (C - A) = 80%" in text
    assert "Generated masks: J 0.850, F 0.850, on 4 sequences" in text
    assert "C - A, from a mask  +0.100" in text


def test_a_gap_that_may_be_none_is_told_as_such(scores):
    for noise in (-0.3, 0.0, 0.3):
        scores.add("C", "box", report(0.6 + noise + np.zeros(4)))
        scores.add("A", "box", report(0.6 + noise + np.zeros(4)))
        scores.add("B", "box", report(0.6 + np.zeros(4)))
    lines = [line for line in format_scores(scores).splitlines() if line.startswith("Recovered by B, from a box")]
    assert len(lines) == 1
    assert "of the draws alone" in lines[0]


def test_sequences_are_drawn_alike_for_all_runs(scores):
    bootstrap = Bootstrap(scores, draws=500)
    difference = bootstrap.mean("C", "mask") - bootstrap.mean("A", "mask")
    # What differs between sequences is the same in both runs, and only the seeds' noise is left.
    assert np.allclose(difference, 0.1, atol=0.0021)
    assert bootstrap.mean("A", "mask").std() > 0.02


def test_all_that_was_measured_is_in_the_json(scores):
    stored = json.loads(json.dumps(scores.to_json()))
    assert len(stored["runs"]["B, started by a mask"]) == 3
    assert stored["runs"]["C, started by a mask"][1]["sequences"]["bear"]["J&F"] == pytest.approx(0.7)


def test_runs_differ_in_their_data_alone_and_draw_every_sequence_alike(tmp_path):
    chosen = {run: dict(word.split("=") for word in weak_supervision._data(bench(tmp_path), run, 2, 4, tmp_path))
              for run in ("A", "B", "C", "B-edge")}
    assert float(chosen["A"]["davis_share"]) == float(chosen["C"]["davis_share"])
    assert float(chosen["B"]["davis_share"]) + float(chosen["B"]["frames_share"]) == pytest.approx(
        float(chosen["A"]["davis_share"]))
    assert float(chosen["B"]["davis_share"]) / 2 == pytest.approx(float(chosen["B"]["frames_share"]) / 4)
    assert chosen["A"]["davis_list"] == chosen["B"]["davis_list"]
    assert "davis_list" not in chosen["C"]
    assert chosen["B-edge"] == {**chosen["B"], "edge_band": "3"}


def test_a_folder_keeps_runs_of_one_plan_alone(tmp_path):
    weak_supervision._need_same_plan(bench(tmp_path))
    weak_supervision._need_same_plan(bench(tmp_path))
    with pytest.raises(ValueError, match=r"epochs=2; name another folder with --out"):
        weak_supervision._need_same_plan(bench(tmp_path, epochs=3))


def test_a_step_that_fails_names_its_log(tmp_path):
    with pytest.raises(StepError, match=r"exit code 3; see .*A-0\.log"):
        bench(tmp_path).run("A-0", ["-c", "import os, sys; print(os.environ['BOXMASK_SET']); sys.exit(3)"],
                            choices=["seed=0", "davis_list=with space"])
    assert (tmp_path / "A-0.log").read_text() == "seed=0 'davis_list=with space'\n"


def test_a_training_without_a_checkpoint_is_an_error(tmp_path):
    with pytest.raises(StepError, match="no checkpoint"):
        weak_supervision._last_checkpoint(tmp_path)
