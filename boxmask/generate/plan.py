"""Which frames of a sequence are solved together. Pure: no images, no network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from boxmask.generate.defaults import STRIDE, WINDOW


@dataclass(frozen=True)
class Plan:
    """What happens to each of the `num_frames` frames of a sequence.

    windows: frames whose filters are solved together, ascending in each; every frame that is not in `absent` is in
    exactly one. absent: frames without the target, which get an empty mask.
    """

    num_frames: int
    windows: tuple[tuple[int, ...], ...]
    absent: tuple[int, ...]


def chunk_plan(present: np.ndarray, *, window: int = WINDOW, stride: int = STRIDE) -> Plan:
    """Chunk windows: each visible frame is solved once, with frames about `stride` apart, as the reference has them.

    present (T,) bool. The visible frames are cut into blocks of about `window * stride`, all of nearly equal length;
    the windows of a block interleave: with 9 and 5, frames 0, 5, ..., 40, then 1, 6, ..., 41, and so on. No window has
    more than `window` frames, which bounds the memory, and none has a single frame if there are more (from `window` 3
    on). Where the number of frames does not divide, the windows get shorter and the stride a little other.
    """
    if window < 1 or stride < 1:
        raise ValueError(f"window and stride are at least 1, got {window} and {stride}")
    present = np.asarray(present, dtype=bool)
    visible = np.flatnonzero(present)
    windows: list[tuple[int, ...]] = []
    if len(visible):
        num_blocks = max(1, round(len(visible) / (window * stride)))
        for block in np.array_split(visible, num_blocks):
            num_windows = math.ceil(len(block) / window)
            windows += [tuple(block[start::num_windows].tolist()) for start in range(num_windows)]
    return Plan(len(present), tuple(windows), tuple(np.flatnonzero(~present).tolist()))
