"""The sample clips: the same for a seed, exact, visible, and of photographs that the two splits do not share."""

import hashlib
import subprocess
import sys

import cv2
import numpy as np
import pytest

from boxmask import boxes, host
from ltr.dataset import boxmask_scene
from ltr.dataset.boxmask import SampleClips, sample_sequence
from ltr.dataset.boxmask_shapes import cover


def digest(arrays) -> str:
    return hashlib.sha256(b''.join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


def test_a_clip_is_the_same_in_another_process():
    frames, masks, truth = sample_sequence(3, 4, seed=5, split='val')
    program = ("import hashlib, numpy as np, boxmask.host; boxmask.host.activate()\n"
               "from ltr.dataset.boxmask import sample_sequence\n"
               "frames, masks, truth = sample_sequence(3, 4, seed=5, split='val')\n"
               "print(hashlib.sha256(b''.join(np.ascontiguousarray(a).tobytes() for a in [*frames, *masks, truth]))"
               ".hexdigest())")
    other = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=True,
                           cwd=host.overlay_root())
    assert other.stdout.strip() == digest([*frames, *masks, truth])


def test_the_seed_the_index_and_the_split_each_make_another_clip():
    clips = [sample_sequence(*arguments) for arguments in
             ((0, 1, 0, 'train'), (1, 1, 0, 'train'), (0, 1, 1, 'train'), (0, 1, 0, 'val'))]
    assert len({digest(frames) for frames, _, _ in clips}) == len(clips)


def test_boxes_are_the_tight_boxes_of_masks_that_are_never_empty():
    for index in range(15):
        frames, masks, truth = sample_sequence(index, 2, split='train')
        assert truth.shape == (2, 4)
        for frame, mask, box in zip(frames, masks, truth, strict=True):
            assert frame.shape == (270, 480, 3) and frame.dtype == np.uint8
            assert mask.shape == (270, 480) and mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 1}
            assert np.array_equal(box, boxes.from_mask(mask))


def test_the_target_moves_and_is_not_a_filled_box():
    filled, moved = [], []
    dataset = SampleClips('val', num_frames=13)
    for index in range(15):
        _, annotations, _ = dataset.get_frames(index, [0, 12])
        first, last = (box.numpy() for box in annotations['bbox'])
        filled.append(annotations['mask'][0].sum().item() / (first[2] * first[3]))
        moved.append(np.abs(last[:2] - first[:2]).max())
    assert 0.3 < np.mean(filled) < 0.7
    assert np.median(moved) > 5


def test_what_passes_in_front_leaves_a_part_of_the_target_visible():
    shares = []
    for index in range(30):
        scene = boxmask_scene.make_scene(index, num_frames=12, seed=0, split='train')
        shares += [scene.target_share(t) for t in range(12)]
    assert min(shares) > 0.8 * boxmask_scene.MIN_VISIBLE
    assert min(shares) < 0.95


def test_frames_do_not_depend_on_which_others_are_made():
    dataset = SampleClips('train', num_frames=10)
    images, annotations, _ = dataset.get_frames(2, [7])
    more_images, more_annotations, _ = dataset.get_frames(2, [1, 7])
    assert np.array_equal(images[0], more_images[1])
    assert np.array_equal(annotations['mask'][0], more_annotations['mask'][1])


def test_the_splits_share_no_photograph():
    train, val = boxmask_scene.PHOTOS['train'], boxmask_scene.PHOTOS['val']
    assert len(set(train)) == len(train) and len(set(val)) == len(val)
    assert not set(train) & set(val)
    digests = {split: {digest(photo) for photo in boxmask_scene.load_photos(split)} for split in ('train', 'val')}
    assert not digests['train'] & digests['val']


def test_missing_scikit_image_is_named_with_its_install_line(monkeypatch):
    boxmask_scene.load_photos.cache_clear()
    monkeypatch.setattr(boxmask_scene.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match='pip install scikit-image'):
        boxmask_scene.load_photos('train')


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="no split 'test'"):
        sample_sequence(0, 1, split='test')


@pytest.mark.parametrize(('box', 'expected'), [
    ((2, 3, 4, 5), 20),
    ((-3, -3, 5, 5), 4),
    ((2.5, 3, 2, 2), 4),
    ((30, 3, 4, 4), None),
    ((-9, 2, 8, 4), None),
])
def test_a_rectangle_covers_as_much_as_its_area_in_the_frame(box, expected):
    x, y, w, h = box
    covered = cover([np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], dtype=float)], (20, 16))
    if expected is None:
        assert covered is None
    else:
        # OpenCV fills the outermost sub-pixels on the far sides too: a quarter pixel of border at most.
        assert covered[0].sum() == pytest.approx(expected, abs=0.26 * 2 * (w + h))


def test_a_frame_is_sharp_somewhere_else_than_in_the_target_too():
    ratios = []
    for index in range(12):
        frames, masks, _ = sample_sequence(index, 1, split='train')
        edges = np.abs(cv2.Laplacian(cv2.cvtColor(frames[0], cv2.COLOR_RGB2GRAY), cv2.CV_32F))
        inside = cv2.erode(masks[0], np.ones((5, 5), np.uint8)) == 1
        outside = cv2.dilate(masks[0], np.ones((5, 5), np.uint8)) == 0
        if inside.any():
            ratios.append(edges[inside].mean() / edges[outside].mean())
    assert min(ratios) < 0.8 and max(ratios) > 1.25
