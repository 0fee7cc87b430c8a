"""Scores that agree in time: those of a frame are averaged with its neighbours', moved along the optical flow.

What a network gets wrong, mostly at outlines, changes from frame to frame, and the object hardly does. A neighbour
counts where the flow there and back ends where it began and where the colours are alike. All is done on the network's
crops: in them an object is about as large and in the same place in every frame, however it moves, however large frames
are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import pairwise

import cv2
import numpy as np

from boxmask.generate.masker import Scores

# The longest side, in pixels, of the pictures that the flow is found in.
_SIDE = 288
# Of a neighbour's pixel counts exp(-(error / _ERROR)^2 - (change / _CHANGE)^2): error is how far from its beginning the
# flow there and back ends, in pixels of a picture; change is how far apart the colours are (0-255), in the mean of a
# square of side _AROUND. All that in the mean of a square of side _EVEN, so that outlines do not become ragged.
_ERROR = 1.5
_CHANGE = 20.0
_AROUND = 5
_EVEN = 3
_MEAN = np.full((1, 3), 1 / 3, np.float32)  # of three colours
# Scores beyond it are not surer.
_CERTAIN = 20.0
# The flow back of what has left the picture: its error is beyond all measure.
_AWAY = (1e4, 1e4, 0.0, 0.0)

# From a picture to another: where each pixel is in it, x and y, (h, w, 2) float32; how much it counts, (h, w) float32.
_Way = tuple[np.ndarray, np.ndarray]


def picture(crop: np.ndarray) -> np.ndarray:
    """A crop (h, w, 3) uint8 as the flow is found in it: its longest side is 288 pixels at most."""
    height, width = crop.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    return cv2.resize(crop, (max(1, round(scale * width)), max(1, round(scale * height))), interpolation=cv2.INTER_AREA)


class Smoother:
    """The scores of one object of a sequence, each of which waits for those of its neighbours.

    frames: those of which scores, or word that there are none, will be added, ascending. reach: how many of them on
    either side are a frame's neighbours; with 0 scores stay as they are.
    """

    def __init__(self, frames: Sequence[int], reach: int) -> None:
        self._frames = frames
        self._places = {frame: place for place, frame in enumerate(frames)}
        self._reach = reach
        self._shots: dict[int, _Shot | None] = {}  # by place, while a frame may need them
        self._needed: dict[int, int] = {}  # by how many frames

    def add(self, frame: int, scores: Scores | None) -> Iterator[tuple[int, Callable[[], Scores]]]:
        """Takes the scores of a frame, None if there are none; gives the frames that have all they waited for by now.

        Each with what makes its scores, which may be called in any thread, several at once.
        """
        if not self._reach:
            if scores is not None:
                yield frame, lambda: scores
            return
        added = self._places[frame]
        self._shots[added] = None if scores is None else _Shot(scores)
        self._needed[added] = len(self._near(added))
        for place in self._near(added):
            near = self._near(place)
            if all(other in self._shots for other in near):
                if self._shots[place] is not None:
                    yield self._frames[place], self._smoothed(place)
                for other in near:
                    self._let_go(other)

    def _let_go(self, place: int) -> None:
        self._needed[place] -= 1
        if not self._needed[place]:
            del self._needed[place], self._shots[place]

    def _near(self, place: int) -> range:
        return range(max(0, place - self._reach), min(len(self._frames), place + self._reach + 1))

    def _smoothed(self, place: int) -> Callable[[], Scores]:
        shots = [shot for other in self._near(place) if (shot := self._shots[other]) is not None]
        for shot, following in pairwise(shots):
            if shot.motion is None:
                shot.motion = _Motion(shot.scores.picture, following.scores.picture)
        return partial(_smooth, shots, [shot.motion for shot in shots[:-1]], shots.index(self._shots[place]))


class _Shot:
    """The scores of a frame while others may need them: in half precision, as they are many.

    coarse (h, w) float32: at the size of the picture; motion: to the next shot.
    """

    def __init__(self, scores: Scores) -> None:
        most = float(np.finfo(np.float16).max)
        self.scores = replace(scores, values=scores.values.clip(-most, most).astype(np.float16), first=None)
        self.motion: _Motion | None = None

    @property
    def values(self) -> np.ndarray:
        """(H, W) float32."""
        return self.scores.values.astype(np.float32)

    @cached_property
    def coarse(self) -> np.ndarray:
        height, width = self.scores.picture.shape[:2]
        return cv2.resize(self.values, (width, height), interpolation=cv2.INTER_AREA).clip(-_CERTAIN, _CERTAIN)


class _Motion:
    """The ways between two pictures, there and back, found once, in the thread that comes to them first."""

    def __init__(self, first: np.ndarray, second: np.ndarray) -> None:
        self._pictures = first, second
        self._lock = threading.Lock()
        self.ways: tuple[_Way, _Way] | None = None

    def find(self, *, wait: bool) -> None:
        """wait: for another thread that is at it."""
        if self._lock.acquire(blocking=wait):
            try:
                if self.ways is None:
                    self.ways = _ways(*self._pictures)
            finally:
                self._lock.release()


def _smooth(shots: Sequence[_Shot], motions: Sequence[_Motion], place: int) -> Scores:
    """The scores of the shot at `place` with those of all others; motions: from each to the next."""
    for wait in (False, True):  # first what no other thread is at, so that threads share the work
        for motion in motions:
            motion.find(wait=wait)
    own, values = shots[place].coarse, shots[place].values
    earlier = [(shot.coarse, motion.ways[1]) for shot, motion in zip(shots[:place], motions[:place], strict=True)]
    later = [(shot.coarse, motion.ways[0]) for shot, motion in zip(shots[place + 1:], motions[place:], strict=True)]
    total, count = own.copy(), np.ones_like(own)
    for steps in (earlier, later[::-1]):
        if steps:
            come = _gather(steps)
            total += come[..., 0]
            count += come[..., 1]
    change = cv2.resize(total / count - own, values.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return replace(shots[place].scores, values=values + change)


def _gather(steps: Sequence[tuple[np.ndarray, _Way]]) -> np.ndarray:
    """What comes to a frame over others, each with its scores (h, w) and the way to it from the next, the farthest
    first: sum and number of the scores as they count, (h, w, 2)."""
    come = np.zeros((*steps[0][0].shape, 2), np.float32)
    for coarse, (where, counts) in steps:
        come += np.dstack((coarse, np.ones_like(coarse)))
        come = cv2.remap(come, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        come *= counts[..., None]
    return come


def _ways(first: np.ndarray, second: np.ndarray) -> tuple[_Way, _Way]:
    """The ways from a picture (h, w, 3) uint8 to another and back."""
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (first, second)]
    flow = _flow()
    there, back = flow.calc(*grey, None), flow.calc(*grey[::-1], None)
    return _way(first, second, there, back), _way(second, first, back, there)


def _flow() -> cv2.DISOpticalFlow:
    """Dense inverse search (Kroeger et al., ECCV 2016) at all scales, down to single pixels."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0)
    flow.setPatchStride(4)
    flow.setGradientDescentIterations(12)
    flow.setVariationalRefinementIterations(2)
    return flow


def _way(first: np.ndarray, second: np.ndarray, there: np.ndarray, back: np.ndarray) -> _Way:
    height, width = first.shape[:2]
    where = there + np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
    returned = cv2.remap(back, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=_AWAY)
    left, up = cv2.split(np.square(there + returned))
    moved = cv2.remap(second, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    apart = cv2.transform(cv2.absdiff(moved, first).astype(np.float32), _MEAN)
    change = cv2.blur(apart, (_AROUND, _AROUND))
    return where, cv2.blur(np.exp(-(left + up) / _ERROR ** 2 - np.square(change / _CHANGE)), (_EVEN, _EVEN))
