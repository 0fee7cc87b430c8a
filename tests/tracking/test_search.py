"""Where a tracker looks, and the box and score of what it sees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytracking.tracker.boxmask.search import SearchRegion, Sight, box_of, look

CROP = (416, 240)
NOTHING = Sight(np.zeros((2, 2), bool), None, 0.1)


def region(box, **changes):
    numbers = {"factor": 4.0, "growth": 1.5, "max_scale_change": 1.25, **changes}
    return SearchRegion(np.array(box, dtype=float), 100.0, CROP, **numbers)


def seen(box):
    return Sight(np.ones((2, 2), bool), np.array(box, dtype=float), 0.9)


@given(x=st.floats(-50, 700), y=st.floats(-50, 400), w=st.floats(0.5, 600), h=st.floats(0.5, 400),
       absent=st.sampled_from([0, 1, 3, 30, 5000]), frame=st.tuples(st.integers(8, 900), st.integers(8, 900)),
       growth=st.floats(1.0, 3.0))
def test_the_window_is_in_the_frame_or_reaches_over_the_whole_of_it(x, y, w, h, absent, frame, growth):
    place = region((x, y, w, h), growth=growth)
    place.absent = absent
    window = place.window(frame)
    for start, length, available in ((window.x, window.width, frame[0]), (window.y, window.height, frame[1])):
        inside = start >= 0 and start + length <= available
        covers = start <= 0 and start + length >= available
        assert inside or covers
    if absent == 5000 and growth > 1.1:
        assert window.width >= frame[0] and window.height >= frame[1]


def test_the_box_that_is_looked_around_changes_its_size_step_by_step():
    place = region((300, 200, 40, 40))
    before = place.window((2000, 2000)).width
    place.update(seen((310, 190, 4, 4)))
    assert place.box.tolist() == [310, 190, 4, 4]
    assert place.window((2000, 2000)).width == pytest.approx(before / 1.25, abs=1)


def test_the_region_is_as_before_once_the_target_is_back():
    place = region((300, 200, 40, 40))
    before = place.window((2000, 2000))
    for _ in range(3):
        place.update(NOTHING)
    assert place.window((2000, 2000)).width == pytest.approx(before.width * 1.5**3, abs=1)
    place.update(seen((300, 200, 40, 40)))
    assert place.window((2000, 2000)) == before


def test_specks_do_not_stretch_the_box():
    mask = np.zeros((60, 80), bool)
    mask[10:30, 20:50] = True
    mask[55, 70] = True
    assert box_of(mask).tolist() == [20, 10, 30, 20]
    mask[50:58, 60:78] = True
    assert box_of(mask).tolist() == [20, 10, 58, 48]
    assert box_of(np.zeros((5, 5), bool)) is None


def test_a_few_pixels_left_of_a_large_mask_are_not_the_target():
    probabilities = np.full((40, 40), 0.2, np.float32)
    probabilities[10:12, 10:12] = 0.9
    assert look(probabilities, last_area=100).box.tolist() == [10, 10, 2, 2]
    gone = look(probabilities, last_area=1000)
    assert gone.box is None and not gone.mask.any() and gone.score <= 0.5


def test_the_score_is_the_mean_probability_of_the_mask_or_the_greatest_of_all():
    probabilities = np.array([[0.1, 0.7], [0.9, 0.5]], np.float32)
    assert look(probabilities).score == pytest.approx(0.8)
    assert look(probabilities * 0.5).score == pytest.approx(0.45)


def test_what_looks_alike_far_from_the_last_box_is_not_the_target_unless_nothing_is_near():
    probabilities = np.zeros((60, 80), np.float32)
    probabilities[10:20, 10:20] = probabilities[10:20, 60:70] = 0.9
    assert look(probabilities, 100, np.array([12.0, 11, 10, 10])).box.tolist() == [10, 10, 10, 10]
    assert look(probabilities, 100, np.array([35.0, 45, 10, 10])).box.tolist() == [10, 10, 60, 10]
    assert look(probabilities, 100).box.tolist() == [10, 10, 60, 10]
