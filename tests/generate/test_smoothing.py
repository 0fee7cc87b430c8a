"""Smoothing: what moves is followed, what does not belong together is kept apart, and no frame is forgotten."""

import math
import random
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest

from boxmask.boxes import Window
from boxmask.generate import smoothing
from boxmask.generate.masker import Scores
from boxmask.generate.smoothing import Smoother, picture

SIDE = 128  # of crops
STEP = 3  # pixels that the target moves from frame to frame


@pytest.fixture
def chance():
    return np.random.default_rng(0)


@pytest.fixture
def ground(chance):
    """A texture that is larger than a crop."""
    return cv2.resize(chance.integers(0, 256, (40, 60, 3), np.uint8), (480, 320), interpolation=cv2.INTER_CUBIC)


def shot(image, values):
    return Scores(values.astype(np.float32), Window(0, 0, SIDE, SIDE), picture=picture(image))


def moving(ground, count):
    """Crops in which all moves to the left, and where a disc is in each."""
    crops = [ground[:SIDE, STEP * index:STEP * index + SIDE].copy() for index in range(count)]
    rows, columns = np.mgrid[:SIDE, :SIDE]
    discs = [np.hypot(rows - 64, columns - 80 + STEP * index) < 30 for index in range(count)]
    return crops, discs


def smoothed(shots, reach, order=None):
    """The scores of all frames, by frame; shots: by frame, None where there are none."""
    smoother = Smoother(sorted(shots), reach)
    return {ready: make() for frame in order or sorted(shots) for ready, make in smoother.add(frame, shots[frame])}


def wrong(scores, disc):
    return np.count_nonzero((scores.values > 0) != disc)


def test_noise_that_changes_from_frame_to_frame_goes_and_a_target_that_moves_stays(ground, chance):
    crops, discs = moving(ground, 9)
    noisy = {index: shot(crop, np.where(disc, 3, -3) + cv2.GaussianBlur(chance.normal(0, 40, (SIDE, SIDE)), (0, 0), 3))
             for index, (crop, disc) in enumerate(zip(crops, discs, strict=True))}
    found = smoothed(noisy, 4)
    assert sorted(found) == list(range(9))
    for index, disc in enumerate(discs):
        assert wrong(noisy[index], disc) > 400
        assert wrong(found[index], disc) < 0.5 * wrong(noisy[index], disc)


def test_neighbours_come_from_where_the_target_was_then(ground):
    """Crops that are wider than high; without noise the disc comes from all frames to the same place."""
    crops, discs = moving(ground, 9)
    shots = {index: shot(crop[:100], np.where(disc, 5.0, -5.0)[:100])
             for index, (crop, disc) in enumerate(zip(crops, discs, strict=True))}
    for index, scores in smoothed(shots, 8).items():
        assert wrong(scores, discs[index][:100]) < 60
        assert np.abs(scores.values - shots[index].values).mean() < 0.3


def test_scores_that_agree_stay_as_they_are(ground):
    crops, discs = moving(ground, 1)
    values = cv2.GaussianBlur(np.where(discs[0], 8.0, -8.0), (0, 0), 2)
    values[:4], values[4:8] = 1e6, -1e6  # more than half precision has
    for scores in smoothed({index: shot(crops[0], values) for index in range(5)}, 2).values():
        np.testing.assert_allclose(scores.values[8:], values[8:], rtol=1e-3, atol=1e-4)
        assert np.isfinite(scores.values).all()
        assert (scores.values[:4] > 1e4).all() and (scores.values[4:8] < -1e4).all()


def test_place_and_agreement_are_kept_and_what_was_given_is_not_changed(ground):
    crops, discs = moving(ground, 2)
    first = replace(shot(crops[0], discs[0]), stage_agreement=0.25)
    found = smoothed({0: first, 1: shot(crops[1], ~discs[1])}, 1)[0]
    assert found.window == first.window and found.stage_agreement == 0.25
    np.testing.assert_array_equal(first.values, discs[0])


