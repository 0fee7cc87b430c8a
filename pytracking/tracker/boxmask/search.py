"""Where a tracker looks, and what it makes of what it sees there. Arrays alone, no network: NumPy and OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from boxmask.boxes import Window, from_mask, keep_inside, search_window
from boxmask.masks import box_region

# Parts of a mask that are smaller than this share of its largest one do not count for the box.
_SPECK = 0.1
# A mask that shrank to less than this share of the last one from one frame to the next is not the target.
_SMALLEST_SHARE = 0.02
# Of the square root of a box's area: how far an object may be outside its last box and still be near it.
_NEAR = 0.5
# Sides of the box that is looked around, in pixels: a mask of one pixel must not become a search region of five.
_SMALLEST_SIDE = 10.0
# Any search region has reached the whole frame by then, and no power of it overflows.
_MOST_GROWTHS = 100


@dataclass(frozen=True, eq=False)
class Sight:
    """An object in a frame. mask (H, W) bool; box (4,) xywh around it, None if it is not there; score in [0, 1]: the
    mean probability of the mask's pixels, above 0.5, or the greatest probability of all where there is no mask."""

    mask: np.ndarray
    box: np.ndarray | None
    score: float

    @property
    def area(self) -> int:
        """Pixels of the mask."""
        return int(np.count_nonzero(self.mask))


def look(probabilities: np.ndarray, last_area: float = 0.0, near: np.ndarray | None = None) -> Sight:
    """What is seen in the probabilities (H, W) of an object whose mask had `last_area` pixels when last seen.

    near: its box (4,) a frame ago. Parts of the mask that do not come near it are others' that look alike, unless none
    does.
    """
    mask = probabilities > 0.5
    if near is not None:
        mask = _parts_near(mask, near)
    area = np.count_nonzero(mask)
    if area == 0 or area < _SMALLEST_SHARE * last_area:
        return Sight(np.zeros_like(mask), None, min(float(probabilities.max()), 0.5))
    return Sight(mask, box_of(mask), float(probabilities[mask].mean()))


def _parts_near(mask: np.ndarray, box: np.ndarray) -> np.ndarray:
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    if count <= 2:
        return mask
    margin = _NEAR * np.sqrt(box[2] * box[3])
    region = box_region(np.concatenate((box[:2] - margin, box[2:] + 2 * margin)), mask.shape[::-1])
    touching = np.unique(parts[region][mask[region]])
    return np.isin(parts, touching) if len(touching) else mask


def box_of(mask: np.ndarray) -> np.ndarray | None:
    """The tight box (4,) xywh around a mask (H, W) bool without its specks; None if it is empty."""
    count, parts, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    areas = statistics[1:, cv2.CC_STAT_AREA]
    large = 1 + np.flatnonzero(areas >= _SPECK * areas.max())
    return from_mask(np.isin(parts, large))


class SearchRegion:
    """The window around the place where the object was last seen, which grows with every frame in which it is absent.

    factor: side of the region over that of the box; growth: per frame without the object, until it is the whole frame;
    max_scale_change: of the box that is looked around, from one frame to the next.
    """

    def __init__(self, box: np.ndarray, area: float, output_size: tuple[int, int], *, factor: float, growth: float,
                 max_scale_change: float) -> None:
        self._output_size = output_size
        self._factor = factor
        self._growth = growth
        self._max_scale_change = max_scale_change
        self._around = box
        self.box = box
        self.area = area
        self.absent = 0

    def window(self, frame_size: tuple[int, int]) -> Window:
        """Where to look in a frame of `frame_size` (W, H): inside it where it fits."""
        window = search_window(_resized(self._around, np.maximum(self._around[2:], _SMALLEST_SIDE)), self._factor,
                               self._output_size)
        # Once larger than the frame it need not grow: `keep_inside` gives the same window of it.
        largest = 1.0 + 2.0 * max(frame_size) / min(window.width, window.height)
        scale = min(self._growth ** min(self.absent, _MOST_GROWTHS), largest)
        width, height = round(window.width * scale), round(window.height * scale)
        grown = Window(window.x - (width - window.width) // 2, window.y - (height - window.height) // 2, width, height)
        return keep_inside(grown, frame_size)

    def look(self, probabilities: np.ndarray) -> Sight:
        """What is seen of the object in the probabilities (H, W) of a frame."""
        return look(probabilities, self.area, None if self.absent else self.box)

    def update(self, sight: Sight) -> None:
        """Moves to where the object was seen, or grows."""
        if sight.box is None:
            self.absent += 1
            return
        limit = self._max_scale_change
        sides = np.clip(sight.box[2:], self._around[2:] / limit, self._around[2:] * limit)
        self._around = _resized(sight.box, sides)
        self.box, self.area, self.absent = sight.box, sight.area, 0


def _resized(box: np.ndarray, sides: np.ndarray) -> np.ndarray:
    return np.concatenate((box[:2] + (box[2:] - sides) / 2, sides))
