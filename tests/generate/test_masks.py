"""The mask PNG: indices exactly 0 and 1, in colours that can be seen."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from boxmask import masks


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
def test_what_is_written_is_read(width, height, seed):
    mask = np.random.default_rng(seed).random((height, width)) > 0.5
    with Image.open(io.BytesIO(masks.encode(mask))) as image:
        assert image.size == (width, height)
        np.testing.assert_array_equal(np.array(image), mask.astype(np.uint8))


@pytest.mark.parametrize("fill", [0, 1])
def test_pillow_reads_indices_and_opencv_sees_the_colours(tmp_path, fill):
    mask = np.full((9, 11), fill, np.uint8)
    mask[2:5, 3:8] = 1
    path = tmp_path / "m.png"
    path.write_bytes(masks.encode(mask))
    with Image.open(path) as image:
        assert image.mode == "P"
        raw = np.array(image)
    assert raw.dtype == np.uint8 and raw.tolist() == mask.tolist()
    colours = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert (colours.any(axis=2) == (mask > 0)).all() and colours.max() >= 128
    assert masks.read(path).tolist() == mask.tolist()


@pytest.mark.parametrize("wrong", [np.full((4, 4), 2), np.full((4, 4), 255, np.uint8), np.full((4, 4), 0.5),
                                   np.zeros((4, 4, 1), np.uint8)])
def test_other_values_and_shapes_are_not_written(wrong):
    with pytest.raises(ValueError, match="expected a mask"):
        masks.encode(wrong)


def test_files_that_are_no_masks_are_named(tmp_path):
    path = tmp_path / "m.png"
    with pytest.raises(masks.MaskError, match=r"m\.png: no such mask"):
        masks.read(path)
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path)
    with pytest.raises(masks.MaskError, match=r"m\.png: expected a mask of one channel .* mode RGB"):
        masks.read(path)
    path.write_bytes(masks.encode(np.random.default_rng(0).random((40, 40)) > 0.5)[:-60])
    with pytest.raises(masks.MaskError, match=r"m\.png: the mask cannot be read"):
        masks.read(path)


@pytest.mark.parametrize(("values", "expected"), [
    ([[0]], []), ([[0, 1]], [1]), ([[0, 1], [0, 3]], [1, 3]), ([[0, 1, 255]], [1]), ([[0, 255]], [255]),
    ([[0], [255], [2]], [2]), ([], []),
])
def test_object_ids_leave_out_background_and_void(values, expected):
    assert masks.object_ids([np.array([row], np.uint8) for row in values]) == expected


@pytest.mark.parametrize(("box", "expected"), [
    ((2, 3, 4, 5), (3, 8, 2, 6)),
    ((2.2, 3.9, 0.3, 0.2), (3, 5, 2, 3)),
    ((0.1, 0.1, 0.2, 0.2), (0, 1, 0, 1)),
    ((1.1, 0, 0.9, 2.0000000001), (0, 2, 1, 2)),
    ((-5, -5, 8, 7), (0, 2, 0, 3)),
    ((15, 8, 10, 10), (8, 12, 15, 20)),
])
def test_the_pixels_that_a_box_touches(box, expected):
    rows, columns = masks.box_region(box, (20, 12))
    assert (rows.start, rows.stop, columns.start, columns.stop) == expected


@pytest.mark.parametrize("box", [(-9, 0, 5, 5), (20, 0, 5, 5), (0, -9, 3, 9), (0, 12, 1, 1), (100, 100, 5, 5)])
def test_a_box_outside_the_frame_touches_nothing(box):
    assert np.zeros((12, 20))[masks.box_region(box, (20, 12))].size == 0
