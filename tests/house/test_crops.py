"""Crops and pastes: what goes out comes back to its place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxmask.boxes import Window, from_mask, search_window, to_crop
from boxmask.crops import OUTSIDE_SCORE, crop, paste


def test_a_crop_of_the_whole_frame_at_its_size_is_the_frame():
    image = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    np.testing.assert_array_equal(crop(image, Window(0, 0, 40, 30), (40, 30)), image)


def test_beyond_the_border_the_border_repeats_or_the_fill_stands():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    window = Window(-2, -1, 4, 3)
    np.testing.assert_array_equal(crop(image, window, (4, 3)), [[0, 0, 0, 1], [0, 0, 0, 1], [4, 4, 4, 5]])
    np.testing.assert_array_equal(crop(image, window, (4, 3), fill=9), [[9, 9, 9, 9], [9, 9, 0, 1], [9, 9, 4, 5]])


@pytest.mark.parametrize("window", [Window(-50, 0, 10, 10), Window(0, 99, 10, 10), Window(40, 30, 8, 8)])
def test_a_window_wholly_outside_the_frame(window):
    image = np.ones((30, 40), np.uint8)
    assert not crop(image, window, (16, 16), fill=0).any()
    assert crop(image, window, (16, 16)).all()
    assert (paste(np.ones((16, 16), np.float32), window, (40, 30)) == OUTSIDE_SCORE).all()


@given(st.integers(-30, 30), st.integers(-30, 30), st.integers(1, 40), st.integers(1, 40))
def test_a_window_anywhere_repeats_the_nearest_pixels_of_the_frame(x, y, width, height):
    image = np.arange(10 * 7, dtype=np.uint8).reshape(7, 10)
    rows, columns = np.arange(y, y + height).clip(0, 6), np.arange(x, x + width).clip(0, 9)
    found = crop(image, Window(x, y, width, height), (width, height))
    np.testing.assert_array_equal(found, image[rows[:, None], columns])


@settings(deadline=None, max_examples=50)
@given(st.integers(-60, 140), st.integers(-60, 100), st.integers(4, 90), st.integers(4, 90), st.floats(1.1, 5))
def test_a_box_shaped_mask_survives_the_way_to_the_crop_and_back(x, y, w, h, factor):
    frame_size = (160, 120)
    mask = np.zeros((120, 160), np.uint8)
    mask[max(y, 0):max(y + h, 0), max(x, 0):max(x + w, 0)] = 1
    window = search_window((x, y, w, h), factor, (416, 240))
    scores = np.where(crop(mask, window, (416, 240), nearest=True, fill=0), 1, -1).astype(np.float32)
    back = paste(scores, window, frame_size) > 0
    pixel = max(1.0, window.width / 416)
    differing = np.count_nonzero(back != mask.astype(bool))
    assert differing <= 2 * (2 * pixel) * (min(w, 160) + min(h, 120))


def test_a_mask_in_the_crop_stands_where_its_box_says():
    mask = np.zeros((360, 640), np.uint8)
    mask[100:180, 300:420] = 1
    box = from_mask(mask)
    window = search_window(box, 2.5, (416, 240))
    in_crop = from_mask(crop(mask, window, (416, 240), nearest=True, fill=0))
    np.testing.assert_allclose(in_crop, to_crop(box, window, (416, 240)), atol=1.5)


@given(st.integers(-30, 30), st.integers(-30, 30), st.integers(1, 60), st.integers(1, 60), st.integers(0, 40),
       st.integers(0, 30))
def test_a_part_that_is_pasted_is_that_part_of_the_whole(x, y, width, height, left, top):
    scores = np.random.default_rng(0).normal(size=(9, 12)).astype(np.float32)
    window, region = Window(x, y, width, height), (slice(top, 30), slice(left, 40))
    np.testing.assert_array_equal(paste(scores, window, (40, 30), region), paste(scores, window, (40, 30))[region])
