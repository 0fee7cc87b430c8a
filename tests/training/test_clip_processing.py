"""Crops, boxes and masks stay together through every random change."""

import random

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from boxmask import boxes
from ltr.data.boxmask import ClipProcessing
from ltr.data.boxmask_augment import Photometric, degrade, jitter_box, moved, rotate
from ltr.models.boxmask import InputSpec
from pytracking import TensorDict

RGB = InputSpec(size=(208, 120), mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0), bgr=False)
BGR = InputSpec(size=(208, 120), mean=(10.0, 20.0, 30.0), std=(1.0, 1.0, 1.0), bgr=True)


def clip_of_rectangles(rectangles, size=(320, 180)):
    """A white rectangle on black in each frame; the mask is the rectangle."""
    masks = []
    for x, y, w, h in rectangles:
        mask = np.zeros(size[::-1], np.uint8)
        mask[y:y + h, x:x + w] = 1
        masks.append(mask)
    images = [np.repeat(mask[..., None] * 255, 3, axis=2) for mask in masks]
    return TensorDict({'images': images, 'masks': [torch.from_numpy(mask).float() for mask in masks],
                       'dataset': 'rectangles'})


rectangle = st.tuples(st.integers(0, 250), st.integers(0, 120), st.integers(12, 70), st.integers(12, 60))


@settings(max_examples=40, deadline=None)
@given(rectangles=st.lists(rectangle, min_size=1, max_size=3), search_factor=st.floats(1.5, 5),
       center=st.sampled_from([0.0, 0.3, 3.0]), scale=st.sampled_from([0.0, 0.25]), inside=st.booleans(),
       seed=st.integers(0, 99))
def test_the_box_is_the_tight_box_of_the_mask_in_the_crop(rectangles, search_factor, center, scale, inside, seed):
    random.seed(seed)
    processing = ClipProcessing(RGB, search_factor, center_jitter=center, scale_jitter=scale, inside_major=inside,
                                flip=0.5)
    batch = processing(clip_of_rectangles(rectangles))
    frames = len(rectangles)
    assert batch['images'].shape == (frames, 3, 120, 208) and batch['masks'].shape == (frames, 120, 208)
    assert batch['boxes'].shape == (frames, 4)
    for mask, box in zip(batch['masks'], batch['boxes'], strict=True):
        seen = boxes.intersect(box.numpy(), (208, 120))
        found = boxes.from_mask(mask.numpy() == 1)
        ends, found_ends = seen[:2] + seen[2:], found[:2] + found[2:]
        assert np.abs(seen[:2] - found[:2]).max() <= 1 and np.abs(ends - found_ends).max() <= 1


@settings(max_examples=25, deadline=None)
@given(rectangles=st.lists(rectangle, min_size=2, max_size=2), rotation=st.sampled_from([0.0, 30.0]),
       seed=st.integers(0, 99))
def test_image_and_mask_show_the_same_place(rectangles, rotation, seed):
    random.seed(seed)
    processing = ClipProcessing(RGB, 2.5, center_jitter=0.3, scale_jitter=0.2, rotation=rotation, flip=0.5)
    batch = processing(clip_of_rectangles(rectangles))
    known = batch['masks'] != 255
    bright = batch['images'].mean(1) > 0
    assert (bright == (batch['masks'] == 1))[known].float().mean() > 0.98


def test_a_clip_is_turned_as_a_whole():
    random.seed(0)
    seen = []
    for _ in range(5):
        masks = ClipProcessing(RGB, 3.0, rotation=45.0)(clip_of_rectangles([(100, 60, 60, 20)] * 2))['masks']
        assert torch.equal(*masks)
        seen.append(masks[0])
    assert not any(torch.equal(seen[0], other) for other in seen[1:])


def test_an_image_and_its_mask_are_turned_around_the_target():
    clip = clip_of_rectangles([(200, 60, 60, 20)])
    image, mask = clip['images'][0], clip['masks'][0].numpy().astype(np.uint8)
    turned, labels = rotate(image, mask, 90.0, fill=255)
    assert boxes.from_mask(labels == 1) == pytest.approx([220, 40, 20, 60], abs=1)
    assert ((turned[..., 0] > 127) == (labels == 1)).mean() > 0.999
    assert (labels[:, 0] == 255).all() and (labels[:, 160] == 0).all()
    assert rotate(image, mask, 0.0, fill=255)[0] is image


def test_a_target_is_not_turned_out_of_the_frame():
    image, mask = np.zeros((120, 214, 3), np.uint8), np.zeros((120, 214), np.uint8)
    mask[-10:, :10] = mask[:10, -10:] = 1
    assert rotate(image, mask, 15.0, fill=255) == (image, mask)
    assert not np.array_equal(rotate(image, mask, -1.0, fill=255)[1], mask)


def test_without_augmentation_the_window_is_the_one_of_generation():
    clip = clip_of_rectangles([(100, 60, 40, 30)])
    box = np.array([100, 60, 40, 30.0])
    window = boxes.search_window(box, 2.5, (416, 240))
    batch = ClipProcessing(RGB, 2.5, output_size=(416, 240))(clip)
    assert batch['masks'].shape == (1, 240, 416)
    assert torch.allclose(batch['boxes'][0], torch.from_numpy(boxes.to_crop(box, window, (416, 240))).float())


def test_pixels_beyond_the_frame_and_ignored_ones_are_255():
    clip = clip_of_rectangles([(0, 0, 40, 40)])
    clip['masks'][0][:10, :10] = 255
    masks = ClipProcessing(RGB, 3.0)(clip)['masks'][0]
    assert set(masks.unique().tolist()) == {0.0, 1.0, 255.0}
    assert (masks[0] == 255).all() and (masks[:, 0] == 255).all()
    assert (masks[60:64, 104:108] == 1).all()


