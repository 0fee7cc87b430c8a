"""The baselines, as maskers whose views are the answers."""

import numpy as np
import pytest

from boxmask.evaluate.baselines import filled_box, grabcut
from boxmask.generate.compose import Piece, compose


def grey(value, size=(64, 48)):
    return np.full((size[1], size[0], 3), value, np.uint8)


def mask_of(masker, image, box):
    """The way of one frame through a masker."""
    (scores,), = masker.solve([[masker.view(image, np.array(box, float))]], [0])
    return compose([Piece(1, np.array(box, float), scores)], (image.shape[1], image.shape[0])) == 1


def test_the_filled_box_is_every_pixel_that_the_box_touches():
    expected = np.zeros((48, 64), bool)
    expected[9:20, 12:28] = True
    np.testing.assert_array_equal(mask_of(filled_box, grey(7), (12.5, 9.25, 15, 10)), expected)


def test_grabcut_finds_a_bright_disc_and_is_the_same_twice():
    rows, columns = np.mgrid[:60, :80]
    disc = (columns - 40) ** 2 + (rows - 30) ** 2 < 15 ** 2
    image = np.where(disc[..., None], 230, 30).astype(np.uint8).repeat(3, axis=2)
    image += np.random.default_rng(0).integers(0, 20, image.shape, np.uint8)
    first, second = (mask_of(grabcut, image, (22, 12, 36, 36)) for _ in range(2))
    assert (first & disc).sum() / (first | disc).sum() > 0.95
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("box", [(0, 0, 64, 48), (0.5, 0.2, 63, 47.5)])
def test_grabcut_of_a_box_that_is_the_frame_is_the_frame(box):
    assert mask_of(grabcut, grey(5), box).all()


def test_only_the_kept_frames_of_each_window_are_answered():
    views = [filled_box.view(grey(0), np.array([left, 3, 9, 9], float)) for left in range(5)]
    assert filled_box.solve([views[:3], views[2:]], [2, 0]) == [[views[2], views[0]], [views[4], views[2]]]
