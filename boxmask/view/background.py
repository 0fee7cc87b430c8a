"""What lets a view cost a run nothing: each place that shows things has a thread and a short queue that drops."""

from __future__ import annotations

import functools
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol

import numpy as np

logger = logging.getLogger(__name__)

CAPACITY = 8
# Seconds for which a place that failed is left alone, and that the end of a run waits for what is still to be shown.
PAUSE = 60.0
PATIENCE = 2.0


class Sink(Protocol):
    """A place that shows things, by title. Its methods may wait, and fail, as they like."""

    def picture(self, title: str, picture: np.ndarray, step: int) -> None:
        """A picture (H, W, 3) uint8 RGB, in the place of the last one."""

    def values(self, title: str, values: Mapping[str, float], x: float, *, is_first: bool = False) -> None:
        """One more point at `x` of each of the lines of a plot; the first ones take away what another run has left."""

    def curve(self, title: str, y: Sequence[float]) -> None:
        """A line, in the place of the last one."""

    def close(self) -> None:
        """Ends it."""


Call = Callable[[Sink], None]


class Background:
    """Shows in a thread what it is given. `put` returns at once; what comes faster than it can be shown is dropped.
    Both `put` and `close` are for one thread.

    open_sink: opens the place, with the first thing to show; tried again a while after a failure. A failure is told
    once in a process, as a warning, or not at all if `quiet`.
    """

    def __init__(self, open_sink: Callable[[], Sink], *, quiet: bool = False) -> None:
        self._open = open_sink
        self._call_began = math.inf
        self._is_quiet = quiet
        self._queue: queue.Queue[Call | None] = queue.Queue(CAPACITY + 1)  # and the end
        # A daemon: one that hangs in a server that does not answer must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="boxmask view", daemon=True)
        self._thread.start()

    def put(self, call: Call) -> None:
        """Has a call made by the thread, or left out if too many wait."""
        if self._queue.qsize() < CAPACITY:
            self._queue.put_nowait(call)

    def close(self, patience: float = PATIENCE) -> None:
        """Ends the thread when all is shown. Waits `patience` seconds at most, and not for one that hangs already."""
        self._queue.put_nowait(None)
        self._thread.join(0 if time.monotonic() - self._call_began > patience else patience)

    def _run(self) -> None:
        sink: Sink | None = None
        resume = 0.0
        while (call := self._queue.get()) is not None:
            if time.monotonic() < resume:
                continue
            self._call_began = time.monotonic()
            try:
                sink = self._open() if sink is None else sink
                call(sink)
            except Exception as error:  # noqa: BLE001 -- whatever is wrong with a view, the run goes on
                resume = time.monotonic() + PAUSE
                if not self._is_quiet:
                    _warn(" ".join(str(error).split()) or type(error).__name__)
            self._call_began = math.inf
        if sink is not None:
            with suppress(OSError):
                sink.close()


@functools.cache
def _warn(message: str) -> None:
    logger.warning("live view: %s; the run goes on without it", message)


class View:
    """All the places where something is shown: none, one or several. For a `with` block."""

    def __init__(self, places: Sequence[Background] = ()) -> None:
        self._places = tuple(places)

    def put(self, call: Call) -> None:
        """Has a call made at every place where the view is shown, or left out where too many wait."""
        for place in self._places:
            place.put(call)

    def __bool__(self) -> bool:
        return bool(self._places)

    def __enter__(self) -> View:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for place in self._places:
            place.close()
