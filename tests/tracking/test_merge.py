"""Several objects' masks in one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from pytracking.tracker.boxmask.merge import Claim, aggregate, merge, sigmoid

LOGITS = stn.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)),
                    elements=st.floats(-150, 150, width=32))


@given(LOGITS)
def test_shares_are_probabilities_and_the_likelier_object_stays_so(logits):
    shares = aggregate(logits)
    assert shares.dtype == np.float32 and shares.min() >= 0 and shares.sum(axis=0).max() <= 1 + 1e-5
    best = np.take_along_axis(shares, logits.argmax(axis=0)[None], axis=0)
    assert (best >= shares.max(axis=0)).all()


def test_the_numbers_of_two_objects():
    # Odds 4 and 1 against (.2 * .5) / (1 - .2 * .5) for the background.
    shares = aggregate(np.array([[[np.log(4)]], [[0]]], np.float32)).ravel()
    assert shares.tolist() == pytest.approx([4 / (5 + 1 / 9), 1 / (5 + 1 / 9)], rel=1e-4)


@pytest.mark.parametrize("logits", [(20, 23), (23, 20), (90, 93)])
def test_of_two_that_are_both_sure_the_surer_has_the_pixel(logits):
    shares = aggregate(np.array(logits, np.float32)[:, None, None]).ravel()
    assert shares.argmax() == np.argmax(logits) and shares.max() == pytest.approx(1 / (1 + np.exp(-3)), rel=1e-4)


def output(logits, box, *, last_box=(0, 0, 1, 1), has_started=False):
    logits = np.asarray(logits, np.float32)
    return {"target_bbox": box, "segmentation": (logits > 0).astype(np.uint8), "segmentation_raw": sigmoid(logits),
            "object_presence_score": 0.9, "time": 0.1,
            "claim": Claim(logits, np.array(last_box, float), has_started=has_started)}


def of(score, rows, columns):
    """Logits (4, 8) that are `score` in some rows and columns, and far below 0 elsewhere."""
    logits = np.full((4, 8), -50.0)
    logits[rows, columns] = score
    return logits


ALL = slice(None)


def test_a_pixel_has_one_object_and_box_and_score_follow_the_mask():
    left, right = of(2, ALL, slice(0, 5)), of(3, ALL, slice(3, 8))
    merged = merge({"2": output(left, [0.0, 0.0, 5.0, 4.0]), "7": output(right, [3.0, 0.0, 5.0, 4.0])})
    assert merged["segmentation"].dtype == np.uint8
    assert merged["segmentation"][0].tolist() == [2, 2, 2, 7, 7, 7, 7, 7]
    assert merged["target_bbox"] == {"2": [0, 0, 3, 4], "7": [3, 0, 5, 4]}
    left_over = merged["segmentation_raw"]["2"][merged["segmentation"] == 2].mean()
    assert merged["object_presence_score"] == {"2": pytest.approx(left_over), "7": 0.9}
    assert merged["time"] == {"2": 0.1, "7": 0.1} and "claim" not in merged
    assert {name: part.shape for name, part in merged["segmentation_raw"].items()} == {"2": (4, 8), "7": (4, 8)}


def test_an_object_without_a_pixel_left_is_absent_and_its_box_the_last_known_one():
    merged = merge({"1": output(of(3, ALL, slice(2, 5)), [2.0, 0, 3, 4]),
                    "2": output(of(2, ALL, slice(2, 5)), [2.0, 0, 3, 4], last_box=(1, 0, 3, 4))})
    assert not (merged["segmentation"] == 2).any()
    assert merged["object_presence_score"]["1"] == 0.9 and merged["object_presence_score"]["2"] <= 0.5
    assert merged["target_bbox"] == {"1": [2, 0, 3, 4], "2": [1, 0, 3, 4]}


def test_an_object_that_wins_its_pixels_with_little_is_present():
    merged = merge({str(name): output(of(logit, 1, 2), [2.0, 1, 1, 1])
                    for name, logit in enumerate((0.2, 0.1, 0.1), start=1)})
    assert merged["segmentation_raw"]["1"][1, 2] < 0.5 and (merged["segmentation"] == 1).sum() == 1
    scores = merged["object_presence_score"]
    assert scores["1"] == 0.9 and max(scores["2"], scores["3"]) <= 0.5
    shrunk = merge({"1": output(of(0.2, 1, slice(2, 4)), [2.0, 1, 2, 1]),
                    **{str(name): output(of(0.1, 1, 2) + of(1, 1, 3) + 50, [2.0, 1, 2, 1]) for name in (2, 3)}})
    assert (shrunk["segmentation"] == 1).sum() == 1 and shrunk["object_presence_score"]["1"] > 0.5


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
def test_an_object_that_starts_has_its_mask_and_its_box_whoever_was_there(order):
    both = {"1": output(of(120, ALL, slice(0, 6)), [0.0, 0, 6, 4]),
            "2": output(of(0.4, slice(1, 3), slice(4, 8)), [4.5, 1, 3, 2], has_started=True)}
    merged = merge({name: both[name] for name in order})
    assert merged["segmentation"].tolist() == [[1] * 6 + [0] * 2, [1] * 4 + [2] * 4, [1] * 4 + [2] * 4,
                                               [1] * 6 + [0] * 2]
    assert merged["segmentation_raw"]["1"][1, 5] < 1e-6
    assert merged["target_bbox"] == {"1": [0, 0, 6, 4], "2": [4.5, 1, 3, 2]}
    assert merged["object_presence_score"]["2"] == 0.9


def test_objects_that_start_together_share_pixels_and_keep_their_boxes():
    merged = merge({"1": output(of(3, 1, slice(0, 5)), [0.0, 1, 5, 1], has_started=True),
                    "2": output(of(4, 1, slice(3, 8)), [3.0, 1, 5, 1], has_started=True),
                    "3": output(of(2, 1, slice(3, 4)), [3.0, 1, 1, 1], last_box=(3, 1, 1, 1), has_started=True)})
    assert merged["segmentation"][1].tolist() == [1, 1, 1, 2, 2, 2, 2, 2]
    assert merged["target_bbox"] == {"1": [0, 1, 5, 1], "2": [3, 1, 5, 1], "3": [3, 1, 1, 1]}
    assert merged["object_presence_score"]["1"] == 0.9 and merged["object_presence_score"]["3"] <= 0.5


def test_one_object_alone_keeps_its_mask_and_its_box():
    merged = merge({3: output(of(0.4, 1, slice(1, 3)), [1.0, 1.0, 2.0, 1.5])})
    np.testing.assert_array_equal(merged["segmentation"], 3 * (of(0.4, 1, slice(1, 3)) > 0))
    np.testing.assert_array_equal(merged["segmentation_raw"][3], sigmoid(of(0.4, 1, slice(1, 3)).astype(np.float32)))
    assert merged["target_bbox"] == {3: [1.0, 1.0, 2.0, 1.5]} and merged["object_presence_score"] == {3: 0.9}


def test_absent_objects_have_a_box_and_no_pixel():
    nothing = np.full((3, 3), -100.0)
    merged = merge({"1": output(nothing, [5.0, 5.0, 2.0, 2.0]), "2": output(nothing, [0.0, 0, 1, 1])})
    assert not merged["segmentation"].any()
    assert merged["target_bbox"]["1"] == [5.0, 5.0, 2.0, 2.0]
