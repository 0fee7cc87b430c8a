"""Transforms that do nothing or fail in pytracking, and what they refuse."""

import numpy as np
import pytest
import torch

from ltr.data import transforms as tfm


def test_to_tensor_converts_images_and_masks():
    image, mask = tfm.Transform(tfm.ToTensor())(image=np.full((4, 6, 3), 51, np.uint8), mask=np.eye(4, 6))
    assert image.shape == (3, 4, 6) and image.dtype == torch.float32 and image.max() == pytest.approx(0.2)
    assert torch.is_tensor(mask) and mask.sum() == 4


def test_random_blur_blurs_with_its_probability():
    point = torch.zeros(3, 21, 21)
    point[:, 10, 10] = 1
    always, never = (tfm.Transform(tfm.RandomBlur(2.0, probability=p))(image=point) for p in (1.0, 0.0))
    assert always[0, 10, 10] < 0.1 and always[0].sum() == pytest.approx(1, abs=1e-4)
    assert torch.equal(never, point)


def test_blur_leaves_a_plain_image_plain_up_to_its_border():
    plain = torch.full((3, 15, 12), 7.0)
    assert torch.allclose(tfm.Transform(tfm.Blur((1.0, 2.5)))(image=plain), plain)
    with pytest.raises(TypeError, match="after ToTensor"):
        tfm.Transform(tfm.Blur(1.0))(image=np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize(("mode", "corner"), [("constant", 0), ("replicate", 200)])
def test_random_affine_fills_the_border_as_told(mode, corner):
    warp = tfm.RandomAffine(border_mode=mode, pad_amount=4)
    image, mask = tfm.Transform(warp)(image=np.full((10, 12, 3), 200, np.uint8), mask=torch.ones(10, 12))
    assert image.shape == (18, 20, 3) and image[0, 0].tolist() == [corner] * 3
    assert mask.shape == (18, 20) and mask[0, 0] == 0 and mask[9, 9] == 1


def test_boxes_of_a_padded_image_may_reach_into_the_padding():
    warp = tfm.Transform(tfm.RandomAffine(pad_amount=10))
    _, box = warp(image=np.zeros((20, 20, 3), np.uint8), bbox=torch.tensor([15.0, 15, 5, 5]))
    assert box.tolist() == [25, 25, 5, 5]


def test_frames_of_different_sizes_are_flipped_by_their_own():
    images = [np.zeros((8, width, 3), np.uint8) for width in (10, 30)]
    boxes = [torch.tensor([1.0, 2, 3, 4])] * 2
    _, flipped = tfm.Transform(tfm.RandomHorizontalFlip(1.0))(image=images, bbox=boxes)
    assert [box.tolist() for box in flipped] == [[5, 2, 3, 4], [25, 2, 3, 4]]


def test_boxes_by_id_and_coordinates_are_flipped_too():
    flip = tfm.Transform(tfm.RandomHorizontalFlip(1.0))
    _, boxes, coords = flip(image=np.zeros((8, 10, 3), np.uint8), bboxes={"7": torch.tensor([1.0, 2, 3, 4])},
                            coords=torch.tensor([[2.0], [1.0]]))
    assert boxes["7"].tolist() == [5, 2, 3, 4] and coords.tolist() == [[2], [8]]


def test_a_missing_input_stays_missing():
    image, mask = tfm.Transform(tfm.RandomHorizontalFlip(1.0))(image=np.zeros((4, 4, 3), np.uint8), mask=None)
    assert image.shape == (4, 4, 3) and mask is None


def test_one_kind_of_input_frame_by_frame_is_a_list():
    images = tfm.Transform(tfm.ToTensor())(image=[np.zeros((4, 5, 3), np.uint8)] * 3, joint=False)
    assert [image.shape for image in images] == [(3, 4, 5)] * 3


@pytest.mark.parametrize(("call", "complaint"), [
    (lambda: tfm.Transform(tfm.RandomHorizontalFlip())(image=np.zeros((4, 4, 3)), new_roll=False), "before any roll"),
    (lambda: tfm.Transform(tfm.ToTensor())(image=[1], mask=[1, 2], joint=False), "lists of one length"),
    (lambda: tfm.RandomAffine(border_mode="mirror"), "border_mode"),
    (lambda: tfm.Normalize(mean=(0,), std=(0,)), "zero")])
def test_wrong_calls_are_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


@pytest.mark.parametrize("transform", [tfm.ToBGR(), tfm.ToGrayscale(1.0), tfm.RandomAffine()])
def test_transforms_of_arrays_say_where_they_belong(transform):
    with pytest.raises(TypeError, match="before ToTensor"):
        tfm.Transform(transform)(image=torch.zeros(3, 4, 4))


def test_transforms_print_what_they_are_made_of():
    assert "ToTensorAndJitter(brightness_jitter=0.2, normalize=False)" in repr(
        tfm.Transform(tfm.ToBGR(), tfm.ToTensorAndJitter(0.2, normalize=False)))
