"""How far boxes are from true boxes. Boxes are (T, 4) float xywh, NaN where there is none. Pure NumPy."""

from __future__ import annotations

import numpy as np


def overlap(boxes: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The intersection over union of the boxes of each frame: (T,), 0 where one has no area or is not there.

    >>> overlap(np.array([[0, 0, 4, 4], [0, 0, 4, 4.0]]), np.array([[2, 0, 4, 4], [9, 9, 2, 2.0]])).round(3).tolist()
    [0.333, 0.0]
    """
    low = np.maximum(boxes[:, :2], truth[:, :2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], truth[:, :2] + truth[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    union = boxes[:, 2:].prod(axis=1) + truth[:, 2:].prod(axis=1) - shared
    # Rounding can make more than 1 of a box and itself, which would be above every threshold.
    return np.minimum(np.divide(shared, union, out=np.zeros(len(boxes)), where=union > 0), 1)


def centre_error(boxes: np.ndarray, truth: np.ndarray, *, normalised: bool = False) -> np.ndarray:
    """The distance of the centres in each frame: (T,) in pixels, infinite where a box is not there.

    normalised: with the distances along x and y in widths and heights of the true box.
    """
    apart = boxes[:, :2] + boxes[:, 2:] / 2 - truth[:, :2] - truth[:, 2:] / 2
    if normalised:
        apart = apart / truth[:, 2:]
    return np.nan_to_num(np.hypot(apart[:, 0], apart[:, 1]), nan=np.inf)


def is_there(boxes: np.ndarray) -> np.ndarray:
    """(T,) bool: boxes of four finite numbers with a positive width and height."""
    return np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
