"""The same seed gives the same samples, crops and transforms on every host. The numbers are pytracking's own."""

import random

import numpy as np
import pytest
import torch

from ltr.data import processing, sampler
from ltr.data import processing_utils as prutils
from ltr.data import transforms as tfm
from pytracking import TensorDict


def seed(number):
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


class Clips:
    """Five sequences of 30, 37, ... frames, of which every fifth is not visible. Frames are their own numbers."""

    def get_name(self):
        return "clips"

    def __len__(self):
        return 5

    def get_num_sequences(self):
        return 5

    def is_video_sequence(self):
        return True

    def get_sequence_info(self, index):
        flags = [(7 * frame + 3 * index) % 5 != 0 for frame in range(30 + 7 * index)]
        return {"visible": torch.tensor(flags, dtype=torch.uint8)}

    def get_frames(self, index, frames, info):
        return list(frames), {"bbox": [(index, frame) for frame in frames]}, {}


def draws(number, **arguments):
    """Three samples: (sequence, training frames, test frames) each, and the next random number."""
    made = sampler.LWLSampler([Clips(), Clips()], [6, 1], 10, **arguments)
    seed(number)
    samples = [made[0] for _ in range(3)]
    return ([(s["train_anno"][0][0], s["train_images"], s["test_images"]) for s in samples], round(random.random(), 6))


@pytest.mark.parametrize(("number", "arguments", "expected"), [
    (1, {"max_gap": 100, "num_test_frames": 3},
     ([(0, [7], [18, 18, 22]), (0, [13], [21, 23, 28]), (3, [12], [17, 35, 44])], 0.31743)),
    (2, {"max_gap": 5, "num_test_frames": 2, "num_train_frames": 3},
     ([(0, [1, 1, 3], [7, 7]), (1, [17, 19, 22], [24, 24]), (4, [48, 50, 52], [53, 53])], 0.027445)),
    (3, {"max_gap": 3, "num_test_frames": 2, "num_train_frames": 2, "p_reverse": 1.0},
     ([(2, [39, 38], [23, 21]), (4, [17, 15], [12, 6]), (1, [9, 9], [7, 3])], 0.015147)),
    (4, {"max_gap": 20, "num_test_frames": 1, "num_train_frames": 2, "p_reverse": 0.5},
     ([(3, [25, 24], [0]), (0, [17, 7], [2]), (1, [32, 32], [20])], 0.260254)),
])
def test_the_sampler_draws_the_frames_of_pytracking(number, arguments, expected):
    assert draws(number, **arguments) == expected


def test_samples_of_a_dataset_without_masks_have_none():
    sample = sampler.LWLSampler([Clips()], None, 4, max_gap=10, num_test_frames=2)[3]
    assert sample["train_masks"] is None and sample["test_masks"] is None
    assert sample["dataset"] == "clips"
    assert isinstance(sample, TensorDict)


@pytest.fixture
def upstream_masks(monkeypatch):
    """Masks are resized as pytracking does; a checkout knows nothing of it."""
    monkeypatch.setattr(prutils, "MASK_RESIZE", "nearest", raising=False)


def crop_region(box, factor, mode, limit):
    image = np.arange(64 * 96 * 3, dtype=np.int64).reshape(64, 96, 3).astype(np.uint8)
    mask = torch.zeros(64, 96)
    mask[20:40, 30:60] = 1
    crop, region, mask_crop = prutils.sample_target_adaptive(image, torch.tensor(box), factor, (52, 30), mode, limit,
                                                             mask)
    assert crop.shape == (30, 52, 3) and mask_crop.shape == (30, 52)
    return region.tolist(), int(mask_crop.sum())


