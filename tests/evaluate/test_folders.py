"""Folders of masks against folders of true masks: objects, protocols, and folders that do not fit together."""

import numpy as np
import pytest

from boxmask.cli import main
from boxmask.evaluate.folders import EvaluationError, evaluate_folders, measure_sequence
from boxmask.readers.davis import ANNOTATIONS


def label(*rows) -> np.ndarray:
    return np.array(rows, np.uint8)


FULL, HALF, NONE = label([1, 1], [1, 1]), label([1, 1], [0, 0]), label([0, 0], [0, 0])


def test_sequences_and_their_mean(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [FULL, FULL], "b": [HALF], "c": [FULL]})
    found = files.masks(tmp_path / "found", {"a": [FULL, HALF], "b": [NONE]})
    score = evaluate_folders(found, truth)
    assert [(row.sequence, row.scores[1], row.scores[2], row.frames) for row in score.sequences] == [
        ("a", 0.75, 0.5, 2), ("b", 0.0, 0.0, 1)]
    assert score.score("J mean") == pytest.approx(0.375) and score.score("J recall") == pytest.approx(0.25)


@pytest.mark.parametrize(("truth", "found", "expected"), [
    (label([1, 2, 2, 0]), label([1, 2, 0, 0]), 0.75),
    (label([1, 2, 2, 0]), label([2, 1, 1, 0]), 0.0),
    (label([1, 1, 255, 0]), label([1, 1, 1, 0]), 1.0),
    (label([255, 255, 0, 0]), label([1, 0, 0, 0]), 0.5),
    (label([255, 255, 0, 0]), label([255, 0, 0, 0]), 0.5),
    (label([1, 1, 0, 0]), label([255, 0, 0, 0]), 0.5),
    (label([0, 0, 0, 0]), label([0, 0, 0, 0]), 1.0),
    (label([0, 0, 0, 0]), label([0, 1, 0, 0]), 0.0),
], ids=["two objects", "swapped", "void", "truth 255", "both 255", "masks 255", "nothing", "something for nothing"])
def test_ids_and_void(files, tmp_path, truth, found, expected):
    score = evaluate_folders(files.masks(tmp_path / "found", {"a": [found]}),
                             files.masks(tmp_path / "truth", {"a": [truth]}))
    assert score.score("J mean") == pytest.approx(expected)


def test_an_object_that_is_gone_counts_in_every_frame(files, tmp_path):
    truth = [label([1, 2]), label([1, 0])]
    found = [label([1, 2]), label([1, 2])]
    truth_folder = files.masks(tmp_path / "truth", {"a": truth}) / "a"
    ids, regions, _ = measure_sequence("a", files.masks(tmp_path / "found", {"a": found}) / "a", truth_folder)
    assert ids == [1, 2]
    np.testing.assert_array_equal(regions, [[1, 1], [1, 0]])


def test_every_object_counts_the_same(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [label([1, 2, 2, 2])], "b": [label([1, 1])] * 3})
    found = files.masks(tmp_path / "found", {"a": [label([1, 2, 2, 2])], "b": [label([1, 0])] * 3})
    report = evaluate_folders(found, truth)
    assert [(row.sequence, row.object_id, row.scores[1]) for row in report.rows] == [
        ("a", 1, 1.0), ("a", 2, 1.0), ("b", 1, 0.5)]
    assert report.score("J mean") == pytest.approx(2.5 / 3)
    assert [row.scores[1] for row in report.sequences] == [1.0, 0.5]


def test_j_and_f_is_the_mean_of_both(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [files.label((10, 10, 20, 20))]})
    found = files.masks(tmp_path / "found", {"a": [files.label((10, 10, 20, 24))]})
    report = evaluate_folders(found, truth)
    assert report.score("J mean") == pytest.approx(20 / 24) and 0 < report.score("F mean") < 1
    assert report.score("J&F") == pytest.approx((report.score("J mean") + report.score("F mean")) / 2)


def test_without_the_ends(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [FULL] * 4})
    found = files.masks(tmp_path / "found", {"a": [FULL, HALF, FULL, NONE]})
    assert evaluate_folders(found, truth).score("J mean") == pytest.approx(0.625)
    report = evaluate_folders(found, truth, skip_ends=True)
    assert report.score("J mean") == pytest.approx(0.75) and report.frames == 2


def test_nothing_is_left_without_the_ends(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [FULL] * 2})
    with pytest.raises(EvaluationError, match="sequence a: .*truth/a has 2 true masks, and nothing is left"):
        evaluate_folders(truth, truth, skip_ends=True)


def test_an_object_of_the_first_frame_alone_counts_without_the_ends(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [label([1, 2]), label([1, 0]), label([1, 0])]})
    report = evaluate_folders(truth, truth, skip_ends=True)
    assert [row.object_id for row in report.rows] == [1, 2] and report.score("J mean") == 1.0


def test_a_davis_root_is_taken_for_its_masks(files, tmp_path):
    files.masks(tmp_path / "davis" / ANNOTATIONS, {"dog": [FULL, HALF]})
    assert evaluate_folders(tmp_path / "davis", tmp_path / "davis").score("J mean") == 1.0
    found = files.masks(tmp_path / "found", {"dog": [FULL, FULL]})
    assert evaluate_folders(found, tmp_path / "davis").score("J mean") == 0.75


