"""Several objects' masks in one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from pytracking.tracker.boxmask.merge import aggregate, merge

PROBABILITIES = stn.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)),
                           elements=st.floats(0, 1, width=32))


@given(PROBABILITIES)
def test_shares_stay_probabilities_and_the_likelier_object_stays_so(probabilities):
    shares = aggregate(probabilities)
    assert shares.min() >= 0 and shares.sum(axis=0).max() <= 1 + 1e-5
    if len(probabilities) > 1:
        best = np.take_along_axis(shares, probabilities.argmax(axis=0)[None], axis=0)
        assert (best >= shares.max(axis=0) - 1e-6).all()


def test_the_numbers_of_two_objects():
    # Odds 4 and 1 against (.2 * .5) / (1 - .2 * .5) for the background.
    shares = aggregate(np.array([[[0.8]], [[0.5]]], np.float32)).ravel()
    assert shares.tolist() == pytest.approx([4 / (5 + 1 / 9), 1 / (5 + 1 / 9)], rel=1e-4)


def output(probabilities, box):
    return {"target_bbox": box, "segmentation": (probabilities > 0.5).astype(np.uint8),
            "segmentation_raw": probabilities.astype(np.float32), "object_presence_score": 0.9, "time": 0.1}


def test_a_pixel_has_one_object_and_a_box_follows_its_mask():
    left, right = np.zeros((4, 8)), np.zeros((4, 8))
    left[:, :5], right[:, 3:] = 0.9, 0.95
    merged = merge({"2": output(left, [0.0, 0.0, 5.0, 4.0]), "7": output(right, [3.0, 0.0, 5.0, 4.0])})
    assert merged["segmentation"].dtype == np.uint8
    assert merged["segmentation"][0].tolist() == [2, 2, 2, 7, 7, 7, 7, 7]
    assert merged["target_bbox"] == {"2": [0, 0, 3, 4], "7": [3, 0, 5, 4]}
    assert merged["object_presence_score"] == {"2": 0.9, "7": 0.9} and merged["time"] == {"2": 0.1, "7": 0.1}
    assert {name: part.shape for name, part in merged["segmentation_raw"].items()} == {"2": (4, 8), "7": (4, 8)}


def test_one_object_alone_keeps_its_mask_and_its_box():
    mask = np.zeros((4, 8))
    mask[1, 1:3] = 0.6
    merged = merge({3: output(mask, [1.0, 1.0, 2.0, 1.5])})
    np.testing.assert_array_equal(merged["segmentation"], 3 * (mask > 0.5))
    np.testing.assert_allclose(merged["segmentation_raw"][3], mask)
    assert merged["target_bbox"] == {3: [1.0, 1.0, 2.0, 1.5]}


def test_absent_objects_have_a_box_and_no_pixel():
    merged = merge({"1": output(np.zeros((3, 3)), [5.0, 5.0, 2.0, 2.0]), "2": output(np.zeros((3, 3)), [0.0, 0, 1, 1])})
    assert not merged["segmentation"].any()
    assert merged["target_bbox"]["1"] == [5.0, 5.0, 2.0, 2.0]
