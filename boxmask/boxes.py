"""Boxes, and the windows of a frame that a network sees.

A box is `xywh`: left, top, width and height as floats, 0-based, continuous, in pixels, so that pixel column c covers
[c, c + 1) and the frame of a 640x360 image is (0, 0, 640, 360). Readers convert to it once. Pure NumPy: no files, no
images (`boxmask.crops` has the pixels).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

# The window always holds the whole box with this much room around it. The area rule of the paper alone cuts boxes
# that are long and thin: at search factor 2.5 and 16:9 a standing person of 1:4 would lose head and feet.
MIN_MARGIN = 1.2


@dataclass(frozen=True)
class Window:
    """A rectangle of a frame in whole pixels, partly or wholly beyond the frame's border if it must be."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a window has at least one pixel, got {self.width}x{self.height}")


def is_valid(box: ArrayLike) -> bool:
    """True for a box of four finite numbers with a positive width and height.

    >>> is_valid([613, 731, 247, -11])
    False
    """
    box = np.asarray(box, dtype=float)
    return box.shape == (4,) and bool(np.isfinite(box).all()) and bool(box[2] > 0) and bool(box[3] > 0)


def intersect(box: ArrayLike, size: tuple[int, int]) -> np.ndarray:
    """The part of a box inside a frame of `size` (W, H): (4,) float; width or height 0 where there is none.

    >>> intersect([-10, 20, 30, 40], (640, 360)).tolist()
    [0.0, 20.0, 20.0, 40.0]
    """
    x, y, w, h = np.asarray(box, dtype=float)
    left, right = np.clip((x, x + w), 0, size[0])
    top, bottom = np.clip((y, y + h), 0, size[1])
    return np.array([left, top, right - left, bottom - top])


def grow(box: ArrayLike, share: float) -> np.ndarray:
    """A box whose sides have moved out, by `share` of its width and of its height: (4,) float.

    >>> grow([10, 20, 30, 40], 0.1).tolist()
    [7.0, 16.0, 36.0, 48.0]
    """
    x, y, w, h = np.asarray(box, dtype=float)
    return np.array([x - share * w, y - share * h, w * (1 + 2 * share), h * (1 + 2 * share)])


def from_mask(mask: np.ndarray) -> np.ndarray | None:
    """The tight box around the non-zero pixels of a mask (H, W): (4,) float, or None if there are none.

    >>> mask = np.zeros((5, 8), bool)
    >>> mask[1:3, 2:7] = True
    >>> from_mask(mask).tolist()
    [2.0, 1.0, 5.0, 2.0]
    """
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]], dtype=float)


def search_window(box: ArrayLike, search_factor: float, output_size: tuple[int, int],
                  *, min_margin: float = MIN_MARGIN) -> Window:
    """The window around a box that a network of crop size `output_size` (W, H) looks at.

    It has the aspect of the crop, the box's centre, and `search_factor ** 2` times the box's area (paper section 3.4,
    pytracking `ltr/data/processing_utils.py`), but at least `min_margin` times the box's width and height. Raises
    ValueError for a box that is none.

    >>> search_window([300, 150, 40, 40], 4, (416, 240))
    Window(x=214, y=109, width=211, height=122)
    """
    if not is_valid(box):
        raise ValueError(f"expected a box of four finite numbers with positive width and height, got {box}")
    x, y, w, h = np.asarray(box, dtype=float)
    aspect = output_size[0] / output_size[1]
    width = max(search_factor * np.sqrt(w * h * aspect), min_margin * w, min_margin * h * aspect)
    width_px = max(1, round(width))
    height_px = max(1, round(width / aspect))
    return Window(round(x + w / 2 - width_px / 2), round(y + h / 2 - height_px / 2), width_px, height_px)


def keep_inside(window: Window, frame_size: tuple[int, int]) -> Window:
    """The window moved into a frame (W, H), shrunk until it fits along one axis, centred along one it does not fit
    (pytracking's crop type `inside_major`).

    >>> keep_inside(Window(-20, 90, 50, 40), (200, 100))
    Window(x=0, y=60, width=50, height=40)
    """
    shrink = max(1.0, min(window.width / frame_size[0], window.height / frame_size[1]))
    width, height = max(1, round(window.width / shrink)), max(1, round(window.height / shrink))
    left = window.x + (window.width - width) // 2
    top = window.y + (window.height - height) // 2
    return Window(_fit(left, width, frame_size[0]), _fit(top, height, frame_size[1]), width, height)


def _fit(start: int, length: int, available: int) -> int:
    if length > available:
        return (available - length) // 2
    return min(max(start, 0), available - length)


def to_crop(box: ArrayLike, window: Window, output_size: tuple[int, int]) -> np.ndarray:
    """A box in frame pixels as it stands in the crop of `window` at `output_size` (W, H): (4,) float xywh.

    >>> to_crop([120, 60, 10, 20], Window(100, 50, 104, 60), (416, 240)).tolist()
    [80.0, 40.0, 40.0, 80.0]
    """
    scale = np.array([output_size[0] / window.width, output_size[1] / window.height] * 2)
    return (np.asarray(box, dtype=float) - (window.x, window.y, 0, 0)) * scale
