"""Boxes and windows: tables and properties."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxmask import boxes

FRAME = st.tuples(st.integers(1, 2000), st.integers(1, 2000))
BOX = st.tuples(st.floats(-500, 2500), st.floats(-500, 2500), st.floats(0.5, 2000), st.floats(0.5, 2000))


@pytest.mark.parametrize("box, valid", [
    ((0, 0, 1, 1), True),
    ((-5, -5, 3.5, 2), True),
    ((0, 0, 0, 4), False),
    ((0, 0, 4, -1), False),
    ((0, 0, 4, 0), False),
    ((-1, -1, -1, -1), False),
    ((np.nan, 0, 4, 4), False),
    ((0, 0, np.inf, 4), False),
    ((0, 0, 4), False),
])
def test_a_valid_box_is_four_finite_numbers_with_an_area(box, valid):
    assert boxes.is_valid(box) is valid


@pytest.mark.parametrize("box, expected", [
    ((10, 5, 30, 40), (10, 5, 30, 40)),
    ((-10, -20, 30, 40), (0, 0, 20, 20)),
    ((90, 40, 30, 40), (90, 40, 10, 10)),
    ((200, 10, 5, 5), (100, 10, 0, 5)),
])
def test_intersection_with_the_frame(box, expected):
    assert boxes.intersect(box, (100, 50)).tolist() == list(expected)


def test_the_tight_box_of_a_mask_covers_its_pixels_and_no_more():
    mask = np.zeros((50, 60), np.uint8)
    mask[7:20, 11:13] = 1
    assert boxes.from_mask(mask).tolist() == [11, 7, 2, 13]
    assert boxes.from_mask(np.zeros((5, 5))) is None


@given(BOX, st.floats(1.0, 6.0), st.sampled_from([(416, 240), (832, 480), (97, 211)]))
def test_a_window_holds_its_whole_box_and_has_the_crop_s_aspect(box, factor, output_size):
    window = boxes.search_window(box, factor, output_size)
    x, y, w, h = box
    assert window.x <= x + 1 and window.x + window.width >= x + w - 1
    assert window.y <= y + 1 and window.y + window.height >= y + h - 1
    # Both sides are rounded, the width before it is scaled to the height.
    slope = output_size[1] / output_size[0]
    assert abs(window.width * slope - window.height) <= 0.5 + 0.5 * slope + 1e-6


def test_a_box_grows_by_a_share_of_each_side_around_its_middle():
    grown = boxes.grow((10, 20, 30, 40), 0.1)
    np.testing.assert_allclose(grown, (7, 16, 36, 48))
    np.testing.assert_allclose(grown[:2] + grown[2:] / 2, (25, 40))
    assert boxes.grow((0.1, 0.2, 0.3, 0.7), 0).tolist() == [0.1, 0.2, 0.3, 0.7]  # to the last bit


def test_the_window_s_area_is_the_squared_search_factor_times_the_box_s():
    window = boxes.search_window((100, 100, 80, 60), 4.0, (416, 240))
    assert window.width * window.height == pytest.approx(16 * 80 * 60, rel=0.01)


def test_a_long_thin_box_is_not_cut_by_the_area_rule():
    assert boxes.search_window((0, 0, 10, 200), 2.0, (416, 240)).height >= 200 * boxes.MIN_MARGIN - 1


@given(BOX, st.floats(1.0, 6.0))
def test_a_box_keeps_its_place_in_the_crop(box, factor):
    output_size = (416, 240)
    window = boxes.search_window(box, factor, output_size)
    x, y, w, h = boxes.to_crop(box, window, output_size)
    back = (x * window.width / 416 + window.x, y * window.height / 240 + window.y,
            w * window.width / 416, h * window.height / 240)
    np.testing.assert_allclose(back, box, atol=1e-6 * window.width)


def test_whole_numbers_of_any_type_are_floats_from_then_on():
    """Of a byte each, 250 + 10 would be 4."""
    box, output_size = np.array([250, 3, 10, 8], np.uint8), (416, 240)
    assert boxes.intersect(box, (300, 50)).tolist() == [250, 3, 10, 8]
    assert boxes.intersect((1, 2, 3, 4), (300, 50)).dtype == float
    assert boxes.from_mask(np.ones((2, 2))).dtype == float
    window = boxes.search_window(box, 2.0, output_size)
    assert window == boxes.search_window(box.astype(float), 2.0, output_size)
    np.testing.assert_array_equal(boxes.to_crop(box, window, output_size),
                                  boxes.to_crop(box.astype(float), window, output_size))
    assert boxes.is_valid(["1", "2", "3", "4"])


@pytest.mark.parametrize("sides", [(0, 1), (1, 0), (-3, 5)])
def test_a_window_without_pixels_is_refused(sides):
    with pytest.raises(ValueError, match=f"at least one pixel, got {sides[0]}x{sides[1]}"):
        boxes.Window(0, 0, *sides)


@pytest.mark.parametrize("box", [(0, 0, 0, 1), (0, 0, np.nan, 1)])
def test_no_window_without_a_valid_box(box):
    with pytest.raises(ValueError, match="four finite numbers"):
        boxes.search_window(box, 2.0, (416, 240))


@pytest.mark.parametrize(("window", "expected"), [
    ((10, 10, 50, 40), (10, 10, 50, 40)),
    ((-20, 90, 50, 40), (0, 60, 50, 40)),
    ((-20, 30, 400, 40), (-100, 30, 400, 40)),
    ((0, 0, 400, 200), (0, 0, 200, 100)),
    ((0, 0, 300, 300), (0, -50, 200, 200)),
])
def test_a_window_is_moved_into_the_frame_as_far_as_it_fits(window, expected):
    assert boxes.keep_inside(boxes.Window(*window), (200, 100)) == boxes.Window(*expected)


def test_boxes_and_windows_need_numpy_alone():
    code = "import sys, boxmask.boxes; assert not {'cv2', 'torch', 'ltr'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
