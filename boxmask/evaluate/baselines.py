"""Masks from boxes without a network, to compare with: maskers like `boxmask.generate.engine.NetworkMasker`."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from boxmask.masks import box_region

GRABCUT_ITERATIONS = 5
# OpenCV starts GrabCut's colour clusters at random; the same frame always gets the same mask.
_SEED = 0


def filled_box(images: Sequence[np.ndarray], boxes: np.ndarray) -> list[np.ndarray]:
    """All pixels that the box touches. images: T arrays (H, W, 3); boxes (T, 4) xywh; returns T masks (H, W) bool."""
    masks = []
    for image, box in zip(images, boxes, strict=True):
        mask = np.zeros(image.shape[:2], dtype=bool)
        mask[box_region(box, (image.shape[1], image.shape[0]))] = True
        masks.append(mask)
    return masks


def grabcut(images: Sequence[np.ndarray], boxes: np.ndarray) -> list[np.ndarray]:
    """OpenCV's GrabCut in each exact box, every frame alone. Shapes as in `filled_box`."""
    return [_grabcut(image, mask) for image, mask in zip(images, filled_box(images, boxes), strict=True)]


def _grabcut(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    if box.all() or not box.any():
        return box  # GrabCut learns the background from outside the box and fails without any
    labels = np.where(box, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(_SEED)
    cv2.grabCut(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), labels, None, background, foreground, GRABCUT_ITERATIONS,
                cv2.GC_INIT_WITH_MASK)
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
