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
    (["10,10,20,20", "10,10,20"], r"results/A\.txt, line 2: '10,10,20' is not a box"),
    (["10,10,20,20", "lost"], r"results/A\.txt, line 2: 'lost' is not a box"),
], ids=["missing", "short", "three numbers", "a word"])
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


def test_lines_beyond_the_annotation_do_not_count_and_a_warning_tells(files, tmp_path, caplog):
    root = lasot(files, tmp_path / "lasot", [line(BOX, ",")] * 3, [0, 0, 0])
    dataset = lasot_reader.open_dataset(root, first=None, every=1)
    files.lines(tmp_path / "results" / "cat-1.txt", [line(BOX)] * 3 + ["lost"])
    report = evaluate_tracking(dataset, tmp_path / "results")
    assert report.score("AO") == 1.0 and report.frames == 3
    assert "cat-1.txt: 4 boxes for 3 annotated frames; the last 1 do not count" in caplog.text


def test_frames_without_an_annotation_line_do_not_count(files, tmp_path, caplog):
    root = lasot(files, tmp_path / "lasot", [line(BOX, ",")] * 3, [0, 0, 0, 0, 1])
    files.frames(root / "cat" / "cat-1" / "img", 5)
    dataset = lasot_reader.open_dataset(root, first=None, every=1)
    results = files.lines(tmp_path / "results" / "cat-1.txt", [line(BOX)] * 3).parent
    report = evaluate_tracking(dataset, results)
    assert report.score("P") == 1.0 and report.frames == 3
    assert "boxes for" not in caplog.text
    files.lines(results / "cat-1.txt", [line(BOX)] * 2)
    with pytest.raises(EvaluationError, match="2 boxes for 3 frames"):
        evaluate_tracking(dataset, results)
    masks = files.masks(tmp_path / "masks", {"cat-1": [files.label((10, 10, 20, 20))] * 3}) / "cat-1"
    for number in (3, 2, 1):
        (masks / f"{number - 1:05d}.png").rename(masks / f"{number:08d}.png")
    assert evaluate_tracking(dataset, tmp_path / "masks", are_masks=True).frames == 3


def test_objects_count_up_to_their_own_last_line(files, tmp_path):
    folder = tmp_path / "otb" / "Skating2"
    files.frames(folder / "img", 4, digits=4)
    files.lines(folder / "groundtruth_rect.1.txt", [line(BOX)] * 4)
    files.lines(folder / "groundtruth_rect.2.txt", [line(AWAY)] * 2)
    files.lines(tmp_path / "results" / "Skating2_1.txt", [line(BOX)] * 4)
    files.lines(tmp_path / "results" / "Skating2_2.txt", [line(AWAY)] * 2)
    report = evaluate_tracking(tracking_folders.open_dataset(tmp_path / "otb"), tmp_path / "results")
    assert [(row.object_id, row.frames, row.scores[4]) for row in report.rows] == [(1, 4, 1.0), (2, 2, 1.0)]
    assert report.frames == 4


@pytest.fixture
def otb(files, tmp_path):
    """make(name, annotation, lines, images) -> root: adds a sequence to an OTB folder, its boxes all different."""
    def make(name, annotation, lines, images):
        files.frames(tmp_path / "otb" / name / "img", images, digits=4)
        files.lines(tmp_path / "otb" / name / annotation, [f"{10 + number},10,6,6" for number in range(lines)])
        return tmp_path / "otb"

    return make


def test_results_of_the_host_on_otb(files, otb, tmp_path, monkeypatch, caplog):
    """Names and numbers of frames are those that its own list of the sequences has."""
    otb("Human4", "groundtruth_rect.2.txt", 4, 4)
    otb("Tiger1", "groundtruth_rect.txt", 9, 9)
    root = otb("Diving", "groundtruth_rect.txt", 3, 5)
    otb("David", "groundtruth_rect.txt", 2, 301)
    results = tmp_path / "results"
    for name, boxes in _tracked_by_the_host(root, monkeypatch).items():
        files.lines(results / f"{name}.txt", [line(box) for box in boxes])
    assert {path.stem for path in results.iterdir()} == {"Human4_2", "Tiger1", "Diving", "David"}
    report = evaluate_tracking(tracking_folders.open_dataset(root), results)
    assert {row.sequence: row.frames for row in report.rows} == {"David": 2, "Diving": 3, "Human4": 4, "Tiger1": 4}
    assert report.score("AO") == 1.0 and not caplog.records


