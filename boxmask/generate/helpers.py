"""Threads beside the one that runs the network: they read frames ahead of it, and write masks behind it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, TypeVar

from boxmask.generate.masker import Masker
from boxmask.generate.work import Look, SequenceWork

Item = TypeVar("Item")
# Sequences that are read ahead besides the one that is being solved.
_SEQUENCES_AHEAD = 1


def num_processors() -> int:
    """Those of this process, an equal share where there are several on this machine, as torchrun numbers them."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, here // max(1, int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))


def let_idle_threads_sleep() -> None:
    """Has PyTorch's threads sleep while they wait for one another; has an effect before PyTorch is imported.

    By default GNU's OpenMP has them spin. Where a helper, or another program, has one of their processors, the others
    then wait at full speed for it: with two of them a network took several times as long. See docs/performance.md.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class Helpers:
    """Threads for one masker: one where the masker has the processors busy itself, else one a processor.

    They live as long as the `with` block; what they have not begun when it ends is not done.
    """

    def __init__(self, masker: Masker, count: int | None = None) -> None:
        self.count = count or (1 if masker.is_on_processors else num_processors())
        self._any = ThreadPoolExecutor(self.count, thread_name_prefix="helper")
        # For frames that can only be had one after the other, as those of a video file.
        self._in_order = ThreadPoolExecutor(1, thread_name_prefix="reader")

    def __enter__(self) -> Helpers:
        return self

    def __exit__(self, error: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._any.shutdown(cancel_futures=True)
        self._in_order.shutdown(cancel_futures=True)

    def submit(self, call: Callable[[], Item]) -> Future[Item]:
        """The call's answer, or error, to come; calls begin in the order in which they are given."""
        return self._any.submit(call)

    def reader(self, work: SequenceWork) -> Executor:
        """What reads the frames of a sequence: files in any order, all else one by one."""
        return self._any if hasattr(work.sequence.frames, "paths") else self._in_order


@dataclass(eq=False)
class _Reading:
    """A sequence of which frames are being read; asked: how many of them; looks: those that nobody has taken yet."""

    work: SequenceWork
    asked: int = 0
    looks: deque[Future[Look]] = field(default_factory=deque)


def read_ahead(works: Iterable[SequenceWork], helpers: Helpers, limit: int
               ) -> Generator[tuple[SequenceWork, Iterator[Look]], None, None]:
    """The works of sequences, each with the looks of its frames in order, as the helpers read them: `limit` frames at
    most before they are asked for, of the next sequence too.
    """
    ahead = _Ahead(iter(works), helpers, limit)
    try:
        while (reading := ahead.first()) is not None:
            yield reading.work, ahead.looks(reading)
            ahead.drop_first()  # it may have failed before its end
    finally:
        while ahead.readings:
            ahead.drop_first()


class _Ahead:
    """What is being read: of the first sequence in `readings` the looks are taken."""

    def __init__(self, works: Iterator[SequenceWork], helpers: Helpers, limit: int) -> None:
        self.readings: deque[_Reading] = deque()
        self._works = works
        self._helpers = helpers
        self._limit = limit

    def first(self) -> _Reading | None:
        self._fill()
        return self.readings[0] if self.readings else None

    def drop_first(self) -> None:
        for look in self.readings.popleft().looks:
            look.cancel()

    def looks(self, reading: _Reading) -> Iterator[Look]:
        while reading.looks:
            look = reading.looks.popleft()
            self._fill()  # first, so that there is something to do while this one waits
            yield look.result()

    def _fill(self) -> None:
        """Has as many frames read as may be; takes the next sequence when the last one has been asked for whole."""
        while sum(len(reading.looks) for reading in self.readings) < self._limit:
            last = self.readings[-1] if self.readings else None
            if last is not None and last.asked < len(last.work.sequence):
                last.looks.append(self._helpers.reader(last.work).submit(last.work.look, last.asked))
                last.asked += 1
            elif len(self.readings) > _SEQUENCES_AHEAD or (work := next(self._works, None)) is None:
                return
            else:
                self.readings.append(_Reading(work))


class WriteBehind(Generic[Item]):
    """Calls that the helpers make, each for an item, which is given back in the order of the calls when it is made.

    At most `limit` wait: who adds another then gives time to the first.
    """

    def __init__(self, helpers: Helpers, limit: int) -> None:
        self._helpers = helpers
        self._limit = limit
        self._calls: deque[tuple[Item, Future[object]]] = deque()

    def add(self, item: Item, call: Callable[[], object]) -> None:
        """Starts a call in a thread; `item` is what waits for it."""
        self._calls.append((item, self._helpers.submit(call)))

    def __iter__(self) -> Iterator[tuple[Item, Future[object]]]:
        """What waits."""
        return iter(self._calls)

    def made(self, *, is_last: bool = False) -> Iterator[tuple[Item, Future[object]]]:
        """Items whose calls are made, those of `limit` calls ago at the latest, and if `is_last` all there are.

        The future has the call's answer, or its error.
        """
        while self._calls:
            item, future = self._calls[0]
            if not (is_last or future.done() or len(self._calls) > self._limit):
                return
            future.exception()  # waits
            self._calls.popleft()
            yield item, future
