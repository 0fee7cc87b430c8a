"""Masks from boxes without a network, to compare with: maskers like `boxmask.generate.network.NetworkMasker`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from boxmask.boxes import Window
from boxmask.generate.masker import Scores
from boxmask.masks import box_region

GRABCUT_ITERATIONS = 5
# OpenCV starts GrabCut's colour clusters at random; the same frame always gets the same mask.
_SEED = 0


class Baseline:
    """A masker that treats each frame alone: its view of a frame is the answer already."""

    batch = 1
    is_on_processors = False
    smoothing = 0

    def __init__(self, segment: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        """segment: image (H, W, 3) uint8 RGB, box (4,) xywh -> mask (H, W) bool, nothing of it outside the box."""
        self.segment = segment

    def view(self, image: np.ndarray, box: np.ndarray) -> Scores:
        """The scores in the box of an image (H, W, 3) uint8 RGB: 1 in the baseline's mask, -1 elsewhere."""
        mask = self.segment(image, box)
        rows, columns = box_region(box, (image.shape[1], image.shape[0]))
        window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        return Scores(np.where(mask[rows, columns], np.float32(1), np.float32(-1)), window)

    def solve(self, windows: Sequence[Sequence[Scores]], keep: Sequence[int], *, batch: int = 1) -> list[list[Scores]]:
        """As `Masker.solve`; each view is its own answer."""
        del batch  # there is nothing to compute
        return [[window[position] for position in keep] for window in windows]


def _fill(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    mask = np.zeros(image.shape[:2], dtype=bool)
    mask[box_region(box, (image.shape[1], image.shape[0]))] = True
    return mask


def _grabcut(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    inside = _fill(image, box)
    if inside.all():
        return inside  # GrabCut learns the background from outside the box and fails without any
    labels = np.where(inside, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(_SEED)
    cv2.grabCut(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), labels, None, background, foreground, GRABCUT_ITERATIONS,
                cv2.GC_INIT_WITH_MASK)
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)


# All pixels that the box touches.
filled_box = Baseline(_fill)
# OpenCV's GrabCut in the exact box.
grabcut = Baseline(_grabcut)