def _tracked_by_the_host(root, monkeypatch):
    """{name: boxes} of the sequences; pytracking's own list has all of OTB, of which most are not there."""
    from pytracking.evaluation.environment import env_settings
    from pytracking.evaluation.otbdataset import OTBDataset

    settings = env_settings()
    settings.otb_path = str(root)
    monkeypatch.setattr("pytracking.evaluation.data.env_settings", lambda: settings)
    dataset = OTBDataset()
    if hasattr(dataset, "sequence_info_list"):
        dataset.sequence_info_list = [info for info in dataset.sequence_info_list
                                      if (root / info["anno_path"]).is_file()]
    return {sequence.name: sequence.ground_truth_rect for sequence in dataset.get_sequence_list()}


def test_masks_of_otb_are_wanted_of_the_frames_that_count(files, otb, tmp_path):
    root = otb("Tiger1", "groundtruth_rect.txt", 9, 9)
    folder = tmp_path / "masks" / "Tiger1"
    for number in (7, 9):
        files.masks(tmp_path / str(number), {"Tiger1": [files.label((9 + number, 10, 6, 6))]})
        folder.mkdir(parents=True, exist_ok=True)
        (tmp_path / str(number) / "Tiger1" / "00000.png").rename(folder / f"{number:04d}.png")
    report = evaluate_tracking(tracking_folders.open_dataset(root), tmp_path / "masks", are_masks=True, every=2)
    assert report.score("AO") == 1.0 and report.frames == 2


def test_a_result_on_all_frames_of_tiger1_loses_those_that_the_benchmark_leaves_out(files, otb, tmp_path, caplog):
    root = otb("Tiger1", "groundtruth_rect.txt", 9, 9)
    results = files.lines(tmp_path / "results" / "Tiger1.txt", [f"{10 + number},10,6,6" for number in range(10)]).parent
    report = evaluate_tracking(tracking_folders.open_dataset(root), results)
    assert report.score("AO") == 1.0 and report.frames == 4
    assert "10 boxes for 9 annotated frames; the last 1 do not count" in caplog.text
    files.lines(results / "Tiger1.txt", ["1,1,6,6"] * 8 + ["lost"])
    with pytest.raises(EvaluationError, match="line 9: 'lost'"):
        evaluate_tracking(tracking_folders.open_dataset(root), results)


def test_the_names_of_otb_are_for_otb_alone(files, otb, got10k, tmp_path):
    results = files.lines(tmp_path / "results" / "Human4.txt", ["10,10,6,6", "11,10,6,6"]).parent
    root = otb("Human4", "groundtruth_rect.txt", 2, 2)
    assert evaluate_tracking(tracking_folders.open_dataset(root), results).score("AO") == 1.0
    (results / "Human4.txt").rename(results / "Human4_2.txt")
    assert evaluate_tracking(tracking_folders.open_dataset(root), results).score("AO") == 1.0
    root = got10k("Human4", ["10,10,6,6", "11,10,6,6"])
    with pytest.raises(EvaluationError, match=r"Human4\.txt: there is no such result file"):
        evaluate_tracking(got10k_reader.open_dataset(root), results)
    files.lines(results / "Tiger1.txt", ["10,10,6,6"] * 6)
    root = got10k("Tiger1", ["10,10,6,6"] * 6)
    assert evaluate_tracking(got10k_reader.open_dataset(root), results, ["Tiger1"]).frames == 6


