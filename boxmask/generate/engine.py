"""Masks of sequences, as they are done: frames are read in order, windows that fill share passes of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Sequence as SequenceOf
from contextlib import closing
from typing import Any

from boxmask.generate.helpers import Helpers, read_ahead
from boxmask.generate.masker import Masker, Scores
from boxmask.generate.outcomes import Event, FrameDone, SequenceDone, SequenceFailed
from boxmask.generate.phases import Phases
from boxmask.generate.plan import DEFAULT_WINDOWS, WindowOptions
from boxmask.generate.work import MASKER_ERRORS, Job, Look, SequenceError, SequenceWork
from boxmask.readers.sequence import Sequence

# Told of every window that has been solved, and of the scores of its kept frames.
Watch = Callable[[Job, SequenceOf[Scores]], None]
# Windows wait for others of their length to be solved with: those of so many sequences, and so many batches of them.
MAX_OPEN_SEQUENCES = 4
MAX_WAITING_BATCHES = 4
# Frames that are read ahead, at most: those of a block of windows, which are solved when its last frames come.
_MAX_AHEAD = 64


def generate_masks(sequences: Iterable[Sequence], masker: Masker[Any], options: WindowOptions = DEFAULT_WINDOWS, *,
                   batch: int | None = None, phases: Phases | None = None, helpers: Helpers | None = None,
                   watch: Watch | None = None, box_margin: float = 0.0) -> Iterator[Event]:
    """The results of all frames of the sequences, and for each sequence at last whether it is done or failed.

    Sequences are taken one by one, the next when the frames of the last have been read. batch: windows that are solved
    at once, by default as the masker likes it. phases: where the time is added. helpers: who reads ahead; without them
    a frame is read when it is needed. The events are the same, and in the same order, either way. box_margin: as
    `compose` takes it. Memory is bounded by the span of the windows, the number of objects and the batch, not by the
    length of the sequences.
    """
    engine = _Engine(masker, masker.batch if batch is None else batch, phases or Phases(), watch)
    works = (SequenceWork(sequence, masker, options, engine.phases, box_margin) for sequence in sequences)
    if helpers is None:
        readings = ((work, map(work.look, range(len(work.sequence)))) for work in works)
    else:
        readings = read_ahead(works, helpers, min(options.window * options.stride, _MAX_AHEAD))
    with closing(readings):  # what was to be read ahead is no use after an error
        for work, looks in readings:
            yield from engine.add(work, looks)
    yield from engine.finish()


class _Engine:
    """Gathers the jobs of several sequences into batches of equal shape."""

    def __init__(self, masker: Masker[Any], batch: int, phases: Phases, watch: Watch | None) -> None:
        if batch < 1:
            raise ValueError(f"a batch has at least one window, got {batch}")
        self.phases = phases
        self._watch = watch
        self._masker = masker
        self._batch = batch
        self._open: list[SequenceWork] = []
        self._waiting: list[Job] = []

    def add(self, work: SequenceWork, looks: Iterable[Look]) -> Iterator[Event]:
        self._open.append(work)
        try:
            for step in work.read(looks):
                if isinstance(step, FrameDone):
                    yield step
                else:
                    self._waiting.append(step)
                    yield from self._solve_full(step)
                if work.failed:
                    return
        except SequenceError as error:
            yield self._fail(work, str(error))
            return
        yield from self._end(work)
        while len(self._open) > MAX_OPEN_SEQUENCES:
            oldest = self._open[0]
            yield from self._solve_like(next(job for job in self._waiting if job.work is oldest))

    def finish(self) -> Iterator[Event]:
        """Solves what still waits."""
        while self._waiting:
            yield from self._solve_like(self._waiting[0])

    def _solve_full(self, latest: Job) -> Iterator[Event]:
        if len(self._like(latest)) == self._batch:
            yield from self._solve_like(latest)
        elif len(self._waiting) > MAX_WAITING_BATCHES * self._batch:
            yield from self._solve_like(self._waiting[0])

    def _like(self, job: Job) -> list[Job]:
        """The waiting jobs that one pass of the network can solve with `job`."""
        return [other for other in self._waiting if _shape(other) == _shape(job)]

    def _solve_like(self, job: Job) -> Iterator[Event]:
        jobs = self._like(job)
        self._waiting = [other for other in self._waiting if other not in jobs]
        try:
            yield from self._solve(jobs)
        except SequenceError as error:
            if len(jobs) == 1:
                yield self._fail(job.work, str(error))
                return
            for each in jobs:  # whose fault was it?
                if not each.work.failed:
                    yield from self._solve_alone(each)

    def _solve_alone(self, job: Job) -> Iterator[Event]:
        try:
            yield from self._solve([job])
        except SequenceError as error:
            yield self._fail(job.work, str(error))

    def _solve(self, jobs: list[Job]) -> Iterator[Event]:
        """Raises `SequenceError` before anything is given."""
        try:
            with self.phases.timed("network"):
                found = self._masker.solve([job.views for job in jobs], jobs[0].keep, batch=self._batch)
        except MASKER_ERRORS as error:
            names = jobs[0].work.sequence.frames.names
            raise SequenceError(f"frames {names[jobs[0].frames[0]]} to {names[jobs[0].frames[-1]]}: {error}") from error
        for job, scores in zip(jobs, found, strict=True):
            if self._watch is not None:
                self._watch(job, scores)
            yield from job.work.settle(job, scores)
            yield from self._end(job.work)

    def _end(self, work: SequenceWork) -> Iterator[Event]:
        if not work.unfinished and work in self._open:
            self._open.remove(work)
            yield SequenceDone(work.sequence)

    def _fail(self, work: SequenceWork, reason: str) -> SequenceFailed:
        work.failed = True
        self._open.remove(work)
        self._waiting = [job for job in self._waiting if job.work is not work]
        return SequenceFailed(work.sequence, reason)


def _shape(job: Job) -> tuple[int, tuple[int, ...]]:
    return len(job.views), job.keep
