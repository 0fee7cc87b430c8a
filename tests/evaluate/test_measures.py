"""J, F and the statistics of DAVIS: hand-made cases, and F against a plain slow implementation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from boxmask.evaluate.boundary import boundary, boundary_f, tolerance
from boxmask.evaluate.jaccard import jaccard
from boxmask.evaluate.statistics import bootstrap, mean_recall_decay

MASK_PAIRS = st.tuples(st.integers(1, 14), st.integers(1, 14)).flatmap(lambda shape: arrays(bool, (3, *shape)))


@pytest.mark.parametrize(("mask", "truth", "expected"), [
    ([1, 1, 0, 0], [1, 1, 0, 0], 1.0),
    ([1, 1, 0, 0], [0, 0, 1, 1], 0.0),
    ([1, 1, 0, 0], [0, 1, 1, 0], 1 / 3),
    ([1, 1, 1, 1], [1, 0, 0, 0], 0.25),
    ([0, 0, 0, 0], [0, 0, 0, 0], 1.0),
    ([1, 0, 0, 0], [0, 0, 0, 0], 0.0),
    ([0, 0, 0, 0], [1, 0, 0, 0], 0.0),
])
def test_j_is_intersection_over_union(mask, truth, expected):
    assert jaccard(np.array([mask], bool), np.array([truth], bool)) == pytest.approx(expected)


@pytest.mark.parametrize("measure", [jaccard, boundary_f])
def test_void_pixels_count_for_neither(measure):
    mask, truth, void = (np.array([row], bool) for row in ([1, 1, 1, 0], [1, 0, 0, 1], [0, 1, 1, 1]))
    assert measure(mask, truth, void) == 1.0
    assert measure(mask, truth, np.ones((1, 4), bool)) == 1.0
    with pytest.raises(ValueError, match="different sizes"):
        measure(mask, truth.T)


@pytest.mark.parametrize("measure", [jaccard, boundary_f])
@given(masks=MASK_PAIRS)
def test_measures_are_symmetric_and_between_zero_and_one(measure, masks):
    value = measure(masks[0], masks[1])
    assert 0 <= value <= 1
    assert value == measure(masks[1], masks[0])
    assert measure(masks[0], masks[0]) == 1


def slow_contour(mask):
    """Every pixel unlike its right, lower or lower right neighbour, where it has one."""
    height, width = mask.shape
    return {(y, x) for y in range(height) for x in range(width)
            if any(mask[y, x] != mask[min(y + down, height - 1), min(x + right, width - 1)]
                   for down, right in ((0, 1), (1, 0), (1, 1)))}


def slow_f(mask, truth, radius):
    found, true = slow_contour(mask), slow_contour(truth)
    if not found or not true:
        return float(found == true)

    def share(points, others):
        return sum(any((y - v) ** 2 + (x - u) ** 2 <= radius ** 2 for v, u in others) for y, x in points) / len(points)

    precision, recall = share(found, true), share(true, found)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@given(MASK_PAIRS)
@settings(max_examples=60)
def test_f_is_that_of_a_plain_implementation(masks):
    mask, truth, void = masks
    assert tolerance(mask.shape) == 1
    assert boundary_f(mask, truth) == pytest.approx(slow_f(mask, truth, 1))
    assert boundary_f(mask, truth, void) == pytest.approx(slow_f(mask & ~void, truth & ~void, 1))


@pytest.mark.parametrize("seed", range(6))
def test_f_is_that_of_a_plain_implementation_on_larger_images(seed):
    random = np.random.default_rng(seed)
    shape = (150, 330)
    assert tolerance(shape) == 3
    y, x = np.indices(shape)

    def blob():
        centre, axes = random.uniform((0, 0), shape), random.uniform(8, 60, 2)
        return ((y - centre[0]) / axes[0]) ** 2 + ((x - centre[1]) / axes[1]) ** 2 < 1

    first = blob()
    second = np.roll(first, random.integers(-5, 6, 2), axis=(0, 1)) | (blob() & blob())
    assert boundary_f(first, second) == pytest.approx(slow_f(first, second, 3))


def test_the_tolerance_is_a_share_of_the_diagonal():
    assert [tolerance(shape) for shape in ((480, 854), (360, 640), (1080, 1920), (1, 1))] == [8, 6, 18, 1]


def test_there_is_no_contour_along_the_border():
    mask = np.zeros((4, 5), bool)
    mask[:, :2] = True
    expected = np.zeros((4, 5), bool)
    expected[:, 1] = True
    np.testing.assert_array_equal(boundary(mask), expected)
    assert not boundary(np.ones((3, 3), bool)).any()


def test_f_forgives_a_small_shift_and_no_large_one():
    truth = np.zeros((480, 854), bool)
    truth[100:300, 200:500] = True
    assert boundary_f(np.roll(truth, 8, axis=1), truth) == 1.0
    assert boundary_f(np.roll(truth, 9, axis=1), truth) < 0.8
    assert boundary_f(np.roll(truth, 400, axis=0), np.zeros_like(truth)) == 0.0


@pytest.mark.parametrize(("values", "expected"), [
    ([0.6], (0.6, 1.0, 0.0)),
    ([0.5, 0.5], (0.5, 0.0, 0.0)),
    ([1.0, 0.0], (0.5, 0.5, 1.0)),
    # The quarters of five frames are 0-1, 1-2, 2-3 and 3-4: they share the frame between them.
    ([1.0, 0.8, 0.6, 0.4, 0.2], (0.6, 0.6, 0.6)),
    ([0.0] * 5 + [1.0] * 4, (4 / 9, 4 / 9, -1.0)),
    ([1.0] * 300 + [0.0] * 300, (0.5, 0.5, 1.0)),
], ids=["one", "at the threshold", "two", "five", "growing", "more than 256 frames"])
def test_mean_recall_and_decay(values, expected):
    assert mean_recall_decay(np.array(values)) == pytest.approx(expected)


def test_bootstrap_intervals_hold_the_score_and_are_the_same_every_time():
    totals = np.random.default_rng(0).random((40, 2))
    weights = np.ones((40, 2))
    low, high = bootstrap(totals, weights, draws=2000, seed=1)
    assert (low < totals.mean(axis=0)).all() and (totals.mean(axis=0) < high).all()
    # Of means of 40 values, 95 % lie within 1.96 standard errors.
    error = 1.96 * totals.std(axis=0) / np.sqrt(40)
    np.testing.assert_allclose(high - low, 2 * error, rtol=0.1)
    np.testing.assert_array_equal(bootstrap(totals, weights, draws=2000, seed=1), [low, high])
    assert (bootstrap(totals, weights, draws=2000, seed=2) != [low, high]).any()


def test_bootstrap_weighs_sequences():
    totals, weights = np.array([[0.0], [30.0]]), np.array([[10.0], [30.0]])
    assert set(bootstrap(totals, weights, draws=500, seed=0).ravel()) == {0.0, 1.0}
    low, high = bootstrap(np.array([[5.0], [0.0]]), np.array([[10.0], [0.0]]), draws=50, seed=0)
    assert low == high == 0.5
    assert np.isnan(bootstrap(np.ones((1, 1)), np.ones((1, 1)), draws=10, seed=0)).all()