def test_a_frame_of_another_scene_says_nothing(ground, chance):
    crops, discs = moving(ground, 1)
    other = cv2.resize(chance.integers(0, 256, (9, 7, 3), np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    own = shot(crops[0], np.where(discs[0], 5.0, -5.0))
    found = smoothed({0: own, 1: shot(other, np.full((SIDE, SIDE), 20.0))}, 1)[0]
    assert wrong(found, discs[0]) < 0.01 * SIDE ** 2
    assert np.abs(found.values - own.values).mean() < 0.5


def uniform(x, y=0.0):
    """A flow (20, 30, 2) that is the same everywhere."""
    return np.full((20, 30, 2), (x, y), np.float32)


@pytest.mark.parametrize(("there", "back", "colour", "counts"), [
    (uniform(0), uniform(0), 100, 1),
    (uniform(2, 1), uniform(-2, -1), 100, 1),
    (uniform(2), uniform(-2, 1.5), 100, math.exp(-1)),
    (uniform(0), uniform(1.5, 3), 100, math.exp(-5)),
    (uniform(0), uniform(0), 120, math.exp(-1)),
    (uniform(0), uniform(-3), 60, math.exp(-8)),
])
def test_a_neighbour_counts_less_where_the_flow_ends_elsewhere_or_colours_differ(there, back, colour, counts):
    first, second = (np.full((20, 30, 3), value, np.uint8) for value in (100, colour))
    where, found = smoothing._way(first, second, there, back)
    np.testing.assert_allclose(where[4, 7], (7, 4) + there[0, 0])
    np.testing.assert_allclose(found[5:15, 5:20], counts, rtol=1e-5)


def test_what_has_left_the_picture_does_not_count():
    """Its flow goes to the border and back as if nothing were amiss, and all looks alike."""
    alike = np.full((20, 30, 3), 100, np.uint8)
    _, counts = smoothing._way(alike, alike, uniform(6), uniform(-6))
    np.testing.assert_allclose(counts[:, :23], 1)
    np.testing.assert_array_equal(counts[:, 25:], 0)


def test_without_neighbours_scores_are_the_same_object(ground):
    crops, discs = moving(ground, 2)
    shots = {index: shot(crop, disc) for index, (crop, disc) in enumerate(zip(crops, discs, strict=True))}
    assert all(smoothed(shots, 0)[index] is shots[index] for index in shots)
    assert smoothed({0: shots[0], 1: None}, 0) == {0: shots[0]}
    np.testing.assert_array_equal(smoothed({0: shots[0], 1: None}, 3)[0].values, shots[0].values)


def test_what_waits_waits_in_half_precision_and_without_the_first_stage(ground):
    crops, discs = moving(ground, 1)
    scores = replace(shot(crops[0], discs[0]), first=discs.pop())
    gone = [weakref.ref(scores.values), weakref.ref(scores.first)]
    smoother = Smoother(range(2), 1)
    assert not list(smoother.add(0, scores))
    del scores
    assert [each() for each in gone] == [None, None]


def test_the_order_in_which_scores_come_makes_no_difference(ground, chance):
    crops, _ = moving(ground, 12)
    shots = {3 * index: None if index in (4, 5, 9) else shot(crop, chance.normal(0, 5, (SIDE, SIDE)))
             for index, crop in enumerate(crops)}
    usual = smoothed(shots, 3)
    assert sorted(usual) == [frame for frame, scores in shots.items() if scores is not None]
    order = sorted(shots)
    for seed in range(3):
        random.Random(seed).shuffle(order)
        found = smoothed(shots, 3, order)
        assert sorted(found) == sorted(usual)
        assert all(np.array_equal(found[frame].values, usual[frame].values) for frame in usual)


def test_a_frame_waits_for_its_neighbours_and_for_no_more(ground):
    crops, discs = moving(ground, 1)
    given = shot(crops[0], discs[0])
    smoother = Smoother(range(6), 2)
    assert [[frame for frame, _ in smoother.add(added, given)] for added in (0, 1, 3, 5)] == [[], [], [], []]
    assert [frame for frame, _ in smoother.add(2, given)] == [0, 1]
    assert [frame for frame, _ in smoother.add(4, None)] == [2, 3, 5]


def test_no_more_is_held_than_frames_that_may_be_needed(ground):
    crops, discs = moving(ground, 1)
    held, most = [], 0
    smoother = Smoother(range(300), 4)
    for frame in range(300):
        scores = shot(crops[0], discs[0])
        held.append(weakref.ref(scores.picture))
        list(smoother.add(frame, scores))
        del scores
        most = max(most, sum(each() is not None for each in held))
    assert most == 8 and not any(each() is not None for each in held)


def test_threads_find_each_motion_once_and_the_same_scores(ground, chance, monkeypatch):
    crops, _ = moving(ground, 10)
    shots = {index: shot(crop, chance.normal(0, 5, (SIDE, SIDE))) for index, crop in enumerate(crops)}
    usual = smoothed(shots, 3)
    found, ways = [], smoothing._ways
    monkeypatch.setattr(smoothing, "_ways", lambda *pictures: found.append(1) or ways(*pictures))
    smoother = Smoother(range(10), 3)
    waiting = [each for frame in shots for each in smoother.add(frame, shots[frame])]
    with ThreadPoolExecutor(4) as pool:
        made = {frame: pool.submit(make) for frame, make in waiting}
    assert all(np.array_equal(made[frame].result().values, usual[frame].values) for frame in shots)
    assert len(found) == 9


def test_the_number_of_opencvs_threads_makes_no_difference(ground, chance):
    crops, _ = moving(ground, 4)
    shots = {index: shot(crop, chance.normal(0, 5, (SIDE, SIDE))) for index, crop in enumerate(crops)}
    before = cv2.getNumThreads()
    try:
        found = []
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            found.append(smoothed(shots, 2))
    finally:
        cv2.setNumThreads(before)
    for other in found[1:]:
        assert all(np.array_equal(other[frame].values, found[0][frame].values) for frame in shots)


@pytest.mark.parametrize(("size", "expected"), [((576, 576), (288, 288)), ((832, 480), (288, 166)),
                                                ((160, 240), (160, 240)), ((2000, 3), (288, 1))])
def test_pictures_are_small(size, expected):
    assert picture(np.zeros((size[1], size[0], 3), np.uint8)).shape == (expected[1], expected[0], 3)
