"""Crops of frames and the way back: the pixels that belong to a `boxmask.boxes.Window`."""

from __future__ import annotations

import cv2
import numpy as np

from boxmask.boxes import Window

# What pixels score that the network never saw: certainly background (pytracking's trackers use the same number).
OUTSIDE_SCORE = -100.0


def crop(image: np.ndarray, window: Window, output_size: tuple[int, int], *, nearest: bool = False,
         fill: int | None = None) -> np.ndarray:
    """The window of an image, resized to `output_size` (W, H).

    image (H, W) or (H, W, 3); nearest: for label images. Pixels beyond the border repeat the border, or are `fill`.
    """
    frame_height, frame_width = image.shape[:2]
    rows, above, below = _inside(window.y, window.height, frame_height)
    columns, left, right = _inside(window.x, window.width, frame_width)
    patch = cv2.copyMakeBorder(image[rows, columns], above, below, left, right, cv2.BORDER_REPLICATE)
    if fill is not None:
        patch[_beyond(window.y, window.height, frame_height)] = fill
        patch[:, _beyond(window.x, window.width, frame_width)] = fill
    if nearest:
        interpolation = cv2.INTER_NEAREST_EXACT
    else:
        interpolation = cv2.INTER_AREA if window.width > output_size[0] else cv2.INTER_LINEAR
    return cv2.resize(patch, output_size, interpolation=interpolation)


def _inside(start: int, length: int, frame: int) -> tuple[slice, int, int]:
    """Of one side of a window: its part in the frame, or the pixel of the frame next to it; pixels before and after."""
    before = min(max(-start, 0), length - 1)
    inside = slice(min(max(start, 0), frame - 1), max(min(start + length, frame), 1))
    return inside, before, length - before - (inside.stop - inside.start)


def _beyond(start: int, length: int, frame: int) -> np.ndarray:
    pixels = np.arange(start, start + length)
    return (pixels < 0) | (pixels >= frame)


def paste(scores: np.ndarray, window: Window, frame_size: tuple[int, int],
          region: tuple[slice, slice] | None = None) -> np.ndarray:
    """Scores of a crop back at their place in a frame of `frame_size` (W, H).

    scores (h, w) float32 at any resolution; region: the rows and columns that are wanted, all if None. Returns them as
    float32, `OUTSIDE_SCORE` where the window does not reach.
    """
    rows, columns = (slice(0, frame_size[1]), slice(0, frame_size[0])) if region is None else region
    part = np.full((rows.stop - rows.start, columns.stop - columns.start), OUTSIDE_SCORE, dtype=np.float32)
    left, top = max(window.x, columns.start), max(window.y, rows.start)
    right, bottom = min(window.x + window.width, columns.stop), min(window.y + window.height, rows.stop)
    if left < right and top < bottom:
        resized = cv2.resize(scores, (window.width, window.height), interpolation=cv2.INTER_LINEAR)
        part[top - rows.start:bottom - rows.start, left - columns.start:right - columns.start] = \
            resized[top - window.y:bottom - window.y, left - window.x:right - window.x]
    return part
