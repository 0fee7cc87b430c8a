"""J against masks made by hand, and folders that do not fit together."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from boxmask.evaluate.folders import EvaluationError, evaluate_folders
from boxmask.evaluate.jaccard import Score, SequenceScore, jaccard
from boxmask.evaluate.table import format_comparison, format_score


def label(*rows) -> np.ndarray:
    return np.array(rows, np.uint8)


FULL, HALF, NONE = label([1, 1], [1, 1]), label([1, 1], [0, 0]), label([0, 0], [0, 0])


@pytest.mark.parametrize(("mask", "truth", "expected"), [
    ([1, 1, 0, 0], [1, 1, 0, 0], 1.0),
    ([1, 1, 0, 0], [0, 0, 1, 1], 0.0),
    ([1, 1, 0, 0], [0, 1, 1, 0], 1 / 3),
    ([1, 1, 1, 1], [1, 0, 0, 0], 0.25),
    ([0, 0, 0, 0], [0, 0, 0, 0], 1.0),
    ([1, 0, 0, 0], [0, 0, 0, 0], 0.0),
    ([0, 0, 0, 0], [1, 0, 0, 0], 0.0),
])
def test_j_is_intersection_over_union(mask, truth, expected):
    assert jaccard(np.array([mask], bool), np.array([truth], bool)) == pytest.approx(expected)


def test_void_pixels_count_for_neither():
    mask, truth, void = (np.array([row], bool) for row in ([1, 1, 1, 0], [1, 0, 0, 1], [0, 1, 1, 1]))
    assert jaccard(mask, truth, void) == 1.0
    assert jaccard(mask, truth, np.ones((1, 4), bool)) == 1.0


@given(arrays(bool, (2, 6, 7)))
def test_j_is_symmetric_and_between_zero_and_one(pair):
    value = jaccard(pair[0], pair[1])
    assert 0 <= value <= 1
    assert value == jaccard(pair[1], pair[0])
    assert jaccard(pair[0], pair[0]) == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_every_object_counts_the_same(first, second):
    score = Score((SequenceScore("a", np.array([first, first])), SequenceScore("b", np.array([second]))))
    assert score.mean == pytest.approx((2 * np.mean(first) + np.mean(second)) / 3)


def write(files, root, sequences):
    for name, labels in sequences.items():
        for index, each in enumerate(labels):
            files.labels(root / name / f"{index:05d}.png", each)
    return root


def test_sequences_and_their_mean(files, tmp_path):
    truth = write(files, tmp_path / "truth", {"a": [FULL, FULL], "b": [HALF], "c": [FULL]})
    found = write(files, tmp_path / "found", {"a": [FULL, HALF], "b": [NONE]})
    score = evaluate_folders(found, truth)
    assert [(each.name, each.mean, each.recall, each.frames) for each in score.sequences] == [
        ("a", 0.75, 0.5, 2), ("b", 0.0, 0.0, 1)]
    assert score.mean == pytest.approx(0.375) and score.recall == pytest.approx(0.25)
    assert json.loads(json.dumps(score.to_json())) == {
        "J_mean": 0.375, "J_recall": 0.25, "sequences": {"a": {"J_mean": 0.75, "J_recall": 0.5, "frames": 2},
                                                         "b": {"J_mean": 0.0, "J_recall": 0.0, "frames": 1}}}


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
    score = evaluate_folders(write(files, tmp_path / "found", {"a": [found]}),
                             write(files, tmp_path / "truth", {"a": [truth]}))
    assert score.mean == pytest.approx(expected)


def test_an_object_that_is_gone_counts_in_every_frame(files, tmp_path):
    truth = [label([1, 2]), label([1, 0])]
    found = [label([1, 2]), label([1, 2])]
    score = evaluate_folders(write(files, tmp_path / "found", {"a": found}),
                             write(files, tmp_path / "truth", {"a": truth}))
    np.testing.assert_array_equal(score.sequences[0].per_object, [[1, 1], [1, 0]])


def test_a_davis_root_is_taken_for_its_masks(files, davis, tmp_path):
    root = davis("dog", [FULL, HALF])
    assert evaluate_folders(root, root).mean == 1.0
    assert evaluate_folders(write(files, tmp_path / "found", {"dog": [FULL, FULL]}), root).mean == 0.75


def test_named_sequences_only(files, tmp_path):
    truth = write(files, tmp_path / "truth", {"a": [FULL]})
    found = write(files, tmp_path / "found", {"a": [FULL], "z": [FULL]})
    with pytest.raises(EvaluationError, match="no true masks of sequence z.*--sequences"):
        evaluate_folders(found, truth)
    assert evaluate_folders(found, truth, ["a"]).mean == 1.0
    with pytest.raises(EvaluationError, match="found: no masks of sequence b"):
        evaluate_folders(found, truth, ["b"])


def test_missing_frames_are_named(files, tmp_path):
    truth = write(files, tmp_path / "truth", {"a": [FULL] * 3})
    found = write(files, tmp_path / "found", {"a": [FULL]})
    with pytest.raises(EvaluationError, match=r"sequence a: .*found/a has no 00001\.png and 1 more"):
        evaluate_folders(found, truth)


def test_another_size_is_named(files, tmp_path):
    truth = write(files, tmp_path / "truth", {"a": [np.zeros((4, 6), np.uint8)]})
    found = write(files, tmp_path / "found", {"a": [np.zeros((2, 3), np.uint8)]})
    with pytest.raises(EvaluationError, match=r"found/a/00000\.png: the mask is 3x2 and the true one 6x4"):
        evaluate_folders(found, truth)


def test_folders_that_hold_no_masks(files, tmp_path):
    truth = write(files, tmp_path / "truth", {"a": [FULL]})
    with pytest.raises(EvaluationError, match="nowhere: no such folder"):
        evaluate_folders(tmp_path / "nowhere", truth)
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvaluationError, match="empty: no masks in it"):
        evaluate_folders(tmp_path / "empty", truth)
    with pytest.raises(EvaluationError, match="or the folder above it"):
        evaluate_folders(truth / "a", truth)


def test_tables_line_up():
    score = Score((SequenceScore("bear", np.array([[1.0, 0.5]])), SequenceScore("dance-jump", np.array([[0.25]]))))
    lines = format_score(score).splitlines()
    assert lines[1].split() == ["bear", "2", "0.750", "0.500"]
    assert lines[-1].split() == ["all", "3", "0.500", "0.250"]
    assert len({len(line) for line in lines}) == 1
    comparison = format_comparison({"ours": score, "filled box": score}).splitlines()
    assert comparison[0].split("  ")[-1] == "filled box"
    assert comparison[-1].split() == ["all", "0.500", "0.500"]
    assert len({len(line) for line in comparison}) == 1
