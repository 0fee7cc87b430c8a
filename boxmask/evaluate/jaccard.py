"""J, the intersection over union of masks, by the rules of DAVIS (Perazzi et al., CVPR 2016). Pure NumPy."""

from __future__ import annotations

import numpy as np


def jaccard(mask: np.ndarray, truth: np.ndarray, void: np.ndarray | None = None) -> float:
    """J of two masks (H, W) bool; pixels of `void` (H, W) bool count for neither. Two empty masks have J = 1.

    Raises ValueError for masks of different sizes.

    >>> round(float(jaccard(np.array([[True, True, False]]), np.array([[False, True, True]]))), 3)
    0.333
    """
    if mask.shape != truth.shape:
        raise ValueError(f"masks of different sizes, (H, W) = {mask.shape} and {truth.shape}, have no J")
    if void is not None:
        mask, truth = mask & ~void, truth & ~void
    union = np.count_nonzero(mask | truth)
    return 1.0 if union == 0 else np.count_nonzero(mask & truth) / union