def test_a_sequence_without_a_visible_target_does_not_count(files, got10k, tmp_path, caplog, capsys):
    got10k("A", ["10,10,20,20"] * 2, cover=[0, 0])
    got10k("B", ["10,10,20,20"] * 2)
    root = got10k("C", ["10,10,20,20"] * 2)
    results = tmp_path / "results"
    files.lines(results / "B.txt", [line(BOX)] * 2)
    files.lines(results / "C.txt", [line(BOX), line(AWAY)])
    arguments = ["evaluate", "boxes", "got10k", "--root", str(root), "--results", str(results)]
    assert main([*arguments, "--json", str(tmp_path / "a.json"), "--csv", str(tmp_path / "a.csv")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["A", "0", *"------"] and printed[4].split()[:3] == ["all", "4", "0.500"]
    assert "draws of the 2 sequences" in printed[-1]
    assert "sequence A: the target is visible in none of the frames; it does not count" in caplog.text
    scores = json.loads((tmp_path / "a.json").read_text())
    assert scores["AO"] == 0.5 and scores["sequences"]["A"]["AO"] is None and scores["sequences"]["A"]["AUC"] is None
    assert scores["intervals"]["AO"] == [0.0, 1.0]
    assert (tmp_path / "a.csv").read_text().splitlines()[1] == "A,1,0,,,,,,"
    assert main([*arguments, "--sequences", "A", "B"]) == 0
    assert "draws" not in capsys.readouterr().out


def test_an_object_that_is_never_visible_does_not_count(files, tmp_path, caplog):
    folder = tmp_path / "otb" / "Jogging"
    files.frames(folder / "img", 2, digits=4)
    files.lines(folder / "groundtruth_rect.1.txt", [line(BOX)] * 2)
    files.lines(folder / "groundtruth_rect.2.txt", ["0,0,0,0"] * 2)
    for number in (1, 2):
        files.lines(tmp_path / "results" / f"Jogging_{number}.txt", [line(BOX)] * 2)
    report = evaluate_tracking(tracking_folders.open_dataset(tmp_path / "otb"), tmp_path / "results")
    assert report.score("P") == 1.0 and report.frames == 2
    assert [row.is_measured for row in report.rows] == [True, False]
    assert "sequence Jogging, object 2: the target is visible in none of the frames" in caplog.text


def test_nothing_to_measure_at_all_is_an_error(files, got10k, tmp_path):
    root = got10k("A", ["10,10,20,20"] * 2, cover=[0, 0])
    files.lines(tmp_path / "results" / "A.txt", ["10,10,20,20"] * 2)
    with pytest.raises(EvaluationError, match="visible in no frame of the 1 sequences, the first is A, so that there"):
        evaluate_tracking(got10k_reader.open_dataset(root), tmp_path / "results")
    with pytest.raises(EvaluationError, match="there is no sequence B; it has 1, the first is A"):
        evaluate_tracking(got10k_reader.open_dataset(root), tmp_path / "results", ["B"])


def test_the_size_is_that_of_the_first_frame_that_can_be_read(files, got10k, tmp_path):
    root = got10k("A", ["50,10,20,20"] * 3)
    dataset = got10k_reader.open_dataset(root)
    (root / "A" / "00000001.jpg").write_bytes(b"no image")
    results = files.lines(tmp_path / "results" / "A.txt", ["50,10,30,20"] * 3).parent
    assert evaluate_tracking(dataset, results).score("AO") == 1.0  # both boxes are cut at 64
    for number in (2, 3):
        (root / "A" / f"{number:08d}.jpg").unlink()
    with pytest.raises(EvaluationError, match="no image of a frame with a box can be read.*first is 00000001: .*not"):
        evaluate_tracking(dataset, results)


def test_a_mask_is_measured_where_its_image_cannot_be_read(files, got10k, tmp_path):
    root = got10k("A", ["10,10,20,20"] * 2)
    (root / "A" / "00000001.jpg").write_bytes(b"no image")
    masks = files.masks(tmp_path / "masks", {"A": [files.label((10, 10, 20, 20))] * 2}) / "A"
    for number in (2, 1):
        (masks / f"{number - 1:05d}.png").rename(masks / f"{number:08d}.png")
    assert evaluate_tracking(got10k_reader.open_dataset(root), masks.parent, are_masks=True).score("AO") == 1.0


@pytest.mark.parametrize(("label", "is_told"), [(2, True), (1, False), (255, False), (0, False)])
def test_masks_of_other_ids_than_the_objects_are_told_of(files, got10k, tmp_path, caplog, label, is_told):
    root = got10k("A", ["10,10,20,20"])
    masks = files.masks(tmp_path / "masks", {"A": [files.label((10, 10, 20, 20)) * label]}) / "A"
    (masks / "00000.png").rename(masks / "00000001.png")
    evaluate_tracking(got10k_reader.open_dataset(root), masks.parent, are_masks=True)
    assert ("sequence A, " in caplog.text) is is_told
    assert ("show the object ids 2, and the truth 1: nothing is found" in caplog.text) is is_told


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
