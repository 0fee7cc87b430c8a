"""The engine: images to the network as it wants them, scores to masks inside the box."""

import numpy as np
import pytest
import torch

from boxmask.evaluate.baselines import filled_box, grabcut
from boxmask.generate.defaults import SEARCH_FACTORS
from boxmask.generate.engine import NetworkMasker

BOXES = np.array([[10, 8, 20, 16], [12.5, 9.25, 15, 10], [-5, -5, 20, 20]], dtype=float)


def grey(value, size=(64, 48)):
    return np.full((size[1], size[0], 3), value, np.uint8)


def test_a_network_that_sees_the_target_everywhere_gives_the_filled_box(inside_net):
    images = [grey(100)] * 3
    masks = NetworkMasker(inside_net())(images, BOXES)
    for mask, box in zip(masks, filled_box(images, BOXES), strict=True):
        assert mask.dtype == bool
        np.testing.assert_array_equal(mask, box)


def test_a_mask_follows_the_image_inside_the_box_and_stops_at_it(inside_net):
    image = grey(20)
    image[10:40, 15:60] = 220
    mask, = NetworkMasker(inside_net(threshold=128))([image], np.array([[8, 6, 24, 24]]))
    expected = np.zeros((48, 64), bool)
    expected[10:30, 15:32] = True
    union = mask | expected
    assert (mask & expected).sum() / union.sum() > 0.9
    assert not mask[:6].any() and not mask[30:].any() and not mask[:, :8].any() and not mask[:, 32:].any()


def test_frames_of_different_sizes_share_a_window(inside_net):
    sizes = [(64, 48), (100, 30), (33, 77)]
    masks = NetworkMasker(inside_net())([grey(9, size) for size in sizes], np.array([[3, 3, 9, 9]] * 3))
    assert [mask.shape[::-1] for mask in masks] == sizes


def test_the_network_sees_the_crop_in_its_channel_order_and_the_box_in_crop_pixels(inside_net):
    image = grey(0)
    image[...] = (10, 20, 30)
    net = inside_net(bgr=True)
    NetworkMasker(net, search_factor=2.0)([image], np.array([[20, 12, 16, 12]]))
    (images, boxes), = net.seen
    assert images.shape == (1, 1, 3, 24, 32)
    assert images[0, 0, :, 5, 5].tolist() == [30, 20, 10]
    np.testing.assert_allclose(boxes[0, 0].numpy(), [8, 6, 16, 12], atol=1e-5)


def test_half_precision_keeps_the_boxes_exact(inside_net):
    net = inside_net().to(torch.bfloat16)
    NetworkMasker(net)([grey(0)], np.array([[10.3, 8.1, 20, 16]]))
    images, boxes = net.seen[0]
    assert images.dtype == torch.bfloat16 and boxes.dtype == torch.float32


def test_the_search_factor_is_the_networks_unless_given(inside_net):
    assert NetworkMasker(inside_net()).search_factor == SEARCH_FACTORS["boxmask_lite"]
    assert NetworkMasker(inside_net(), search_factor=3.0).search_factor == 3.0


def test_a_real_network_makes_masks_inside_the_boxes():
    from ltr.models.boxmask import boxmask_lite

    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(2)]
    masks = NetworkMasker(boxmask_lite(), iterations=2)(images, BOXES[:2])
    for mask, inside in zip(masks, filled_box(images, BOXES[:2]), strict=True):
        assert mask.shape == (48, 64) and not (mask & ~inside).any()


def test_grabcut_finds_a_bright_disc_and_is_the_same_twice():
    rows, columns = np.mgrid[:60, :80]
    disc = (columns - 40) ** 2 + (rows - 30) ** 2 < 15 ** 2
    image = np.where(disc[..., None], 230, 30).astype(np.uint8).repeat(3, axis=2)
    image += np.random.default_rng(0).integers(0, 20, image.shape, np.uint8)
    boxes = np.array([[22, 12, 36, 36]], dtype=float)
    first, = grabcut([image], boxes)
    second, = grabcut([image], boxes)
    assert (first & disc).sum() / (first | disc).sum() > 0.95
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("box", [(0, 0, 64, 48), (-9, -9, 200, 200)])
def test_grabcut_of_a_box_that_is_the_frame_is_the_frame(box):
    mask, = grabcut([grey(5)], np.array([box], dtype=float))
    assert mask.all()
