"""What every reader returns, and the error that every reader raises."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

# A file name may have 255 bytes; what is written beside a sequence or frame adds a few to its name.
_LONGEST_NAME = 200
# Unicode's categories of control characters, halves of characters, and ends of lines and paragraphs.
_UNFIT = ("Cc", "Cs", "Zl", "Zp")
# What turns the direction of a text, in which a name would look like another.
_TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


class DatasetError(ValueError):
    """A fault of a dataset: which dataset, sequence, frame and file, what was expected, what to do.

    num_frames: how many frames of the sequence are without masks through it, 0 where that is not known.
    """

    num_frames: int = 0

    def __init__(self, problem: str, *, dataset: str, sequence: str | None = None, frame: str | None = None,
                 file: Path | None = None) -> None:
        place = [dataset]
        if sequence is not None:
            place.append(f"sequence {sequence}")
        if frame is not None:
            place.append(f"frame {frame}")
        if file is not None:
            place.append(str(file))
        super().__init__(f"{', '.join(place)}: {problem}")


class Sight(IntEnum):
    """What a reader knows of an object in a frame before any pixel is read."""

    VISIBLE = 0
    ABSENT = 1
    INVALID = 2


class Frames(Protocol):
    """The T frames of a sequence, in order.

    names: unique, and the names of their masks. `load(i)`: frame i, (H, W, 3) uint8 RGB. `size(i)`: its (W, H) from
    its header alone. Both raise `boxmask.readers.images.ImageError` for a frame that cannot be read.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the T frames."""

    def load(self, index: int) -> np.ndarray:
        """Frame `index`, (H, W, 3) uint8 RGB."""

    def size(self, index: int) -> tuple[int, int]:
        """The (W, H) of frame `index`."""


@dataclass(frozen=True, eq=False)
class Sequence:
    """A video of T frames with the boxes of O objects. Images are read when asked for.

    name: one path component, the output folder too. boxes (T, O, 4) float xywh, 0-based, in pixels, NaN unless the
    object is VISIBLE; sight (T, O) int8 of `Sight`; object_ids: the O indices that the objects have in masks, 1..254;
    reasons: (frame, object's position) -> why it is INVALID.
    """

    dataset: str
    name: str
    frames: Frames
    boxes: np.ndarray
    sight: np.ndarray
    object_ids: tuple[int, ...] = (1,)
    reasons: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise `DatasetError` for names that cannot be files' names, and ValueError for arrays that do not fit."""
        check_name(self.name, dataset=self.dataset)
        for name in self.frames.names:
            check_name(name, dataset=self.dataset, what="a frame", sequence=self.name)
        name, count = Counter(self.frames.names).most_common(1)[0] if self.frames.names else ("", 1)
        if count > 1:
            raise DatasetError(f"{count} frames have this name and would have the same mask; keep one of them",
                               dataset=self.dataset, sequence=self.name, frame=name)
        shape = (len(self), len(self.object_ids))
        if self.sight.shape != shape or self.boxes.shape != (*shape, 4):
            raise ValueError(f"{shape[0]} frames and {shape[1]} objects, but boxes {self.boxes.shape} and sight "
                             f"{self.sight.shape}")
        if len(set(self.object_ids)) != shape[1] or not all(1 <= identity <= 254 for identity in self.object_ids):
            raise ValueError(f"object ids differ and are 1..254, got {self.object_ids}")
        visible = self.sight == Sight.VISIBLE
        if not np.array_equal(np.isfinite(self.boxes), np.broadcast_to(visible[..., None], self.boxes.shape)):
            raise ValueError("boxes are finite where the object is visible, and NaN elsewhere")

    def __len__(self) -> int:
        return len(self.frames.names)

    def select(self, indices: Iterable[int]) -> Sequence:
        """The sequence of these frames alone, in this order."""
        chosen = tuple(indices)
        position = {old: new for new, old in enumerate(chosen)}
        reasons = {(position[frame], column): reason for (frame, column), reason in self.reasons.items()
                   if frame in position}
        return Sequence(self.dataset, self.name, _SelectedFrames(self.frames, chosen), self.boxes[list(chosen)],
                        self.sight[list(chosen)], self.object_ids, reasons)


@dataclass(frozen=True)
class _SelectedFrames:
    frames: Frames
    indices: tuple[int, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.frames.names[index] for index in self.indices)

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Where the frames are files, as of `images.ImageFiles`."""
        return tuple(self.frames.paths[index] for index in self.indices)

    def load(self, index: int) -> np.ndarray:
        return self.frames.load(self.indices[index])

    def size(self, index: int) -> tuple[int, int]:
        return self.frames.size(self.indices[index])


@dataclass(frozen=True)
class Dataset:
    """The sequences of a dataset by name; `read` does the work of one, so that a bad one does not hide the others."""

    name: str
    sequences: tuple[str, ...]
    read: Callable[[str], Sequence]


def check_name(name: str, *, dataset: str, what: str = "a sequence", sequence: str | None = None,
               file: Path | None = None) -> str:
    """`name` if a folder or file can be called so, else `DatasetError`.

    A name is one path component: not empty, not hidden, without slash, backslash or control characters, not too long,
    and without spaces at its ends, which lists of names lose.
    """
    problem = _problem(name)
    if problem:
        raise DatasetError(f"{shorten(name)} is not the name of {what}: expected one plain folder or file name, and "
                           f"{problem}", dataset=dataset, sequence=sequence, file=file)
    return name


def _problem(name: str) -> str:
    """Why a folder or file cannot be called so, "" if it can."""
    if not name or name.startswith("."):
        return "it begins with a dot" if name else "it is empty"
    if name != name.strip():
        return "it has a space at an end"
    unfit = [letter for letter in name if letter in "/\\" or unicodedata.category(letter) in _UNFIT
             or unicodedata.bidirectional(letter) in _TURNING]
    if unfit:
        return f"it has {unfit[0]!r} in it"
    length = len(name.encode())
    return f"it is {length} bytes long, and {_LONGEST_NAME} is the most" if length > _LONGEST_NAME else ""


def shorten(text: str, limit: int = 80) -> str:
    """`text` as Python would write it, cut to what fits into an error message."""
    return repr(text) if len(text) <= limit else f"{text[:limit]!r}..."
