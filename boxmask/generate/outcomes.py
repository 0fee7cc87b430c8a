"""What becomes of frames and sequences: the words of the ledger, and what the engine tells the one who writes masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from boxmask.readers.sequence import Sequence


class Outcome(str, Enum):
    """What became of a frame; every input frame ends in exactly one. Its value is the word in files and on screen.

    FAILED is a frame of a sequence that was given up: the engine never gives it to a frame of its own.
    """

    OK = "ok"
    ABSENT = "absent"
    INVALID_BOX = "invalid_box"
    BAD_IMAGE = "bad_image"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class ObjectResult:
    """One object that got a mask in a frame.

    box (4,) float: the xywh that was used, in frame pixels, the part inside the frame. stage_agreement: IoU inside the
    box of the masks of both stages of the network, NaN from a masker without stages. box_margin: how far beyond the box
    the mask may reach, as a share of its width and height.
    """

    box: np.ndarray
    stage_agreement: float = float("nan")
    box_margin: float = 0.0


@dataclass(frozen=True, eq=False)
class FrameResult:
    """What became of frame `index` of a sequence.

    reason: why there is no mask (or, of an OK frame, why some of its objects have none), else "". size (W, H) of the
    frame; of an unreadable one that of the nearest readable frame before it, else after it. mask (H, W) uint8 of
    object ids, 0 everywhere unless OK. objects: by object id, those that got a mask, which may still be empty.
    """

    index: int
    outcome: Outcome
    reason: str
    size: tuple[int, int]
    mask: np.ndarray
    objects: Mapping[int, ObjectResult] = field(default_factory=dict)


class FrameDone:
    """A frame has its result. The frames of a sequence come in no promised order, but always in the same one."""

    def __init__(self, sequence: Sequence, make: Callable[[], FrameResult]) -> None:
        self.sequence = sequence
        self._make = make
        self._result: FrameResult | None = None

    @property
    def result(self) -> FrameResult:
        """It is put together, the scores pasted into the frame, when and in the thread where it is first asked for."""
        if self._result is None:
            self._result = self._make()
            del self._make  # and with it the scores
        return self._result


@dataclass(frozen=True, eq=False)
class SequenceDone:
    """Every frame of the sequence has had its `FrameDone`."""

    sequence: Sequence


@dataclass(frozen=True, eq=False)
class SequenceFailed:
    """The sequence was given up, whatever frames of it were done; nothing more of it will come."""

    sequence: Sequence
    reason: str


Event = FrameDone | SequenceDone | SequenceFailed
