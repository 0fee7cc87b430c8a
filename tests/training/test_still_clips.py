"""Still images as clips, from a folder in the documented layout."""

import random

import cv2
import numpy as np
import pytest

from boxmask import boxes
from ltr.dataset.boxmask import StillClips, still_sources
from ltr.dataset.boxmask_stills import Cutout, animate

HEADER = 'name,instance_id,area,source\n'


@pytest.fixture
def stills(tmp_path):
    """Two images of two sources: a bright square (id 1) and a disc (id 2), and a strip that is not known."""
    rng = np.random.default_rng(0)
    lines = [HEADER]
    for folder in ('images', 'masks'):
        (tmp_path / folder).mkdir()
    for name, source in (('one', 'zoo'), ('two', 'street')):
        image = rng.integers(0, 90, (120, 160, 3), dtype=np.uint8)
        labels = np.zeros((120, 160), np.uint8)
        labels[30:70, 20:60] = 1
        cv2.circle(labels, (110, 60), 20, 2, -1)
        labels[:8] = 255
        image[(labels == 1) | (labels == 2)] = 230
        cv2.imwrite(str(tmp_path / 'images' / f'{name}.jpg'), image, [cv2.IMWRITE_JPEG_QUALITY, 98])
        cv2.imwrite(str(tmp_path / 'masks' / f'{name}.png'), labels)
        for value in (1, 2):
            lines.append(f'{name},{value},{(labels == value).sum()},{source}\n')
    (tmp_path / 'instances.csv').write_text(''.join(lines))
    return tmp_path


def test_every_object_of_every_image_is_a_sequence_and_sources_can_be_chosen(stills):
    assert still_sources(stills) == ['street', 'zoo']
    assert len(StillClips(stills)) == 4
    zoo = StillClips(stills, sources=['zoo'])
    assert len(zoo) == 2 and zoo.get_name() == 'StillClips/zoo'
    assert len(StillClips(stills, min_area=1500)) == 2


def test_frames_show_the_moving_object_under_its_mask(stills):
    random.seed(0)
    dataset = StillClips(stills)
    assert dataset.get_sequence_info(0)['visible'].sum() == dataset.num_frames
    for sequence in range(4):
        images, annotations, meta = dataset.get_frames(sequence, [0, 9, 18])
        assert meta['sequence'] == f'StillClips/{("one", "two")[sequence // 2]}', "two objects of an image"
        masks = [mask.numpy() for mask in annotations['mask']]
        assert not np.array_equal(masks[0], masks[1])
        for image, mask, box in zip(images, masks, annotations['bbox'], strict=True):
            assert image.shape == (120, 160, 3) and mask.shape == (120, 160)
            assert set(np.unique(mask)) <= {0, 1, 255}
            assert np.array_equal(box.numpy(), boxes.from_mask(mask == 1))
            assert np.median(image[cv2.erode((mask == 1).astype(np.uint8), np.ones((5, 5))) == 1]) > 200


def test_ignored_pixels_stay_ignored_and_what_lies_beyond_the_still_is(stills):
    random.seed(1)
    _, annotations, _ = StillClips(stills).get_frames(0, [0, 5, 10, 15, 20])
    assert any((mask == 255).any() for mask in annotations['mask'])


def test_motion_follows_from_the_random_state(stills):
    dataset = StillClips(stills)
    clips = []
    for seed in (4, 4, 5):
        random.seed(seed)
        clips.append(np.stack(dataset.get_frames(1, [0, 8])[0]))
    assert np.array_equal(clips[0], clips[1]) and not np.array_equal(clips[0], clips[2])


def test_cut_outs_pass_but_leave_enough_of_the_target():
    image, mask = np.zeros((120, 160, 3), np.uint8), np.zeros((120, 160), np.uint8)
    mask[40:80, 60:100] = 1
    cutout = Cutout(np.full((90, 90, 3), 255, np.uint8), np.ones((90, 90), bool))
    hidden, seen = [], []
    for seed in range(20):
        images, masks = animate(image, mask, [cutout], [0, 7, 14], rng=np.random.default_rng(seed))
        seen += [frame.max() for frame in images]
        hidden += [1 - (m == 1).sum() / 1600 for m in masks]
        for frame, labels in zip(images, masks, strict=True):
            inside = cv2.erode((labels == 1).astype(np.uint8), np.ones((7, 7)))
            assert frame[inside == 1].max(initial=0) < 128
    assert max(seen) == 255 and 0 < max(hidden) < 0.9


def test_boxes_in_the_list_are_not_needed_to_cut_out_and_areas_may_have_fractions(stills):
    (stills / 'instances.csv').write_text('name,instance_id,x,y,w,h,area,source\none,1,-3.0,500,0.8,,1600.0,zoo\n'
                                          'two,2,0,0,0,0,1257.5,zoo\n')
    random.seed(0)
    dataset = StillClips(stills)
    cutouts = [dataset._cutout() for _ in range(20)]
    assert {cutout.mask.shape for cutout in cutouts} == {(40, 40), (41, 41)}
    assert all(np.median(cutout.image[cutout.mask]) > 200 for cutout in cutouts)


@pytest.mark.parametrize(('break_it', 'error', 'message'), [
    (lambda root: (root / 'instances.csv').unlink(), FileNotFoundError, 'no instances.csv'),
    (lambda root: (root / 'instances.csv').write_text('name,x\n'), ValueError, 'lacks the columns area'),
    (lambda root: (root / 'instances.csv').write_text(HEADER), ValueError, 'no object'),
    (lambda root: (root / 'instances.csv').write_text(HEADER + 'one,1,many,zoo\n'), ValueError,
     'instances.csv, line 2: instance_id is 1 and area many'),
    (lambda root: (root / 'instances.csv').write_text(HEADER + 'one,1\n'), ValueError, 'line 2: .* area None'),
    (lambda root: (root / 'images' / 'one.jpg').unlink(), FileNotFoundError, 'one.jpg'),
    (lambda root: (root / 'images' / 'one.jpg').write_bytes(b'nothing'), ValueError, 'one.jpg cannot be read'),
    (lambda root: cv2.imwrite(str(root / 'masks' / 'one.png'), np.zeros((9, 9), np.uint8)), ValueError, '9x9'),
    (lambda root: cv2.imwrite(str(root / 'masks' / 'one.png'), np.full((120, 160), 2, np.uint8)), ValueError,
     'one.png has no pixel of instance 1, which instances.csv names'),
])
def test_a_broken_folder_is_named(stills, break_it, error, message):
    break_it(stills)
    with pytest.raises(error, match=message):
        StillClips(stills).get_frames(0, [0])
