"""The scores of a tracker's boxes on one object, by the rules of GOT-10k and of LaSOT. Pure NumPy.

Boxes are (T, 4) float xywh, NaN where there is none: in the truth, where the target is not visible.
"""

from __future__ import annotations

import numpy as np

from boxmask.evaluate.overlaps import centre_error, is_there, overlap

GOT10K_COLUMNS = ("AO", "SR.50", "SR.75")
LASOT_COLUMNS = ("AUC", "P", "P norm")
_SUCCESS_RATES = (0.5, 0.75)
_OVERLAPS = np.arange(21) / 20
_PIXELS = 20
_SIZES = 0.2


def got10k_totals(boxes: np.ndarray, truth: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Sums over frames, and numbers of frames, of AO, SR.50 and SR.75: two arrays (3,).

    As in the GOT-10k toolkit (`got10k/experiments/got10k.py`): the first frame, which is given, and frames without the
    target do not count; boxes are cut to the image of `size` (W, H); all frames of all objects count the same.
    """
    counted = is_there(truth)
    counted[:1] = False
    boxes = np.where(is_there(boxes)[:, None], boxes, 0.0)
    overlaps = overlap(_cut(boxes[counted], size), _cut(truth[counted], size))
    sums = [overlaps.sum(), *((overlaps > threshold).sum() for threshold in _SUCCESS_RATES)]
    return np.array(sums, dtype=float), np.full(len(GOT10K_COLUMNS), float(counted.sum()))


def lasot_totals(boxes: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Success AUC, precision and normalised precision of an object, and weights of 1: two arrays (3,).

    As in the LaSOT toolkit (`utils/eval_tracker.m`, `calc_seq_err_robust.m`) and in pytracking
    (`analysis/extract_results.py`): success is the share of frames with an overlap above a threshold, averaged over the
    thresholds 0, 0.05, ..., 1; precision the share with centres at most 20 pixels apart, or 0.2 of the true box. The
    first frame counts as if the tracker had given the true box. Frames without the target count as missed, as the
    share is of all frames. Where a tracker gives no box its last one stays. All objects count the same.
    """
    boxes = np.concatenate([truth[:1], _carried(boxes)[1:]])
    overlaps = overlap(boxes, truth)
    shares = [(overlaps[:, None] > _OVERLAPS).mean(), (centre_error(boxes, truth) <= _PIXELS).mean(),
              (centre_error(boxes, truth, normalised=True) <= _SIZES).mean()]
    return np.array(shares), np.ones(len(LASOT_COLUMNS))


def _cut(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes within the image, by the toolkit's arithmetic: a corner left of the image moves, and the width stays."""
    corner = np.clip(boxes[:, :2], 0, size)
    return np.concatenate([corner, np.clip(boxes[:, 2:], 0, size - corner)], axis=1)


def _carried(boxes: np.ndarray) -> np.ndarray:
    """Boxes with the last one before it in the place of one that is not there; NaN before the first."""
    there = is_there(boxes)
    last = np.maximum.accumulate(np.where(there, np.arange(len(boxes)), -1))
    return np.where((last >= 0)[:, None], boxes[last], np.nan)
