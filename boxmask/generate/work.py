"""One sequence on its way: frames in, windows out to be solved, their scores back in, results of frames out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import cv2
import numpy as np

from boxmask.boxes import intersect, is_valid
from boxmask.generate.compose import Piece, compose
from boxmask.generate.masker import Masker, Scores
from boxmask.generate.outcomes import FrameDone, FrameResult, ObjectResult, Outcome
from boxmask.generate.phases import Phases
from boxmask.generate.plan import Window, WindowOptions, make_plan
from boxmask.generate.smoothing import Smoother
from boxmask.masks import box_region
from boxmask.readers import images
from boxmask.readers.sequence import Sequence as Video
from boxmask.readers.sequence import Sight

# What a masker raises when it cannot do its work: PyTorch's errors are RuntimeErrors, those of OpenCV its own.
MASKER_ERRORS = (RuntimeError, ValueError, cv2.error)


class SequenceError(RuntimeError):
    """A sequence without masks: its masker failed, or none of its images can be read; the message says where, and how.
    """


@dataclass(frozen=True, eq=False)
class Job:
    """A window to solve: the views of those of its frames that could be read, and the positions of those to keep."""

    work: SequenceWork
    window: Window
    frames: tuple[int, ...]
    views: tuple[Any, ...]
    keep: tuple[int, ...]


@dataclass(eq=False)
class Look:
    """What a frame showed. size (W, H): None where it could not be seen; problem: why there are no pixels, "" if there
    are; views: by an object's position its box (4,) xywh inside the frame and what the masker made of it; invalid:
    positions of objects whose boxes are no use, and why.
    """

    index: int
    size: tuple[int, int] | None = None
    problem: str = ""
    views: dict[int, tuple[np.ndarray, Any]] = field(default_factory=dict)
    invalid: list[tuple[int, str]] = field(default_factory=list)


@dataclass(eq=False)
class _Frame:
    """A frame until all its objects have their scores; missing: the boxes of those that have not; pieces: what makes
    those of the others."""

    index: int
    size: tuple[int, int] | None
    is_bad: bool = False
    is_invalid: bool = False
    reasons: list[str] = field(default_factory=list)
    missing: dict[int, np.ndarray] = field(default_factory=dict)
    pieces: dict[int, Callable[[], Piece]] = field(default_factory=dict)


class SequenceWork:
    """The state of one sequence. It keeps the views that windows still need, never an image.

    A frame that turns out to be unreadable, or to have no pixel in its box, is left out of its windows. `look`, and
    what a `FrameDone` puts together, may run in any thread, several at once; all else is for one.
    """

    def __init__(self, sequence: Video, masker: Masker[Any], options: WindowOptions, phases: Phases,
                 box_margin: float = 0.0) -> None:
        """box_margin: as `compose` takes it."""
        self.sequence = sequence
        self.failed = False
        self.unfinished = len(sequence)
        self._masker = masker
        self._phases = phases
        self._box_margin = box_margin
        self._windows = make_plan(sequence.sight, options)
        self._uses = Counter((frame, window.object) for window in self._windows for frame in window.frames)
        self._views: dict[tuple[int, int], Any] = {}
        self._smoothers = [Smoother(np.flatnonzero(of_object).tolist(), masker.smoothing)
                           for of_object in (sequence.sight == Sight.VISIBLE).T]
        self._frames: dict[int, _Frame] = {}
        self._size: tuple[int, int] | None = None
        self._unsized: list[_Frame] = []

    def look(self, index: int) -> Look:
        """Reads a frame and makes the views of its objects.

        The masker gets the part of each box inside the image, as the boxes that networks are trained with are taken
        from masks and never reach beyond it.
        """
        frames, sight = self.sequence.frames, self.sequence.sight[index]
        visible = np.flatnonzero(sight == Sight.VISIBLE).tolist()
        look = Look(index)
        try:
            with self._phases.timed("decode"):
                image = frames.load(index) if visible else None
                look.size = frames.size(index) if image is None else (image.shape[1], image.shape[0])
        except images.ImageError as error:
            look.problem = str(error)
            with suppress(images.ImageError):
                look.size = frames.size(index)  # a file that is cut short may have a whole header
            return look
        for position in np.flatnonzero(sight == Sight.INVALID).tolist():
            look.invalid.append((position, self.sequence.reasons.get((index, position), "the box is not valid")))
        for position in visible:
            given = self.sequence.boxes[index, position]
            box = intersect(given, look.size)
            if is_valid(box) and image[box_region(box, look.size)].size:
                look.views[position] = box, self._view(image, box, index)
            else:
                numbers = ", ".join(f"{value:g}" for value in given)
                look.invalid.append((position, f"the box ({numbers}) has no pixel in the image of "
                                               f"{look.size[0]}x{look.size[1]}"))
        return look

    def read(self, looks: Iterable[Look]) -> Iterator[FrameDone | Job]:
        """Takes what `look` gives of each frame, in order: frames where nothing has to be solved, and windows as they
        fill. Raises `SequenceError` where no frame can be read, as nobody knows how large their masks would be.
        """
        windows = iter(self._windows)
        window = next(windows, None)
        for look in looks:
            yield from self._take(look)
            while window is not None and window.frames[-1] == look.index:
                job = self._job(window)
                if job is not None:
                    yield job
                window = next(windows, None)
        if self._unsized and self._size is None:
            raise SequenceError(f"none of its {len(self.sequence)} images can be read; frame "
                                f"{self.sequence.frames.names[0]}: {self._unsized[0].reasons[0]}")
        yield from self._give(self._unsized)

    def settle(self, job: Job, scores: Sequence[Scores]) -> Iterator[FrameDone]:
        """Takes the scores of a job's kept frames; gives the frames that had waited for them."""
        for position, found in zip(job.keep, scores, strict=True):
            yield from self._hear(job.window.object, job.frames[position], found)

    def _hear(self, position: int, index: int, scores: Scores | None) -> Iterator[FrameDone]:
        """Takes the scores of an object in a frame, None if there are none; gives the frames that had waited for them.
        """
        for ready, smoothed in self._smoothers[position].add(index, scores):
            frame = self._frames[ready]
            frame.pieces[position] = partial(self._piece, position, frame.missing.pop(position), smoothed)
            if not frame.missing:
                del self._frames[ready]
                yield from self._give([frame])

    def _piece(self, position: int, box: np.ndarray, smoothed: Callable[[], Scores]) -> Piece:
        with self._phases.timed("smooth"):
            return Piece(self.sequence.object_ids[position], box, smoothed())

    def _view(self, image: np.ndarray, box: np.ndarray, index: int) -> Any:
        try:
            with self._phases.timed("crop"):
                return self._masker.view(image, box)
        except MASKER_ERRORS as error:
            raise SequenceError(f"frame {self.sequence.frames.names[index]}: {error}") from error

    def _take(self, look: Look) -> Iterator[FrameDone]:
        frame = _Frame(look.index, look.size, is_bad=bool(look.problem))
        if look.problem:
            frame.reasons.append(look.problem)
        several = len(self.sequence.object_ids) > 1
        for position, reason in look.invalid:
            frame.is_invalid = True
            frame.reasons.append(f"object {self.sequence.object_ids[position]}: {reason}" if several else reason)
        for position, (box, view) in look.views.items():
            frame.missing[position] = box
            self._views[frame.index, position] = view
        if frame.size is not None:
            self._size = frame.size
            yield from self._give(self._unsized)
            self._unsized = []
        if frame.missing:
            self._frames[frame.index] = frame
        elif self._size is None:
            self._unsized.append(frame)
        else:
            yield from self._give([frame])
        for position in np.flatnonzero(self.sequence.sight[look.index] == Sight.VISIBLE).tolist():
            if position not in look.views:
                yield from self._hear(position, look.index, None)

    def _job(self, window: Window) -> Job | None:
        """The window with the frames that there are, or None if none of those to keep is there."""
        keys = [(frame, window.object) for frame in window.frames]
        present = [key for key in keys if key in self._views]
        job = None
        frames = tuple(frame for frame, _ in present)
        keep = tuple(position for position, frame in enumerate(frames) if frame in window.keep)
        if keep:
            job = Job(self, window, frames, tuple(self._views[key] for key in present), keep)
        for key in keys:
            self._uses[key] -= 1
            if not self._uses[key]:
                del self._uses[key]
                self._views.pop(key, None)
        return job

    def _give(self, frames: Sequence[_Frame]) -> Iterator[FrameDone]:
        """Hands frames out and counts them; one without size gets that of the last readable one."""
        for frame in frames:
            self.unfinished -= 1
            if frame.size is None:
                frame.size = self._size
            yield FrameDone(self.sequence, partial(self._result, frame))

    def _result(self, frame: _Frame) -> FrameResult:
        """The result of a frame whose objects all have what they get."""
        outcome = (Outcome.BAD_IMAGE if frame.is_bad else Outcome.OK if frame.pieces
                   else Outcome.INVALID_BOX if frame.is_invalid else Outcome.ABSENT)
        pieces = [make() for _, make in sorted(frame.pieces.items())]
        with self._phases.timed("compose"):
            mask = compose(pieces, frame.size, self._box_margin)
        objects = {piece.object_id: ObjectResult(piece.box, piece.scores.stage_agreement, self._box_margin)
                   for piece in pieces}
        return FrameResult(frame.index, outcome, "; ".join(frame.reasons), frame.size, mask, objects)
