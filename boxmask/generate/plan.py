"""Which frames of a sequence are solved together. Pure: no images, no network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from boxmask.generate.defaults import OVERLAP, STRIDE, WINDOW, WINDOWS
from boxmask.readers.sequence import Sight

Kind = Literal["chunk", "sliding"]


@dataclass(frozen=True)
class WindowOptions:
    """How frames are put together.

    kind: `chunk` solves each frame once with its window and keeps all masks of it; `sliding` solves a window for each
    frame, as the reference procedure does (paper section 3.4). window: how many frames it keeps or looks at; stride:
    how many frames apart they are. overlap: of a chunk window, how many frames more it looks at on either side.
    """

    kind: Kind = WINDOWS
    window: int = WINDOW
    stride: int = STRIDE
    overlap: int = OVERLAP

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"windows are {' or '.join(get_args(Kind))}, got {self.kind!r}")
        if self.window < 1 or self.stride < 1 or self.overlap < 0:
            raise ValueError("window and stride are at least 1 and the overlap at least 0, got "
                             f"{self.window}, {self.stride} and {self.overlap}")


DEFAULT_WINDOWS = WindowOptions()


@dataclass(frozen=True)
class Window:
    """Frames that are solved together for the object with index `object`; `keep` are those whose masks it gives.

    Both ascend, and `keep` is part of `frames`.
    """

    object: int
    frames: tuple[int, ...]
    keep: tuple[int, ...]


def make_plan(sight: np.ndarray, options: WindowOptions = DEFAULT_WINDOWS) -> tuple[Window, ...]:
    """The windows of a sequence, in the order in which their last frames come.

    sight (T, O) of `readers.sequence.Sight`, of O objects, each with its own windows. Every visible object of every
    frame is kept by exactly one window, and no window has a frame where it is not visible.

    >>> windows = make_plan(np.zeros((6, 1)), WindowOptions(window=3, stride=2))
    >>> [(window.frames, window.keep) for window in windows]
    [((0, 2, 4), (0, 2, 4)), ((1, 3, 5), (1, 3, 5))]
    """
    visible = np.asarray(sight) == Sight.VISIBLE
    cut = _chunk if options.kind == "chunk" else _sliding
    windows = [Window(index, frames, keep) for index, of_object in enumerate(visible.T)
               for frames, keep in cut(of_object, options)]
    return tuple(sorted(windows, key=lambda window: (window.frames[-1], window.object, window.frames)))


_Cut = tuple[tuple[int, ...], tuple[int, ...]]


def _chunk(visible: np.ndarray, options: WindowOptions) -> Iterator[_Cut]:
    """(frames, kept) of windows that keep each visible frame once, with frames about `stride` apart.

    The visible frames are cut into blocks of about `window * stride`, all of nearly equal length; the windows of a
    block interleave: with 9 and 5, frames 0, 5, ..., 40, then 1, 6, ..., 41, and so on. No window keeps more than
    `window` frames, which bounds the memory, and none has a single frame if there are more (from `window` 3 on). Where
    the number of frames does not divide, the windows get shorter and the stride a little other. The overlap is taken
    from the windows that go on with the same stride in the blocks before and after.
    """
    frames = np.flatnonzero(visible)
    if not len(frames):
        return
    num_blocks = max(1, round(len(frames) / (options.window * options.stride)))
    blocks = []
    for block in np.array_split(frames, num_blocks):
        apart = math.ceil(len(block) / options.window)
        blocks.append([tuple(block[start::apart].tolist()) for start in range(apart)])
    nothing: list[tuple[int, ...]] = [()]
    for before, block, after in zip([nothing, *blocks], blocks, [*blocks[1:], nothing], strict=False):
        for start, keep in enumerate(block):
            past = before[min(start, len(before) - 1)]
            future = after[min(start, len(after) - 1)]
            yield past[max(0, len(past) - options.overlap):] + keep + future[:options.overlap], keep


def _sliding(visible: np.ndarray, options: WindowOptions) -> Iterator[_Cut]:
    """(frames, kept) of the reference's windows: a frame among `window` frames, `stride` apart, half of them earlier.

    At the ends of the sequence windows are shifted, so that they have their number of frames all the same; in a
    sequence too short for that at this stride, the stride is less. Frames where the object is not visible are left out.
    Frames with the same window, as at the ends, share it.
    """
    num_frames, window = len(visible), options.window
    stride = max(1, min(options.stride, (num_frames - 1) // max(1, window - 1)))
    kept: dict[tuple[int, ...], list[int]] = {}
    for frame in np.flatnonzero(visible).tolist():
        grid = range(frame % stride, num_frames, stride)
        first = max(0, min(frame // stride - window // 2, len(grid) - window))
        around = tuple(other for other in grid[first:first + window] if visible[other])
        kept.setdefault(around, []).append(frame)
    for frames, keep in kept.items():
        yield frames, tuple(keep)