def test_the_boxes_of_a_clip_are_one_annotators_and_annotators_differ():
    random.seed(3)
    clip = clip_of_rectangles([(100, 60, 60, 50)] * 40)
    exact = ClipProcessing(RGB, 2.0)(clip)['boxes']
    processing = ClipProcessing(RGB, 2.0, box_jitter=0.2)
    spread = [((processing(clip)['boxes'] - exact)[:, :2] / exact[:, 2:]).std().item() for _ in range(30)]
    assert min(spread) < 0.04 and 0.14 < max(spread) < 0.25
    assert 0.07 < np.mean(spread) < 0.13


def test_the_box_does_not_count_ignored_pixels():
    clip = clip_of_rectangles([(100, 60, 40, 40)])
    clip['masks'][0][:, :50] = 255
    plain = ClipProcessing(RGB, 3.0)(clip_of_rectangles([(100, 60, 40, 40)]))['boxes']
    assert torch.equal(ClipProcessing(RGB, 3.0)(clip)['boxes'], plain)


def test_a_target_moved_to_another_frame_is_the_same_and_all_else_is_of_that_one():
    image, mask = np.full((60, 80, 3), 200, np.uint8), np.zeros((60, 80), np.uint8)
    mask[20:40, 30:60] = 1
    mask[:5] = 255
    found, labels = moved(image, torch.from_numpy(mask), np.full((30, 90, 3), 50, np.uint8))
    assert found.shape == image.shape and np.array_equal(labels, mask == 1)
    near = cv2.dilate(labels, np.ones((9, 9))) - cv2.erode(labels, np.ones((9, 9)))
    assert (found[(labels == 1) & (near == 0)] == 200).all() and (found[(labels == 0) & (near == 0)] == 50).all()


@pytest.mark.parametrize(('spec', 'expected'), [
    (RGB, [(200 - 127) / 128, (100 - 127) / 128, (50 - 127) / 128]),
    (BGR, [50 - 10.0, 100 - 20.0, 200 - 30.0]),
])
def test_images_are_normalised_as_the_network_says(spec, expected):
    clip = clip_of_rectangles([(100, 60, 40, 30)])
    clip['images'][0][:] = (200, 100, 50)
    image = ClipProcessing(spec, 2.5)(clip)['images'][0]
    assert torch.allclose(image.mean((1, 2)), torch.tensor(expected), atol=1e-3)


def test_a_frame_with_an_empty_mask_is_an_error_that_names_the_dataset():
    clip = clip_of_rectangles([(100, 60, 40, 30)])
    clip['masks'][0].zero_()
    with pytest.raises(ValueError, match='rectangles'):
        ClipProcessing(RGB, 2.5)(clip)


def test_a_crop_shows_some_of_the_target_however_wild_the_jitter():
    random.seed(0)
    processing = ClipProcessing(RGB, 1.5, center_jitter=40.0, scale_jitter=1.0)
    for _ in range(10):
        assert (processing(clip_of_rectangles([(150, 80, 12, 12)]))['masks'] == 1).any()


def test_brightness_is_of_each_frame_and_greyscale_of_the_clip():
    random.seed(0)
    look = Photometric(brightness=0.2).roll()
    image = np.full((4, 4, 3), (100, 50, 150), np.uint8)
    assert len({look(image)[0, 0, 0] for _ in range(8)}) > 3
    grey = Photometric(greyscale=1.0).roll()(image)
    assert (grey[..., 0] == grey[..., 1]).all() and (grey[..., 1] == grey[..., 2]).all()
    assert np.array_equal(Photometric().roll()(image), image)


def test_degrading_leaves_at_least_half_of_the_target_and_the_other_arrays_alone():
    random.seed(0)
    image = np.random.default_rng(0).integers(0, 255, (120, 208, 3), dtype=np.uint8)
    mask = np.zeros((120, 208), np.uint8)
    mask[40:80, 60:120] = 1
    kept_image, kept_mask, box = image.copy(), mask.copy(), np.array([60, 40, 60, 40.0])
    changed = 0
    for _ in range(30):
        worse, seen, drawn = degrade(image, mask, box)
        assert worse.shape == image.shape and worse.dtype == np.uint8
        assert mask.sum() / 2 <= seen.sum() <= mask.sum()
        changed += not np.array_equal(worse, image) or not np.array_equal(drawn, box)
    assert changed > 25
    assert np.array_equal(image, kept_image) and np.array_equal(mask, kept_mask)


def test_a_target_is_never_behind_a_piece_of_its_own_or_of_what_is_not_known(monkeypatch):
    random.seed(0)
    monkeypatch.setattr('ltr.data.boxmask_augment.random.choice', lambda kinds: 'cover')
    mask = np.zeros((120, 208), np.uint8)
    mask[20:100, 40:170] = 1
    mask[:, :20] = 255
    image = np.repeat(mask[..., None] * 100, 3, axis=2)
    hidden = 0
    for _ in range(30):
        worse, seen, _ = degrade(image, mask, np.array([40, 20, 130, 80.0]))
        changed = seen != mask
        hidden += changed.any()
        assert not worse[changed].any(), "what is seen there is background"
    assert hidden > 15


def test_an_annotators_box_is_off_by_about_as_much_as_asked():
    random.seed(0)
    box = np.array([50, 40, 100, 200.0])
    assert jitter_box(box, 0.0) is box
    off = np.array([jitter_box(box, 0.02) - box for _ in range(2000)])
    assert off.mean(0) == pytest.approx([0, 0, 0, 0], abs=0.4)
    assert off[:, :2].std(0) == pytest.approx([2, 4], rel=0.1)
