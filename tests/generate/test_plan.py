"""Windows: every visible frame kept once, no absent one, nothing too long, nothing alone, memory bounded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxmask.generate.plan import Window, WindowOptions, make_plan
from boxmask.readers.sequence import Sight

LETTERS = {"v": Sight.VISIBLE, "a": Sight.ABSENT, "i": Sight.INVALID}


def sight(*objects):
    return np.array([[LETTERS[letter] for letter in of_object] for of_object in objects], np.int8).T


def frames(windows):
    return [window.frames for window in windows]


def chunk(window=9, stride=5, overlap=0):
    return WindowOptions("chunk", window, stride, overlap)


def sliding(window=9, stride=5):
    return WindowOptions("sliding", window, stride)


@pytest.mark.parametrize(("count", "window", "stride", "expected"), [
    (1, 9, 5, [(0,)]),
    (2, 9, 5, [(0, 1)]),
    (9, 9, 5, [tuple(range(9))]),
    (10, 9, 5, [(0, 2, 4, 6, 8), (1, 3, 5, 7, 9)]),
    (45, 9, 5, [tuple(range(start, 45, 5)) for start in range(5)]),
    (90, 9, 5, [tuple(range(first + start, first + 45, 5)) for first in (0, 45) for start in range(5)]),
    (6, 3, 1, [(0, 1, 2), (3, 4, 5)]),
    (3, 1, 1, [(0,), (1,), (2,)]),
    (0, 9, 5, []),
])
def test_chunk_windows_interleave_the_frames_of_a_block(count, window, stride, expected):
    windows = make_plan(np.zeros((count, 1), np.int8), chunk(window, stride))
    assert frames(windows) == expected
    assert all(window.keep == window.frames for window in windows)


def test_frames_where_the_object_is_not_visible_are_left_out():
    assert make_plan(sight("vaviv"), chunk()) == (Window(0, (0, 2, 4), (0, 2, 4)),)


def test_each_object_has_windows_of_its_own():
    windows = make_plan(sight("vvvaa", "aaavv", "aaaaa"), chunk())
    assert windows == (Window(0, (0, 1, 2), (0, 1, 2)), Window(1, (3, 4), (3, 4)))


def test_the_overlap_is_taken_from_the_windows_before_and_after():
    windows = make_plan(np.zeros((12, 1), np.int8), chunk(2, 2, overlap=1))
    assert windows == (
        Window(0, (0, 2, 4), (0, 2)), Window(0, (1, 3, 5), (1, 3)),
        Window(0, (2, 4, 6, 8), (4, 6)), Window(0, (3, 5, 7, 9), (5, 7)),
        Window(0, (6, 8, 10), (8, 10)), Window(0, (7, 9, 11), (9, 11)))
    wider = make_plan(np.zeros((12, 1), np.int8), chunk(2, 2, overlap=3))
    assert wider[2] == Window(0, (0, 2, 4, 6, 8, 10), (4, 6)), "all of a window that is shorter"


@pytest.mark.parametrize(("count", "frame", "expected"), [
    (100, 50, tuple(range(30, 71, 5))),
    (100, 20, tuple(range(0, 41, 5))),
    (100, 3, tuple(range(3, 44, 5))),  # shifted at the start
    (100, 98, tuple(range(58, 99, 5))),  # shifted at the end
    (20, 7, tuple(range(1, 18, 2))),  # nine frames need a stride of 2
    (5, 2, (0, 1, 2, 3, 4)),
    (16, 7, tuple(range(3, 12))),  # sixteen a stride of 1
    (17, 8, tuple(range(0, 17, 2))),
    (1, 0, (0,)),
])
def test_a_sliding_window_is_around_its_frame_and_shifted_at_the_ends(count, frame, expected):
    window, = (window for window in make_plan(np.zeros((count, 1), np.int8), sliding()) if frame in window.keep)
    assert window.frames == expected


def test_windows_of_two_frames_are_as_far_apart_as_the_sequence_is_long():
    assert make_plan(np.zeros((4, 1), np.int8), sliding(2, 5))[-1].frames == (0, 3)
    assert make_plan(np.zeros((4, 1), np.int8), sliding(1, 5))[0].frames == (0,)


def test_absent_frames_are_dropped_from_sliding_windows_and_not_replaced():
    seen = np.zeros((100, 1), np.int8)
    seen[[40, 55]] = Sight.ABSENT
    window, = (window for window in make_plan(seen, sliding()) if 50 in window.keep)
    assert window.frames == (30, 35, 45, 50, 60, 65, 70)


def test_sliding_frames_with_the_same_window_share_it():
    windows = make_plan(np.zeros((41, 1), np.int8), sliding())
    assert windows[-1] == Window(0, tuple(range(0, 41, 5)), tuple(range(0, 41, 5)))


SIGHTS = st.integers(0, 3).flatmap(lambda objects: st.lists(
    st.lists(st.sampled_from(list(Sight)), min_size=objects, max_size=objects), max_size=150).map(
        lambda rows: np.array(rows, np.int8).reshape(len(rows), objects)))
OPTIONS = st.builds(WindowOptions, st.sampled_from(["chunk", "sliding"]), st.integers(1, 12), st.integers(1, 8),
                    st.integers(0, 4))


@given(SIGHTS, OPTIONS)
def test_every_visible_object_of_every_frame_is_kept_by_one_window(seen, options):
    windows = make_plan(seen, options)
    kept = sorted((frame, window.object) for window in windows for frame in window.keep)
    assert kept == [tuple(place) for place in np.argwhere(seen == Sight.VISIBLE).tolist()]


@given(SIGHTS, OPTIONS)
def test_windows_ascend_hold_only_visible_frames_and_are_not_too_long(seen, options):
    windows = make_plan(seen, options)
    for window in windows:
        assert list(window.frames) == sorted(set(window.frames))
        assert window.keep and set(window.keep) <= set(window.frames) and list(window.keep) == sorted(window.keep)
        assert (seen[list(window.frames), window.object] == Sight.VISIBLE).all()
        overlap = 2 * options.overlap if options.kind == "chunk" else 0
        assert len(window.frames) <= options.window + overlap
    assert [window.frames[-1] for window in windows] == sorted(window.frames[-1] for window in windows)


@given(SIGHTS, st.integers(3, 12), st.integers(1, 8))
def test_no_chunk_window_is_alone_if_its_object_is_visible_twice(seen, window, stride):
    for each in make_plan(seen, chunk(window, stride)):
        assert len(each.frames) > 1 or np.count_nonzero(seen[:, each.object] == Sight.VISIBLE) == 1


@given(st.integers(1, 200), OPTIONS)
def test_a_window_does_not_change_with_what_other_objects_do(count, options):
    rng = np.random.default_rng(count)
    seen = rng.integers(0, 3, (count, 2)).astype(np.int8)
    alone = make_plan(seen[:, :1], options)
    assert tuple(window for window in make_plan(seen, options) if window.object == 0) == alone


@given(st.integers(46, 2000))
def test_a_chunk_window_spans_about_window_times_stride_frames(count):
    spans = [window[-1] - window[0] for window in frames(make_plan(np.zeros((count, 1), np.int8), chunk()))]
    assert min(spans) >= 0.6 * 40 and max(spans) <= 1.6 * 40


@given(SIGHTS, OPTIONS)
def test_few_views_live_at_once(seen, options):
    """Of one object; they live from their frame to the last window with it. A view may only wait for its block."""
    windows = make_plan(seen, options)
    for index in range(seen.shape[1]):
        mine = [window for window in windows if window.object == index]
        last = {frame: window.frames[-1] for window in mine for frame in window.frames}
        alive = max((sum(frame <= now <= end for frame, end in last.items()) for now in range(len(seen))), default=0)
        assert alive <= 3 * (options.window + 2 * options.overlap) * options.stride + options.window


@pytest.mark.parametrize("numbers", [(0, 5, 0), (9, 0, 0), (9, 5, -1)])
def test_windows_without_frames_are_refused(numbers):
    with pytest.raises(ValueError, match="at least 1"):
        WindowOptions("chunk", *numbers)


def test_an_unknown_kind_of_windows_is_refused():
    with pytest.raises(ValueError, match="chunk or sliding"):
        WindowOptions("slidng")
