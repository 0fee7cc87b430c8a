"""A clip as one picture: a column a frame, with its box and its true mask above, and a row for each stage's masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from boxmask.report import overlay

CELL_WIDTH = 320
MAX_FRAMES = 4
UNKNOWN = 255
# Object ids, for their colours in `overlay`.
_MASK, _TRUTH = 1, 3


@dataclass(frozen=True, eq=False)
class Clip:
    """T frames as a network sees them, and what it makes of them.

    title: whose they are. names, images: of each frame, (H, W, 3) uint8 RGB. stages: name -> a mask (H, W) bool of each
    frame. boxes: (T, 4) xywh in pixels of the images. truth: masks (H, W), 255 where it is not known.
    """

    title: str
    names: Sequence[str]
    images: Sequence[np.ndarray]
    stages: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)
    boxes: Sequence[np.ndarray] | None = None
    truth: Sequence[np.ndarray] | None = None


def draw(clip: Clip) -> np.ndarray:
    """The picture: (H, W, 3) uint8 RGB, of `MAX_FRAMES` frames spread over the clip at most."""
    chosen = overlay.spread(len(clip.images), MAX_FRAMES)
    pictures, labels = [], []
    for index in chosen:
        known = {} if clip.truth is None else {_TRUTH: _true(clip.truth[index])}
        pictures.append(_cell(clip, index, known))
        labels.append(f"{clip.title} {clip.names[index]}")
    for name, masks in clip.stages.items():
        for index in chosen:
            pictures.append(_cell(clip, index, {_MASK: masks[index]}))
            labels.append(name if clip.truth is None else f"{name}   J {_jaccard(masks[index], clip.truth[index]):.2f}")
    return overlay.contact_sheet(pictures, labels, columns=len(chosen))


def _cell(clip: Clip, index: int, masks: Mapping[int, np.ndarray]) -> np.ndarray:
    image = clip.images[index]
    scale = CELL_WIDTH / image.shape[1]
    size = CELL_WIDTH, max(1, round(image.shape[0] * scale))
    picture = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    covers = {identity: cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
              for identity, mask in masks.items()}
    boxes = [] if clip.boxes is None else [np.asarray(clip.boxes[index], dtype=float) * scale]
    overlay.paint(picture, covers, boxes)
    return picture


def _true(truth: np.ndarray) -> np.ndarray:
    return (truth > 0) & (truth != UNKNOWN)


def _jaccard(mask: np.ndarray, truth: np.ndarray) -> float:
    found, there = mask & (truth != UNKNOWN), _true(truth)
    union = np.count_nonzero(found | there)
    return np.count_nonzero(found & there) / union if union else 1.0
