"""What makes masks of boxes: a network, or one of the baselines that it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from boxmask.boxes import Window


@dataclass(frozen=True, eq=False)
class Scores:
    """How sure it is that each pixel in a part of a frame is the object's.

    values (h, w) float32: logits, the object's where positive, at any resolution; window: the part of the frame that
    they cover. stage_agreement: see `outcomes.ObjectResult`. first (h, w) bool: the mask of a network's first stage.
    picture (h', w', 3) uint8 RGB: what is in the window, at any resolution, for `smoothing`.
    """

    values: np.ndarray
    window: Window
    stage_agreement: float = float("nan")
    first: np.ndarray | None = None
    picture: np.ndarray | None = None


View = TypeVar("View")


class Masker(Protocol[View]):
    """Scores from images and boxes in two steps, so that images need not be kept: each becomes a *view* of the object.

    batch: how many windows it likes to solve at once. is_on_processors: whether `solve` has all of them busy, so that
    more than a thread beside it would only take them away; not so where a GPU computes, or `view` does all. smoothing:
    with how many frames on either side the scores of a frame are to be smoothed (`boxmask.generate.smoothing`), for
    which they need pictures; 0: not at all.
    """

    batch: int
    is_on_processors: bool
    smoothing: int

    def view(self, image: np.ndarray, box: np.ndarray) -> View:
        """What has to be known of an image (H, W, 3) uint8 RGB around a box (4,) xywh, which is inside it.

        It is called in several threads at once.
        """

    def solve(self, windows: Sequence[Sequence[View]], keep: Sequence[int], *, batch: int = 1) -> list[list[Scores]]:
        """For each window, solved on its own, the scores of its views at the positions `keep`.

        All windows are of one length, and at most `batch`. The answer for a window does not depend on the others.
        """
