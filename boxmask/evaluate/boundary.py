"""F, the agreement of the contours of masks, by the rules of DAVIS (Perazzi et al., CVPR 2016). NumPy and OpenCV."""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np

# How far apart contours may be and still agree, as a share of the image's diagonal.
TOLERANCE = 0.008


def boundary_f(mask: np.ndarray, truth: np.ndarray, void: np.ndarray | None = None) -> float:
    """F of two masks (H, W) bool; pixels of `void` (H, W) bool are in neither.

    The harmonic mean of precision and recall: the shares of the mask's contour that lie within the tolerance of the
    true one, and the other way round. Two masks without a contour have F = 1.
    """
    if mask.shape != truth.shape:
        raise ValueError(f"masks of different sizes, (H, W) = {mask.shape} and {truth.shape}, have no F")
    if void is not None:
        mask, truth = mask & ~void, truth & ~void
    radius = tolerance(mask.shape)
    part = _around(mask | truth)
    contour, true_contour = boundary(mask[part]), boundary(truth[part])
    length, true_length = np.count_nonzero(contour), np.count_nonzero(true_contour)
    if not length or not true_length:
        return 1.0 if length == true_length else 0.0
    precision = np.count_nonzero(contour & _dilate(true_contour, radius)) / length
    recall = np.count_nonzero(true_contour & _dilate(contour, radius)) / true_length
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def tolerance(shape: tuple[int, int]) -> int:
    """The most that contours of masks of (H, W) may be apart, in pixels.

    >>> tolerance((480, 854))
    8
    """
    return math.ceil(TOLERANCE * math.hypot(*shape))


def boundary(mask: np.ndarray) -> np.ndarray:
    """The contour of a mask (H, W) bool, one pixel wide: (H, W) bool.

    A pixel is on it whose right, lower or lower right neighbour is not like itself. Beyond the image's border a mask
    goes on as it is at the border, so that there is no contour along it.
    """
    beyond = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    return (mask ^ beyond[:-1, 1:]) | (mask ^ beyond[1:, :-1]) | (mask ^ beyond[1:, 1:])


def _around(mask: np.ndarray) -> tuple[slice, slice]:
    """The part with the mask and a pixel around it: contours are the same there, and nothing is outside of it."""
    return tuple(slice(max(found[0] - 1, 0), found[-1] + 2) if len(found) else slice(0, 1)
                 for found in (np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))))


def _dilate(contour: np.ndarray, radius: int) -> np.ndarray:
    return cv2.dilate(contour.view(np.uint8), _disk(radius)).view(bool)


@cache
def _disk(radius: int) -> np.ndarray:
    offsets = np.arange(-radius, radius + 1) ** 2
    return (offsets[:, None] + offsets <= radius ** 2).astype(np.uint8)
