"""Chunk windows: every visible frame once, no absent one, nothing too long, nothing alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxmask.generate.plan import chunk_plan


@pytest.mark.parametrize(("frames", "window", "stride", "expected"), [
    (1, 9, 5, [(0,)]),
    (2, 9, 5, [(0, 1)]),
    (9, 9, 5, [tuple(range(9))]),
    (10, 9, 5, [(0, 2, 4, 6, 8), (1, 3, 5, 7, 9)]),
    (45, 9, 5, [tuple(range(start, 45, 5)) for start in range(5)]),
    (6, 3, 1, [(0, 1, 2), (3, 4, 5)]),
    (3, 1, 1, [(0,), (1,), (2,)]),
    (0, 9, 5, []),
])
def test_windows_interleave_the_frames_of_a_block(frames, window, stride, expected):
    plan = chunk_plan(np.ones(frames, bool), window=window, stride=stride)
    assert list(plan.windows) == expected
    assert plan.absent == ()


def test_two_blocks_follow_one_another():
    plan = chunk_plan(np.ones(90, bool), window=9, stride=5)
    assert plan.windows[:5] == tuple(tuple(range(start, 45, 5)) for start in range(5))
    assert plan.windows[5:] == tuple(tuple(range(45 + start, 90, 5)) for start in range(5))


def test_absent_frames_are_left_out_of_windows():
    plan = chunk_plan(np.array([1, 0, 1, 1, 0], bool))
    assert plan.windows == ((0, 2, 3),)
    assert plan.absent == (1, 4)


@given(st.lists(st.booleans(), max_size=300), st.integers(1, 12), st.integers(1, 8))
def test_every_frame_has_its_place(present, window, stride):
    plan = chunk_plan(np.array(present, dtype=bool), window=window, stride=stride)
    solved = sorted(frame for frames in plan.windows for frame in frames)
    assert solved == [index for index, there in enumerate(present) if there]
    assert list(plan.absent) == [index for index, there in enumerate(present) if not there]
    assert plan.num_frames == len(present)
    assert all(len(frames) <= window and list(frames) == sorted(frames) for frames in plan.windows)
    if window >= 3 and len(solved) > 1:
        assert min(len(frames) for frames in plan.windows) > 1


@given(st.integers(46, 2000))
def test_a_window_spans_about_window_times_stride_frames(frames):
    spans = [window[-1] - window[0] for window in chunk_plan(np.ones(frames, bool)).windows]
    assert min(spans) >= 0.6 * 40 and max(spans) <= 1.6 * 40


@pytest.mark.parametrize(("window", "stride"), [(0, 5), (9, 0)])
def test_a_window_or_stride_below_one_is_refused(window, stride):
    with pytest.raises(ValueError, match="at least 1"):
        chunk_plan(np.ones(3, bool), window=window, stride=stride)
