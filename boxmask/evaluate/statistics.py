"""What many values come to: DAVIS's three statistics of a measure, and bootstrap intervals. Pure NumPy."""

from __future__ import annotations

import numpy as np

# A frame counts as found where the measure is above it.
RECALL_THRESHOLD = 0.5
_BINS = 4
# The percentiles that a bootstrap interval goes from and to.
PERCENTILES = (2.5, 97.5)


def mean_recall_decay(values: np.ndarray) -> tuple[float, float, float]:
    """Of J or F in the frames of one object, (T,): the mean; the share of frames above one half; the decay.

    The decay is the mean of the first quarter of the frames less that of the last. As in DAVIS, neighbouring quarters
    share a frame.

    >>> [round(float(value), 3) for value in mean_recall_decay(np.array([0.9, 0.9, 0.8, 0.8, 0.7, 0.7, 0.4, 0.4]))]
    [0.7, 0.75, 0.367]
    """
    bounds = np.round(np.linspace(1, len(values), _BINS + 1) + 1e-10).astype(int) - 1
    quarters = [values[start:end + 1] for start, end in zip(bounds[:-1], bounds[1:], strict=True)]
    return (float(values.mean()), float((values > RECALL_THRESHOLD).mean()),
            float(quarters[0].mean() - quarters[-1].mean()))


def ratio(totals: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """totals / weights, NaN where the weight is 0.

    >>> ratio(np.array([3.0, 0.0]), np.array([4, 0])).tolist()
    [0.75, nan]
    """
    return np.divide(totals, weights, out=np.full(np.shape(totals), np.nan), where=np.asarray(weights) > 0)


def bootstrap(totals: np.ndarray, weights: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """The percentile intervals (2, M) of sum(totals) / sum(weights), both (N, M), over N sequences.

    Sequences are drawn anew with replacement, `draws` times. NaN for a single sequence, which tells nothing of others.
    """
    count, columns = totals.shape
    if count < 2:
        return np.full((2, columns), np.nan)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    values = ratio(drawn @ totals, drawn @ weights)
    return np.stack([np.percentile(column[~np.isnan(column)], PERCENTILES) if not np.isnan(column).all()
                     else np.full(2, np.nan) for column in values.T], axis=1)
