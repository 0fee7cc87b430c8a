"""Which frames are drawn: visible ones, close together, distinct where possible, and the same for a seed."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ltr.data.boxmask import ClipSampler
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.dataset.boxmask import SampleClips


class Numbered(BaseVideoDataset):
    """Frames that know their number."""

    def __init__(self, visible, name='numbered'):
        super().__init__(name, '', None)
        self.visible = torch.tensor(visible, dtype=torch.uint8)
        self.sequence_list = ['only']

    def get_name(self):
        return self.name

    def get_sequence_info(self, seq_id):
        return {'visible': self.visible}

    def get_frames(self, seq_id, frame_ids, anno=None):
        return list(frame_ids), {'mask': list(frame_ids)}, {}


@settings(max_examples=60, deadline=None)
@given(visible=st.lists(st.booleans(), min_size=1, max_size=40).filter(any), max_gap=st.integers(0, 50),
       num_frames=st.integers(1, 6), seed=st.integers(0, 9))
def test_frames_are_visible_within_the_gap_in_order_and_distinct_where_possible(visible, max_gap, num_frames, seed):
    clip = ClipSampler([Numbered(visible)], None, 1, max_gap, num_frames, seed=seed, p_reverse=0)[0]['images']
    assert len(clip) == num_frames
    assert all(visible[frame] for frame in clip)
    assert clip == sorted(clip) and clip[-1] - clip[0] <= max_gap
    if max_gap >= len(visible) - 1:
        assert len(set(clip)) == min(num_frames, sum(visible))


def test_a_clip_of_a_long_visible_sequence_has_no_frame_twice():
    sampler = ClipSampler([Numbered([1] * 50)], None, 100, 10, 3)
    assert all(len(set(sampler[i]['images'])) == 3 for i in range(2, 50) if 10 < sampler[i]['images'][0] < 40)


def test_clips_run_both_ways():
    sampler = ClipSampler([Numbered([1] * 50)], None, 60, 20, 3)
    random.seed(1)
    forward = [clip[0] < clip[-1] for clip in (sampler[i]['images'] for i in range(60))]
    assert 10 < sum(forward) < 50


def test_visibility_may_have_a_column_per_object_as_in_the_hosts_vos_datasets():
    clip = ClipSampler([Numbered([[0], [1], [1], [0]])], None, 1, 9, 2, seed=0, p_reverse=0)[0]
    assert clip['images'] == [1, 2]


def test_a_dataset_without_visible_frames_is_named():
    with pytest.raises(ValueError, match='barren'):
        ClipSampler([Numbered([0, 0, 0], name='barren')], None, 1, 5)[0]


def test_datasets_are_drawn_as_often_as_asked():
    sampler = ClipSampler([Numbered([1] * 9, 'a'), Numbered([1] * 9, 'b')], [6, 1], 700, 5)
    random.seed(0)
    names = [sampler[i]['dataset'] for i in range(700)]
    assert 560 < names.count('a') < 640


class Coloured(Numbered):
    """Frames of one grey with a target in the middle that is a little lighter, the more so the later the frame."""

    def __init__(self, grey):
        super().__init__([1] * 9, f'grey {grey}')
        self.grey = grey

    def get_frames(self, seq_id, frame_ids, anno=None):
        mask = np.zeros((20, 20), np.uint8)
        mask[6:14, 6:14] = 1
        frames = [np.repeat((self.grey + (10 + frame) * mask)[..., None], 3, axis=2) for frame in frame_ids]
        return frames, {'mask': [torch.from_numpy(mask)] * len(frame_ids)}, {}


@pytest.mark.parametrize(('share', 'expected'), [(0.0, 0), (0.5, range(80, 120)), (1.0, 200)])
def test_so_often_as_was_asked_for_a_target_is_seen_in_another_clip(share, expected):
    sampler = ClipSampler([Coloured(20), Coloured(120)], None, 200, 8, 3, moved=share, p_reverse=0)
    random.seed(2)
    count = 0
    for clip in (sampler[i] for i in range(200)):
        own = int(clip['dataset'].split()[1])
        middles = [int(image[10, 10, 0]) for image in clip['images']]
        corners = [int(image[0, 0, 0]) for image in clip['images']]
        assert middles == sorted(middles) and own + 10 <= middles[0] <= middles[-1] <= own + 18, "its own"
        assert len(set(corners)) == 1
        count += corners[0] != own
    assert count in np.atleast_1d(expected)


def test_where_there_is_no_other_video_a_target_stays_where_it_is():
    clip = ClipSampler([Coloured(20)], None, 1, 8, 3, moved=1.0)[0]
    assert len(clip['images']) == 3 and {int(image[0, 0, 0]) for image in clip['images']} == {20}


@pytest.mark.parametrize(('datasets', 'shares', 'frames', 'words'), [
    ([], None, 3, 'no dataset'), ([Numbered([1])], [1, 2], 3, '1 datasets but 2'),
    ([Numbered([1])], [0.0], 3, "a dataset's share is 0 or more, and of one more than 0; got"),
    ([Numbered([1])] * 2, [-1, 2], 3, r'got \[-1, 2\]'),
    ([Numbered([1])], None, 0, '1 or more frames, got num_frames=0')])
def test_a_sampler_that_cannot_work_is_refused_at_once(datasets, shares, frames, words):
    with pytest.raises(ValueError, match=f'ClipSampler: .*{words}'):
        ClipSampler(datasets, shares, 1, 5, frames)


def test_a_seeded_sample_is_the_same_every_time_and_leaves_the_random_state_alone():
    sampler = ClipSampler([SampleClips('val')], None, 4, 10, 2, seed=3)
    random.seed(5)
    before = random.getstate()
    first, again, other = sampler[1], sampler[1], sampler[2]
    assert random.getstate() == before
    assert all(np.array_equal(a, b) for a, b in zip(first['images'], again['images'], strict=True))
    assert not np.array_equal(first['images'][0], other['images'][0])


def test_iterating_ends_after_an_epoch():
    assert len(list(ClipSampler([Numbered([1] * 9)], None, 7, 5))) == 7