def test_true_sequences_without_masks_are_told_of(files, tmp_path, caplog):
    truth = files.masks(tmp_path / "truth", {"a": [FULL], "b": [FULL], "c": [FULL]})
    found = files.masks(tmp_path / "found", {"b": [FULL]})
    assert [row.sequence for row in evaluate_folders(found, truth).rows] == ["b"]
    assert "no masks of 2 of the 3 sequences with true masks, the first is a" in caplog.text


def test_named_sequences_only(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [FULL]})
    found = files.masks(tmp_path / "found", {"a": [FULL], "z": [FULL]})
    with pytest.raises(EvaluationError, match="no true masks of sequence z.*--sequences"):
        evaluate_folders(found, truth)
    assert evaluate_folders(found, truth, ["a"]).score("J mean") == 1.0
    with pytest.raises(EvaluationError, match="found: no masks of sequence b"):
        evaluate_folders(found, truth, ["b"])


def test_missing_frames_are_named(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [FULL] * 3})
    found = files.masks(tmp_path / "found", {"a": [FULL]})
    with pytest.raises(EvaluationError, match=r"sequence a: .*found/a has no 00001\.png and 1 more"):
        evaluate_folders(found, truth)


def test_another_size_is_named(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [np.zeros((4, 6), np.uint8)]})
    found = files.masks(tmp_path / "found", {"a": [np.zeros((2, 3), np.uint8)]})
    with pytest.raises(EvaluationError, match=r"found/a/00000\.png: the mask is 3x2 and the true one 6x4"):
        evaluate_folders(found, truth)


def test_hidden_files_are_passed_over(files, tmp_path):
    """macOS puts ._00000.png beside 00000.png on disks of other systems."""
    truth = files.masks(tmp_path / "truth", {"a": [FULL]})
    found = files.masks(tmp_path / "found", {"a": [HALF]})
    for folder in (truth / "a", truth / "b", found / "b"):
        folder.mkdir(exist_ok=True)
        (folder / "._00000.png").write_bytes(b"Mac OS X")
    report = evaluate_folders(found, truth)
    assert [(row.sequence, row.frames, row.scores[1]) for row in report.rows] == [("a", 1, 0.5)]


@pytest.mark.parametrize(("truth", "found", "told"), [
    ([2, 2], [1, 1], "the object ids 1, and the truth 2"),
    ([1, 2], [3, 4], "the object ids 3, 4, and the truth 1, 2"),
    ([255, 255], [2, 2], "the object ids 2, and the truth 255"),
    ([1, 2], [2, 3], None), ([255, 255], [1, 0], None), ([1, 0], [255, 0], None), ([1, 0], [0, 1], None),
    ([1, 0], [0, 0], None), ([0, 0], [2, 0], None),
], ids=["other", "others", "truth 255", "one in common", "1 for 255", "255 for 1", "elsewhere", "nothing", "no truth"])
def test_ids_that_have_nothing_in_common_are_told_of(files, tmp_path, caplog, truth, found, told):
    none = label([0, 0])
    evaluate_folders(files.masks(tmp_path / "found", {"a": [none, label(found)]}),
                     files.masks(tmp_path / "truth", {"a": [label(truth), none]}))
    assert ("nothing is found" in caplog.text) is (told is not None)
    assert told is None or (f"sequence a, {tmp_path / 'found' / 'a'}: the masks show {told}" in caplog.text)


def test_folders_that_hold_no_masks(files, tmp_path):
    truth = files.masks(tmp_path / "truth", {"a": [FULL]})
    with pytest.raises(EvaluationError, match="nowhere: no such folder"):
        evaluate_folders(tmp_path / "nowhere", truth)
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvaluationError, match="empty: no masks in it"):
        evaluate_folders(tmp_path / "empty", truth)
    with pytest.raises(EvaluationError, match="or the folder above it"):
        evaluate_folders(truth / "a", truth)


def test_masks_by_the_command_line(files, tmp_path, capsys):
    label = files.label((10, 10, 20, 20))
    davis = tmp_path / "davis"
    files.masks(davis / "Annotations/480p", {"dog": [label] * 4, "cat": [label] * 3})
    files.frames(davis / "JPEGImages/480p/dog", 1)
    files.lines(davis / "ImageSets/2017/val.txt", ["dog"])
    found = files.masks(tmp_path / "found", {"cat": [label] * 3})
    arguments = ["evaluate", "masks", "--masks", str(found), "--truth", str(davis)]
    assert main([*arguments, "--split", "val"]) == 1
    assert "no masks of sequence dog" in capsys.readouterr().err
    files.masks(found, {"dog": [label] * 4})
    assert main([*arguments, "--split", "val", "--skip-ends"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == [
        "dog", "2", "1.000", "1.000", "1.000", "0.000", "1.000", "1.000", "0.000"]
    assert main([*arguments, "--draws", "7", "--seed", "5"]) == 0
    assert "7 bootstrap draws of the 2 sequences, seed 5" in capsys.readouterr().out
    assert main([*arguments, "--draws", "0"]) == 0
    assert "bootstrap" not in capsys.readouterr().out
    assert main([*arguments, "--csv", "-"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "sequence,object,frames,J&F,J_mean,J_recall,J_decay,F_mean,F_recall,F_decay",
        *(f"{name},1,{frames},1.000000,1.000000,1.000000,0.000000,1.000000,1.000000,0.000000"
          for name, frames in (("cat", 3), ("dog", 4)))]
