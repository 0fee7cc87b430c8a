"""One worker: sequences that nobody else has, one after the other, from frames to published folders."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Names
from concurrent.futures import Future, wait
from contextlib import closing, suppress
from functools import partial
from typing import Any

from boxmask.generate import ledger
from boxmask.generate.claims import Claim, ClaimLost, Claims
from boxmask.generate.engine import Watch, generate_masks
from boxmask.generate.helpers import Helpers, WriteBehind
from boxmask.generate.ledger import Failure
from boxmask.generate.manifest import Manifest
from boxmask.generate.masker import Masker
from boxmask.generate.outcomes import Event, FrameDone, Outcome, SequenceFailed
from boxmask.generate.outfolder import OutFolder, OutputError, version
from boxmask.generate.phases import Phases
from boxmask.generate.settings import OnRecord, Record
from boxmask.generate.writer import SequenceWriter, require_replaceable
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

logger = logging.getLogger(__name__)

# What a run tells of itself while it goes on: {"event": ..., ...} of plain values. See `progress`.
Tell = Callable[[Mapping[str, Any]], None]
# Seconds between two looks at what other workers have, or have done; and between two counts of frames.
POLL = 1.0
_TELL_EVERY = 0.5
# Frames that wait to be written while the network goes on: those of two windows, and some more.
_MAX_BEHIND = 24


class Worker:
    """Makes the masks of the sequences `names` that are not done, with any number of others on the same folder.

    It ends when all are done or have failed, by whomever, so that whichever worker ends last has left nothing undone.
    Helpers read frames and write masks; all that this class does itself, it does in the thread of its caller.
    """

    def __init__(self, dataset: Dataset, names: Names[str], masker: Masker[Any], record: Record, claims: Claims, *,
                 batch: int | None = None, tell: Tell = lambda event: None, watch: Watch | None = None) -> None:
        self.dataset = dataset
        self.names = names
        self.masker = masker
        self.settings = record.settings
        self.claims = claims
        self.out: OutFolder = claims.out
        self._on_record = OnRecord(self.out, record, claims.scratch)
        self.batch = batch
        self._tell = tell
        self._watch = watch
        self._phases = Phases()
        self._open: dict[str, tuple[SequenceWriter, float]] = {}
        # Failures of an earlier run are tried again; what fails from now on is left alone.
        self._old_failures = {name: self._failure_version(name) for name in self.out.marked(self.out.failed)}
        self._wanted = frozenset(names)
        self._num_ended = 0  # by this worker, done or failed
        self._done: set[str] = set()
        self._listed = -math.inf
        self._untold = 0
        self._told = time.monotonic()

    def work(self) -> None:
        """Does what there is to do. Raises `OSError` where the output cannot be written: that would fail all."""
        is_told = False
        with Helpers(self.masker) as helpers:
            while (left := next((name for name, settled in self._states() if not settled), None)) is not None:
                if self._round(helpers):
                    continue
                if not is_told:
                    logger.info("waiting for sequences that other workers have; the first is %s", left)
                    is_told = True
                time.sleep(POLL)

    def _round(self, helpers: Helpers) -> bool:
        """Goes through all sequences once; False if it brought none to an end: all that were left are in other hands.
        """
        before = self._num_ended

        def offer() -> Iterator[Sequence]:
            for name, settled in self._states():
                sequence = None if settled else self._take(name)
                if sequence is not None:
                    yield sequence

        behind: WriteBehind[Event] = WriteBehind(helpers, _MAX_BEHIND)

        def watch(*solved: Any) -> None:
            """While the frames of a window wait for others, those of earlier ones have been written."""
            if self._watch is not None:
                self._watch(*solved)
            self._settle(behind)

        try:
            with closing(generate_masks(offer(), self.masker, self.settings.window_options, batch=self.batch,
                                        phases=self._phases, helpers=helpers, watch=watch,
                                        box_margin=self.settings.box_margin or 0.0)) as events:
                for event in events:
                    self._begin(event, behind)
                    self._settle(behind)
            self._settle(behind, is_last=True)
        except BaseException:
            # The masks that are made already; whatever fails now too is not what the run ended with.
            with suppress(OSError, ValueError):
                self._settle(behind, is_last=True)
            raise
        self._tell_frames()
        return self._num_ended > before

    def _states(self) -> Iterator[tuple[str, bool]]:
        """Each sequence, and whether it was done or had failed when the first of them was asked for."""
        done, failed = self.out.done(), self.out.marked(self.out.failed)
        for name in self.names:
            if name in done and name in failed:
                ledger.failure_file(self.out, name).unlink(missing_ok=True)  # killed before it could do this
            yield name, name in done or (name in failed and self._has_failed(name))

    def _take(self, name: str) -> Sequence | None:
        """Claims a sequence and opens its writer; None if it is another's, or done by now, or fails at once."""
        claim = self.claims.claim(name)
        if claim is None:
            return None
        if self._is_settled(name):
            self.claims.release(claim)
            return None
        try:
            sequence = self.dataset.read(name)
        except DatasetError as error:
            self._fail(claim, Failure(str(error), error.num_frames))
            return None
        try:
            require_replaceable(self.out.sequence(name))
        except OutputError as error:
            self._fail(claim, Failure(str(error), len(sequence)))
            return None
        self._open[name] = SequenceWriter(self.claims, claim, sequence, self.settings), time.monotonic()
        return sequence

    def _begin(self, event: Event, behind: WriteBehind[Event]) -> None:
        """Has the helpers write a frame; what follows on the end of a sequence waits until its frames are written."""
        writer, _ = self._open.get(event.sequence.name, (None, 0.0))
        if writer is None:
            return  # the claim was lost, or the sequence has failed to be written
        behind.add(event, partial(self._write, writer, event) if isinstance(event, FrameDone) else _nothing)

    def _write(self, writer: SequenceWriter, event: FrameDone) -> None:
        result = event.result
        with self._phases.timed("encode"):
            writer.add(result)

    def _settle(self, behind: WriteBehind[Event], *, is_last: bool = False) -> None:
        for event, future in behind.made(is_last=is_last):
            self._handle(event, future, behind)

    def _handle(self, event: Event, made: Future[Any], behind: WriteBehind[Event]) -> None:
        name = event.sequence.name
        writer, start = self._open.get(name, (None, 0.0))
        if writer is None:
            return
        try:
            answer = made.result()
        except OutputError as error:
            self._close(name)
            self._fail(writer.claim, Failure(str(error), len(writer.sequence)))
        except ClaimLost as lost:
            logger.warning("%s", lost)
            self._close(name)
            wait([future for other, future in behind if other.sequence is event.sequence])
            writer.discard()
            self.claims.release(writer.claim)
        else:
            if isinstance(event, FrameDone):
                self._count()
            elif isinstance(event, SequenceFailed):
                self._close(name)
                reason = f"{event.sequence.dataset}, sequence {name}: {event.reason}"
                self._fail(writer.claim, Failure(reason, len(event.sequence)))
            elif answer is None:
                self._on_record.require()
                behind.add(event, partial(self._publish, writer))
            else:
                self._published(name, writer, start, answer)

    def _publish(self, writer: SequenceWriter) -> Manifest:
        with self._phases.timed("encode"):
            return writer.publish()

    def _published(self, name: str, writer: SequenceWriter, start: float, result: Manifest) -> None:
        self._on_record.unmark(name)
        self._close(name)
        self._num_ended += 1
        self._done.add(name)
        ledger.failure_file(self.out, name).unlink(missing_ok=True)
        self.claims.release(writer.claim)
        self._tell_frames()
        self._tell({"event": "sequence", "name": name, "seconds": round(time.monotonic() - start, 3),
                    "done": self._count_done(),
                    "frames": {outcome.value: count for outcome, count in result.header.counts.items()},
                    **_first_problem(result)})

    def _count_done(self) -> int:
        """Sequences that are done, by whomever. What others do is seen a little later, but for the last of a round."""
        now = time.monotonic()
        if not self._open or now - self._listed >= POLL:
            self._done = self.out.done() & self._wanted
            self._listed = now
        return len(self._done)

    def _fail(self, claim: Claim, failure: Failure) -> None:
        self._num_ended += 1
        ledger.write_failure(self.out, claim.name, failure, self.claims.scratch)
        self.claims.release(claim)
        self._tell({"event": "failed", "name": claim.name, "reason": failure.reason, "frames": failure.frames})

    def _close(self, name: str) -> SequenceWriter:
        writer, _ = self._open.pop(name)
        return writer

    def _is_settled(self, name: str) -> bool:
        """Whether a sequence is done, or has failed in this run, by now."""
        return self.out.is_done(name) or self._has_failed(name)

    def _has_failed(self, name: str) -> bool:
        found = self._failure_version(name)
        return found is not None and found != self._old_failures.get(name)

    def _failure_version(self, name: str) -> tuple[int, ...] | None:
        return version(ledger.failure_file(self.out, name))

    def _count(self) -> None:
        self._untold += 1
        if time.monotonic() - self._told >= _TELL_EVERY:
            self._tell_frames()

    def _tell_frames(self) -> None:
        if self._untold:
            self._tell({"event": "frames", "count": self._untold,
                        "phases": {name: round(seconds, 3) for name, seconds in self._phases.seconds.items()}})
        self._untold = 0
        self._told = time.monotonic()


def _nothing() -> None:
    """The end of a sequence: nothing to write yet."""


def _first_problem(result: Manifest) -> dict[str, str]:
    """Of a sequence with frames that could not be masked as they should: the first of them, and why."""
    for frame in result.frames:
        if frame.outcome in (Outcome.INVALID_BOX, Outcome.BAD_IMAGE):
            return {"first_problem": f"frame {frame.name}: {frame.reason}"}
    return {}