@pytest.mark.parametrize(("box", "factor", "mode", "limit", "region", "mask_pixels"), [
    ([30.0, 20, 30, 20], 2.0, 'replicate', None, [12.0, 11.0, 65.0, 38.0], 360),
    ([30.0, 20, 30, 20], 5.0, 'replicate', None, [-33.0, -15.0, 162.0, 94.0], 54),
    ([30.0, 20, 30, 20], 5.0, 'inside', None, [0.0, 2.0, 96.0, 55.0], 176),
    ([30.0, 20, 30, 20], 5.0, 'inside_major', None, [-7.0, 0.0, 110.0, 64.0], 126),
    ([30.0, 20, 30, 20], 5.0, 'inside', 1.5, [-6.0, 0.0, 108.0, 62.0], 140),
    ([-8.0, -4, 20, 12], 2.5, 'inside_major', None, [0.0, 0.0, 51.0, 30.0], 210),
    ([80.3, 50.7, 13.1, 9.4], 2.5, 'replicate', None, [59.0, 42.0, 37.0, 22.0], 0),
    ([0.0, 0, 1.5, 1.5], 1.0, 'replicate', None, [0.0, 0.0, 2.0, 2.0], 0),
])
@pytest.mark.usefixtures("upstream_masks")
def test_crops_cover_the_region_of_pytracking(box, factor, mode, limit, region, mask_pixels):
    assert crop_region(box, factor, mode, limit) == (region, mask_pixels)


def test_a_crop_at_the_lower_right_border_repeats_the_last_but_one_pixels():
    image = np.zeros((40, 40, 3), np.uint8)
    image[-1], image[:, -1] = 255, 255
    crop, region = prutils.sample_target_adaptive(image, torch.tensor([20., 20, 20, 20]), 1.0, 20)
    assert region.tolist() == [20, 20, 20, 20]
    assert crop.max() == 0


def made_sample():
    """Two training and two test frames with a box and its filled mask, sharing nothing."""
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (64, 96, 3), dtype=np.uint8) for _ in range(4)]
    boxes = [torch.tensor([20.0 + 5 * i, 15.0 + 3 * i, 24.0, 18.0]) for i in range(4)]
    masks = []
    for x, y, w, h in (box.int().tolist() for box in boxes):
        mask = torch.zeros(64, 96)
        mask[y:y + h, x:x + w] = 1
        masks.append(mask)
    return TensorDict({"train_images": frames[:2], "train_masks": masks[:2], "train_anno": boxes[:2],
                       "test_images": frames[2:], "test_masks": masks[2:], "test_anno": boxes[2:], "dataset": "made"})


def processed(number, crop_type, new_roll, scale_mode):
    """Rounded boxes, means of images and sums of masks after LWLProcessing, and the next random numbers."""
    train = tfm.Transform(
        tfm.RandomAffine(p_flip=0.5, max_rotation=15.0, max_shear=0.2, max_ar_factor=0.1, max_scale=0.2,
                         scale_center=0.5),
        tfm.ToTensorAndJitter(0.2, normalize=False),
        tfm.Normalize(mean=[102.9801, 115.9465, 122.7717], std=[1.0, 1.0, 1.0]))
    joint = tfm.Transform(tfm.ToBGR(), tfm.ToGrayscale(probability=0.5), tfm.RandomHorizontalFlip(probability=0.5))
    made = processing.LWLProcessing(
        search_area_factor=3.0, output_sz=(104, 60), center_jitter_factor={"train": 3, "test": (5.5, 4.5)},
        scale_jitter_factor={"train": 0.25, "test": 0.5, "mode": scale_mode}, crop_type=crop_type, mode="sequence",
        transform=train, joint_transform=joint, new_roll=new_roll)
    seed(number)
    out = made(made_sample())
    assert out["train_images"].shape == out["test_images"].shape == (2, 3, 60, 104)
    assert out["train_masks"].shape == (2, 60, 104) and out["train_masks"].unique().tolist() == [0, 1]
    boxes, images, masks = (torch.cat((out["train_" + name], out["test_" + name]))
                            for name in ("anno", "images", "masks"))
    return {"anno": [round(value, 3) for value in boxes.flatten().tolist()],
            "means": [round(value, 2) for value in images.mean((1, 2, 3)).tolist()],
            "masks": [int(value) for value in masks.sum((1, 2))],
            "next": [round(random.random(), 5), round(float(np.random.rand()), 5), round(float(torch.rand(1)), 5)]}


