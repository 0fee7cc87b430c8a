"""`boxmask quality` and `boxmask export` as they are typed."""

import csv
import json

import pytest

from boxmask.cli import main
from boxmask.generate.outcomes import Outcome
from boxmask.generate.source import Source


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def three(out, label):
    """Sequences of a good, a bad and no mask."""
    out.add("good", [label(), label.empty()], scores=[.9, 0])
    out.add("bad", [label(), label()], scores=[.3, .5])
    out.add("none", [label.empty()], outcomes=[Outcome.BAD_IMAGE])
    return out.path


def test_quality_lists_the_worst_sequences_first(three, capsys):
    code, text, _ = run(capsys, "quality", three)
    lines = [line.split() for line in text.splitlines()]
    assert code == 0
    assert [line[0] for line in lines[1:5]] == ["bad", "good", "none", "all"]
    assert lines[1][:5] == ["bad", "2", "2", "0.400", "0.300"]
    assert lines[3][:4] == ["none", "1", "0", "-"]
    assert lines[4][:4] == ["all", "5", "3", "0.567"]  # the mean over masks, not over sequences
    assert "66.7 % below 0.6" in text


def test_a_sign_that_some_masks_lack_counts_by_those_that_have_it(out, label, capsys):
    out.add("a", [label(), label()], scores=[.9, .9]).add("b", [label()], scores=[.9])
    table = out.path / "a" / "quality.csv"
    head, first, second = table.read_text().splitlines()
    assert head.split(",")[6] == "neighbour_agreement"
    first = ",".join([*first.split(",")[:6], "", *first.split(",")[7:]])
    second = ",".join([*second.split(",")[:6], "0.3", *second.split(",")[7:]])
    table.write_text("\n".join([head, first, second, ""]))
    _, text, _ = run(capsys, "quality", out.path)
    assert text.splitlines()[3].split()[-2] == "0.600"  # of 0.3 and 0.9, one mask each


def test_quality_passes_over_folders_that_are_not_of_the_run(out, label, capsys, caplog):
    out.add("walk", [label()]).record(sequences=["walk"])
    (out.path / "lost+found").mkdir()
    assert run(capsys, "quality", out.path)[0] == 0
    assert "lost+found is passed over" in caplog.text


def test_quality_prints_as_many_as_told(three, capsys):
    _, text, _ = run(capsys, "quality", three, "--limit", 1)
    assert [line.split()[0] for line in text.splitlines()[1:4]] == ["bad", "...", "all"]
    assert "2 better ones" in text


def test_quality_writes_files(three, tmp_path, capsys):
    run(capsys, "quality", three, "--csv", tmp_path / "q.csv", "--json", tmp_path / "q.json")
    rows = list(csv.DictReader((tmp_path / "q.csv").open()))
    assert [row["sequence"] for row in rows] == ["bad", "good", "none"]
    assert rows[0]["score"] == "0.4" and rows[2]["score"] == ""
    content = json.loads((tmp_path / "q.json").read_text())
    assert content["all"]["masks"] == 3 and content["sequences"][2]["score"] is None
    assert content["below"]["0.4"] == pytest.approx(1 / 3)


def damage(path):
    (path / "bad" / "quality.csv").write_text("nonsense")


def remove(path):
    (path / "bad" / "manifest.json").unlink()


@pytest.mark.parametrize(("spoil", "says"), [(damage, "bad/quality.csv"), (remove, "bad/manifest.json")])
def test_quality_names_what_it_cannot_read(three, capsys, spoil, says):
    spoil(three)
    code, _, errors = run(capsys, "quality", three)
    assert code == 1 and says in errors


def test_quality_of_a_folder_without_masks_is_an_error(tmp_path, capsys):
    code, _, errors = run(capsys, "quality", tmp_path)
    assert code == 1 and "no sequences in it" in errors


@pytest.mark.parametrize(("layout", "file"), [("youtubevos", "meta.json"), ("coco", "."), ("zip", ".")])
def test_export_writes_each_layout(three, tmp_path, capsys, layout, file):
    target = tmp_path / "exported"
    code, text, _ = run(capsys, "export", three, "--to", layout, "--out", target)
    count = 2 if layout == "youtubevos" else 3  # "none" has no object
    assert code == 0 and text == f"{target}: {count} sequences\n" and (target / file).exists()


def test_frames_are_linked_where_the_dataset_is_now(out, label, tmp_path, capsys):
    out.add("walk", [label()])
    (out.videos / "walk" / "groundtruth.txt").write_text("4,6,8,8\n")
    out.record(Source("got10k", {"root": str(tmp_path / "before")}).to_json())
    command = ["export", out.path, "--to", "youtubevos", "--out", tmp_path / "x", "--link-frames"]
    code, _, errors = run(capsys, *command)
    assert code == 1 and "before" in errors and "if the dataset has moved, name with --root where it is" in errors
    assert run(capsys, *command, "--root", out.videos)[0] == 0
    assert (tmp_path / "x/JPEGImages/walk/00000001.jpg").resolve() == out.videos / "walk/00000001.jpg"


def test_a_place_of_frames_goes_with_frames_alone(three, tmp_path, capsys):
    code, _, errors = run(capsys, "export", three, "--to", "youtubevos", "--out", tmp_path / "x", "--root", tmp_path)
    assert code == 2 and "--link-frames" in errors and not (tmp_path / "x").exists()


def test_frames_go_with_youtubevos_alone(three, tmp_path, capsys):
    code, _, errors = run(capsys, "export", three, "--to", "zip", "--out", tmp_path / "x", "--link-frames")
    assert code == 2 and "--to youtubevos" in errors and not (tmp_path / "x").exists()
