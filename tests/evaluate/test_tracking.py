"""Boxes against true boxes: the rules of GOT-10k and LaSOT on hand-made cases, and results that do not fit."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from boxmask.cli import main
from boxmask.evaluate.folders import EvaluationError
from boxmask.evaluate.overlaps import centre_error, overlap
from boxmask.evaluate.tracking import evaluate_tracking
from boxmask.evaluate.tracking_rules import got10k_totals, lasot_totals
from boxmask.readers import got10k as got10k_reader
from boxmask.readers import lasot as lasot_reader
from boxmask.readers import tracking_folders

NONE = [np.nan] * 4
BOX = [10.0, 10.0, 20.0, 20.0]
HALF = [10.0, 10.0, 20.0, 10.0]  # overlap .5 with BOX, centre 5 pixels or .25 heights from it
THREE_QUARTERS = [10.0, 10.0, 20.0, 16.0]  # overlap .8, centre 2 pixels or .1 heights
AWAY = [40.0, 30.0, 10.0, 10.0]  # overlap 0, centre (25, 15) pixels
SIZE = (64, 48)


@pytest.mark.parametrize(("box", "truth", "expected"), [
    (BOX, BOX, 1.0), (HALF, BOX, 0.5), (THREE_QUARTERS, BOX, 0.8), (AWAY, BOX, 0.0), (NONE, BOX, 0.0), (BOX, NONE, 0.0),
    ([10, 10, 0, 0], [10, 10, 0, 0], 0.0), ([20, 20, 20, 20], BOX, 100 / 700),
])
def test_overlap_is_intersection_over_union(box, truth, expected):
    assert overlap(np.array([box], float), np.array([truth], float)) == pytest.approx([expected])


@given(arrays(float, (5, 4), elements=st.floats(0, 1000)), arrays(float, (5, 4), elements=st.floats(0, 1000)))
def test_overlaps_are_symmetric_and_at_most_one(first, second):
    assert (overlap(first, first) <= 1).all() and (overlap(first, second) >= 0).all()
    np.testing.assert_array_equal(overlap(first, second), overlap(second, first))


def test_centre_errors():
    boxes, truth = np.array([HALF, AWAY, NONE, BOX]), np.array([BOX, BOX, BOX, NONE])
    np.testing.assert_allclose(centre_error(boxes, truth), [5, np.hypot(25, 15), np.inf, np.inf])
    np.testing.assert_allclose(centre_error(boxes, truth, normalised=True),
                               [0.25, np.hypot(1.25, 0.75), np.inf, np.inf])


@pytest.mark.parametrize(("boxes", "truth", "sums", "frames"), [
    ([AWAY, BOX], [BOX, BOX], [1, 1, 1], 1),
    ([BOX, HALF, THREE_QUARTERS], [BOX] * 3, [1.3, 1, 1], 2),
    ([BOX, BOX, AWAY], [BOX, BOX, NONE], [1, 1, 1], 1),
    ([BOX, NONE], [BOX, BOX], [0, 0, 0], 1),
    ([BOX, [10, 10, -5, 20]], [BOX, BOX], [0, 0, 0], 1),
    # The image ends at 64: of both boxes 4 columns are left.
    ([BOX, [60, 10, 20, 20]], [BOX, [60, 10, 40, 20]], [1, 1, 1], 1),
    # The toolkit moves a corner left of the image to its border and leaves the width.
    ([BOX, [-10, 0, 20, 10]], [BOX, [0, 0, 20, 10]], [1, 1, 1], 1),
    ([BOX], [BOX], [0, 0, 0], 0),
], ids=["first frame", "above the threshold", "absent", "no box", "negative", "right border", "left border", "alone"])
def test_rules_of_got10k(boxes, truth, sums, frames):
    totals, weights = got10k_totals(np.array(boxes, float), np.array(truth, float), SIZE)
    assert totals == pytest.approx(sums) and (weights == frames).all()


@pytest.mark.parametrize(("boxes", "truth", "expected"), [
    # An overlap of 1 is above 20 of the 21 thresholds, .5 above 10, .8 above 16.
    ([BOX, BOX], [BOX, BOX], (20 / 21, 1, 1)),
    ([AWAY, HALF], [BOX, BOX], (30 / 42, 1, 0.5)),
    ([BOX, THREE_QUARTERS], [BOX, BOX], (36 / 42, 1, 1)),
    ([BOX, AWAY], [BOX, BOX], (20 / 42, 0.5, 0.5)),
    ([BOX, BOX], [BOX, NONE], (20 / 42, 0.5, 0.5)),
    ([BOX, BOX, NONE], [BOX] * 3, (20 / 21, 1, 1)),
    ([AWAY, [0, 0, 0, 0]], [BOX, BOX], (20 / 42, 0.5, 0.5)),
    ([NONE, NONE], [BOX, BOX], (20 / 42, 0.5, 0.5)),
    ([BOX, BOX], [NONE, BOX], (20 / 42, 0.5, 0.5)),
], ids=["all right", "first frame is given", "above", "lost", "absent is missed", "last box stays",
        "its own last box stays", "never a box", "absent at first"])
def test_rules_of_lasot(boxes, truth, expected):
    shares, weights = lasot_totals(np.array(boxes, float), np.array(truth, float))
    assert shares == pytest.approx(expected) and (weights == 1).all()


def line(box, separator="\t"):
    return separator.join(f"{value:g}" for value in box)


@pytest.mark.parametrize("separator", ["\t", ",", " "])
def test_result_files_on_got10k(files, got10k, tmp_path, separator):
    got10k("A", ["10,10,20,20"] * 4, cover=[8, 8, 0, 8])
    root = got10k("B", ["10,10,20,20"] * 2)
    results = tmp_path / "results"
    files.lines(results / "A.txt", [line(box, separator) for box in (BOX, HALF, AWAY, BOX)])
    files.lines(results / "B.txt", [line(box, separator) for box in (BOX, AWAY)])
    report = evaluate_tracking(got10k_reader.open_dataset(root), results)
    # Three frames count for GOT-10k: .5 and 1 of A, 0 of B. For LaSOT A has a missed frame and B one of two.
    assert report.score("AO") == pytest.approx(0.5) and report.score("SR.50") == pytest.approx(1 / 3)
    assert report.score("AUC") == pytest.approx((50 / 84 + 20 / 42) / 2)
    assert report.score("P") == pytest.approx((0.75 + 0.5) / 2)
    assert [(row.sequence, row.frames) for row in report.rows] == [("A", 4), ("B", 2)]
    assert [row.sequence for row in evaluate_tracking(got10k_reader.open_dataset(root), results, ["B"]).rows] == ["B"]


def test_tight_boxes_of_masks(files, got10k, tmp_path):
    root = got10k("A", ["10,10,20,20"] * 3)
    masks = tmp_path / "masks"
    labels = [files.label((10, 10, 20, 20)), files.label((10, 10, 20, 16)) * 255, files.label()]
    for number, label in enumerate(labels, start=1):
        files.masks(tmp_path / str(number), {"A": [label]})
        (masks / "A").mkdir(parents=True, exist_ok=True)
        (tmp_path / str(number) / "A" / "00000.png").rename(masks / "A" / f"{number:08d}.png")
    report = evaluate_tracking(got10k_reader.open_dataset(root), masks, are_masks=True)
    assert report.score("AO") == pytest.approx(0.4) and report.score("SR.75") == 0.5
    assert report.score("AUC") == pytest.approx((20 + 16 + 16) / 63)


def lasot(files, root, boxes, occluded):
    folder = root / "cat" / "cat-1"
    files.frames(folder / "img", len(boxes))
    files.lines(folder / "groundtruth.txt", boxes)
    files.lines(folder / "full_occlusion.txt", [",".join(map(str, occluded))])
    files.lines(folder / "out_of_view.txt", [",".join("0" * len(boxes))])
    return root


def test_lasot_every_frame_by_default_and_chosen_frames(files, tmp_path):
    root = lasot(files, tmp_path / "lasot", ["10,10,20,20"] * 7, [0, 1, 0, 0, 0, 0, 0])
    results = tmp_path / "results"
    files.lines(results / "cat-1.txt", [line(BOX)] * 3 + [line(AWAY)] * 4)
    out = tmp_path / "scores.json"
    arguments = ["evaluate", "boxes", "lasot", "--root", str(root), "--results", str(results), "--json", str(out)]
    assert main(arguments) == 0
    scores = json.loads(out.read_text())
    assert scores["P"] == pytest.approx(2 / 7) and scores["AO"] == pytest.approx(1 / 5)
    assert scores["sequences"]["cat-1"]["frames"] == 7
    assert main([*arguments, "--first", "6", "--every", "2"]) == 0
    scores = json.loads(out.read_text())
    assert scores["P"] == pytest.approx(2 / 3) and scores["AO"] == pytest.approx(1 / 2)


def test_each_of_several_objects_has_its_file(files, tmp_path):
    folder = tmp_path / "otb" / "Jogging"
    files.frames(folder / "img", 2, digits=4)
    files.lines(folder / "groundtruth_rect.1.txt", [line(BOX)] * 2)
    files.lines(folder / "groundtruth_rect.2.txt", [line(AWAY)] * 2)
    results = tmp_path / "results"
    files.lines(results / "Jogging_1.txt", [line(BOX)] * 2)
    dataset = tracking_folders.open_dataset(tmp_path / "otb")
    with pytest.raises(EvaluationError, match=r"sequence Jogging, .*Jogging_2\.txt: there is no such result file"):
        evaluate_tracking(dataset, results)
    files.lines(results / "Jogging_2.txt", [line(AWAY), line(BOX)])
    report = evaluate_tracking(dataset, results)
    assert [(row.object_id, row.scores[0]) for row in report.rows] == [(1, 1.0), (2, 0.0)]
    assert report.score("AO") == 0.5 and report.frames == 2


@pytest.mark.parametrize(("content", "message"), [
    (None, r"sequence A, .*results/A\.txt: there is no such result file; run the tracker"),
    (["10,10,20,20"], r"results/A\.txt: 1 boxes for 2 frames"),
    (["10,10,20,20"] * 3, r"results/A\.txt: 3 boxes for 2 frames"),
    (["10,10,20,20", "10,10,20"], r"results/A\.txt, line 2: '10,10,20' is not a box"),
    (["10,10,20,20", "lost"], r"results/A\.txt, line 2: 'lost' is not a box"),
], ids=["missing", "short", "long", "three numbers", "a word"])
def test_result_files_that_do_not_fit_are_named(files, got10k, tmp_path, content, message):
    root = got10k("A", ["10,10,20,20"] * 2)
    (tmp_path / "results").mkdir()
    if content is not None:
        files.lines(tmp_path / "results" / "A.txt", content)
    with pytest.raises(EvaluationError, match=message):
        evaluate_tracking(got10k_reader.open_dataset(root), tmp_path / "results")


def test_masks_that_do_not_fit_are_named(files, got10k, tmp_path):
    root = got10k("A", ["10,10,20,20"] * 2)
    dataset = got10k_reader.open_dataset(root)
    masks = tmp_path / "masks"
    with pytest.raises(EvaluationError, match="masks: no such folder; expected the results of GOT-10k"):
        evaluate_tracking(dataset, masks, are_masks=True)
    files.masks(masks, {"A": [files.label()]})
    with pytest.raises(EvaluationError, match=r"frame 00000001, .*masks/A/00000001\.png: there is no such mask"):
        evaluate_tracking(dataset, masks, are_masks=True)
    (masks / "A" / "00000.png").rename(masks / "A" / "00000001.png")
    files.masks(masks, {"A": [np.zeros((24, 32), np.uint8)]})
    (masks / "A" / "00000.png").rename(masks / "A" / "00000002.png")
    with pytest.raises(EvaluationError, match=r"A/00000002\.png: the mask is 32x24 and the image 64x48"):
        evaluate_tracking(dataset, masks, are_masks=True)


def test_sequences_that_cannot_be_measured_are_named(files, got10k, tmp_path):
    root = got10k("A", ["10,10,20,20"] * 2, cover=[0, 0])
    files.lines(tmp_path / "results" / "A.txt", ["10,10,20,20"] * 2)
    with pytest.raises(EvaluationError, match="sequence A: the target is visible in none of the 2 frames"):
        evaluate_tracking(got10k_reader.open_dataset(root), tmp_path / "results")
    with pytest.raises(EvaluationError, match="there is no sequence B; it has 1, the first is A"):
        evaluate_tracking(got10k_reader.open_dataset(root), tmp_path / "results", ["B"])


def test_lasot_splits_alone(files, got10k, tmp_path, capsys):
    root = got10k("A", ["10,10,20,20"] * 2)
    arguments = ["evaluate", "boxes", "got10k", "--root", str(root), "--results", str(tmp_path), "--split", "test"]
    assert main(arguments) == 2
    assert "--split is for lasot" in capsys.readouterr().err
    lasot(files, tmp_path / "lasot", ["10,10,20,20"] * 2, [0, 0])
    files.lines(tmp_path / "lasot" / lasot_reader.SPLITS["test"], ["cat-1"])
    files.lines(tmp_path / "results" / "cat-1.txt", [line(BOX)] * 2)
    assert main(["evaluate", "boxes", "lasot", "--root", str(tmp_path / "lasot"), "--results",
                 str(tmp_path / "results"), "--split", "test", "--csv", str(tmp_path / "scores.csv")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["cat-1", "2", "1.000", "1.000", "1.000", "0.952", "1.000", "1.000"]
    assert (tmp_path / "scores.csv").read_text().splitlines()[0] == "sequence,object,frames,AO,SR.50,SR.75,AUC,P,P_norm"