@pytest.mark.parametrize(("number", "crop_type", "new_roll", "scale_mode", "expected"), [
    (1, 'inside_major', True, 'gauss',
     {'anno': [58.021, 8.947, 22.715, 18.196, 63.281, 4.123, 22.674, 21.112,
               24.88, 16.107, 49.309, 39.725, 6.967, 35.861, 44.799, 24.139],
      'means': [-36.55, -24.31, -33.21, -25.55], 'masks': [340, 379, 1195, 646],
      'next': [0.21878, 0.14676, 0.33978]}),
    (2, 'replicate', False, 'gauss',
     {'anno': [53.088, 11.128, 28.039, 29.995, 15.747, 0.0, 49.421, 36.019,
               38.381, 20.936, 18.925, 14.936, 18.768, 14.426, 31.16, 24.689],
      'means': [-17.27, -29.19, -33.6, -29.15], 'masks': [576, 1565, 258, 647],
      'next': [0.32514, 0.42037, 0.45247]}),
    (3, 'inside', True, 'uniform',
     {'anno': [24.613, 10.632, 42.706, 34.229, 58.061, 0.0, 39.794, 16.217,
               31.917, 8.859, 30.109, 29.578, 14.055, 10.401, 46.692, 37.494],
      'means': [-22.29, 1.17, -8.4, 0.09], 'masks': [871, 512, 566, 1330],
      'next': [0.39496, 0.89295, 0.17561]}),
])
@pytest.mark.usefixtures("upstream_masks")
def test_processing_gives_the_crops_of_pytracking(number, crop_type, new_roll, scale_mode, expected):
    out = processed(number, crop_type, new_roll, scale_mode)
    assert out["next"] == expected["next"]
    assert out["anno"] == pytest.approx(expected["anno"], abs=0.01)
    # A pixel here or there is left to other versions of OpenCV.
    assert out["masks"] == pytest.approx(expected["masks"], abs=4)
    assert out["means"] == pytest.approx(expected["means"], abs=0.1)


def test_a_flipped_box_is_one_pixel_left_of_its_flipped_mask():
    image, mask = np.zeros((10, 20, 3), np.uint8), torch.zeros(10, 20)
    mask[2:5, 3:7] = 1
    flip = tfm.Transform(tfm.RandomHorizontalFlip(probability=1.0))
    _, box, flipped = flip(image=image, bbox=torch.tensor([3.0, 2, 4, 3]), mask=mask)
    assert box.tolist() == [12, 2, 4, 3]
    assert flipped.nonzero()[:, 1].min() == 13


def test_joint_transforms_roll_once_and_independent_ones_for_every_frame():
    images = [np.full((4, 4, 3), 100, np.uint8)] * 6
    jitter = tfm.Transform(tfm.ToTensorAndJitter(0.5))
    boxes = [torch.zeros(4)] * 6
    together, _ = jitter(image=images, bbox=boxes)
    apart, _ = jitter(image=images, bbox=boxes, joint=False)
    again, _ = jitter(image=images, bbox=boxes, new_roll=False)
    assert len({float(t[0, 0, 0]) for t in together}) == 1
    assert len({float(t[0, 0, 0]) for t in apart}) == 6
    assert float(again[0][0, 0, 0]) == float(apart[-1][0, 0, 0])


def test_outputs_come_in_the_order_of_the_keywords():
    image, mask = np.zeros((4, 4, 3), np.uint8), torch.ones(4, 4)
    out_mask, out_image = tfm.Transform(tfm.ToTensorAndJitter(0.0))(mask=mask, image=image)
    assert out_mask.shape == (4, 4) and out_image.shape == (3, 4, 4)
    with pytest.raises(ValueError):
        tfm.Transform(tfm.ToBGR())(picture=image)
