"""One sequence on its way: frames in, windows out to be solved, their scores back in, results of frames out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from boxmask.boxes import intersect, is_valid
from boxmask.generate.compose import Piece, compose
from boxmask.generate.masker import Masker, Scores
from boxmask.generate.outcomes import FrameResult, ObjectResult, Outcome
from boxmask.generate.phases import Phases
from boxmask.generate.plan import Window, WindowOptions, make_plan
from boxmask.readers import images
from boxmask.readers.sequence import Sequence as Video
from boxmask.readers.sequence import Sight

# What a masker raises when it cannot do its work: PyTorch's errors are RuntimeErrors, those of OpenCV its own.
MASKER_ERRORS = (RuntimeError, ValueError, cv2.error)


class MaskerError(RuntimeError):
    """A masker failed; the message says at which frame, and how."""


@dataclass(frozen=True, eq=False)
class Job:
    """A window to solve: the views of those of its frames that could be read, and the positions of those to keep."""

    work: SequenceWork
    window: Window
    frames: tuple[int, ...]
    views: tuple[Any, ...]
    keep: tuple[int, ...]


@dataclass(eq=False)
class _Frame:
    """A frame that was read, until all its objects have their scores; missing: the boxes of those that have not."""

    index: int
    size: tuple[int, int]
    missing: dict[int, np.ndarray] = field(default_factory=dict)
    pieces: dict[int, Piece] = field(default_factory=dict)
    is_invalid: bool = False
    reasons: list[str] = field(default_factory=list)


class SequenceWork:
    """The state of one sequence. It keeps the views that windows still need, never an image.

    A frame that turns out to be unreadable, or to have its box outside, is left out of its windows.
    """

    def __init__(self, sequence: Video, masker: Masker[Any], options: WindowOptions, phases: Phases) -> None:
        self.sequence = sequence
        self.failed = False
        self.unfinished = len(sequence)
        self._masker = masker
        self._phases = phases
        self._windows = make_plan(sequence.sight, options).windows
        self._uses = Counter((frame, window.object) for window in self._windows for frame in window.frames)
        self._views: dict[tuple[int, int], Any] = {}
        self._frames: dict[int, _Frame] = {}
        self._size: tuple[int, int] | None = None
        self._unsized: list[FrameResult] = []

    def read(self) -> Iterator[FrameResult | Job]:
        """Reads the frames in order, each once: results where nothing has to be solved, and windows as they fill."""
        windows = iter(self._windows)
        window = next(windows, None)
        for index in range(len(self.sequence)):
            yield from self._read_frame(index)
            while window is not None and window.frames[-1] == index:
                job = self._job(window)
                if job is not None:
                    yield job
                window = next(windows, None)
        yield from self._give(self._unsized)

    def settle(self, job: Job, scores: Sequence[Scores]) -> Iterator[FrameResult]:
        """Takes the scores of a job's kept frames; gives the frames that had waited for them."""
        for position, found in zip(job.keep, scores, strict=True):
            frame = self._frames[job.frames[position]]
            box = frame.missing.pop(job.window.object)
            frame.pieces[job.window.object] = Piece(self.sequence.object_ids[job.window.object], box, found)
            if not frame.missing:
                del self._frames[frame.index]
                yield from self._give([self._result(frame)])

    def _read_frame(self, index: int) -> Iterator[FrameResult]:
        sight = self.sequence.sight[index]
        visible = np.flatnonzero(sight == Sight.VISIBLE).tolist()
        try:
            with self._phases.timed("decode"):
                image = self.sequence.frames.load(index) if visible else None
                size = self.sequence.frames.size(index) if image is None else (image.shape[1], image.shape[0])
        except images.ImageError as error:
            yield from self._bad_image(index, str(error))
            return
        frame = _Frame(index, size)
        for position in np.flatnonzero(sight == Sight.INVALID).tolist():
            self._note_invalid(frame, position, self.sequence.reasons.get((index, position), "the box is not valid"))
        for position in visible:
            self._look(frame, image, position)
        self._size = size
        yield from self._give(self._unsized)
        self._unsized = []
        if frame.missing:
            self._frames[index] = frame
        else:
            yield from self._give([self._result(frame)])

    def _look(self, frame: _Frame, image: np.ndarray, position: int) -> None:
        """Makes the view of one object of a frame.

        The masker gets the part of each box inside the image, as the boxes that networks are trained with are taken
        from masks and never reach beyond it.
        """
        given = self.sequence.boxes[frame.index, position]
        box = intersect(given, frame.size)
        if not is_valid(box):
            numbers = ", ".join(f"{value:g}" for value in given)
            self._note_invalid(frame, position,
                               f"the box ({numbers}) is outside the image of {frame.size[0]}x{frame.size[1]}")
            return
        try:
            with self._phases.timed("crop"):
                self._views[frame.index, position] = self._masker.view(image, box)
        except MASKER_ERRORS as error:
            raise MaskerError(f"frame {self.sequence.frames.names[frame.index]}: {error}") from error
        frame.missing[position] = box

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

    def _bad_image(self, index: int, reason: str) -> Iterator[FrameResult]:
        with suppress(images.ImageError):
            self._size = self.sequence.frames.size(index)  # a file that is cut short may have a whole header
        result = FrameResult(index, Outcome.BAD_IMAGE, reason, None, None)
        if self._size is None:
            self._unsized.append(result)
        else:
            yield from self._give([*self._unsized, result])
            self._unsized = []

    def _note_invalid(self, frame: _Frame, position: int, reason: str) -> None:
        several = len(self.sequence.object_ids) > 1
        frame.is_invalid = True
        frame.reasons.append(f"object {self.sequence.object_ids[position]}: {reason}" if several else reason)

    def _result(self, frame: _Frame) -> FrameResult:
        """The result of a frame whose objects all have what they get."""
        outcome = Outcome.OK if frame.pieces else Outcome.INVALID_BOX if frame.is_invalid else Outcome.ABSENT
        with self._phases.timed("compose"):
            pieces = [piece for _, piece in sorted(frame.pieces.items())]
            mask = compose(pieces, frame.size)
        objects = {piece.object_id: ObjectResult(piece.box, piece.scores.stage_agreement) for piece in pieces}
        return FrameResult(frame.index, outcome, "; ".join(frame.reasons), frame.size, mask, objects)

    def _give(self, results: Sequence[FrameResult]) -> Iterator[FrameResult]:
        """Hands results out and counts them; what has no size gets that of the last readable frame, if there is one."""
        for result in results:
            self.unfinished -= 1
            if result.size is None and self._size is not None:
                result = FrameResult(result.index, result.outcome, result.reason, self._size,
                                     np.zeros(self._size[::-1], np.uint8))
            yield result
