"""The line that shows how far a pass over a loader is."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

# Into a file goes at most this many lines a pass, however small the print interval.
_MOST_LINES = 20


class Progress:
    """Prints `[train: 3, 20 / 100] FPS: 12.3 (11.8)  ,  Loss/total: 0.51000  ,  ETA: 0:01:20`.

    FPS is samples a second, since the start and, in brackets, in the last batch. On a terminal the line is rewritten in
    place; elsewhere there are at most 20 lines a pass. The last batch is always shown.
    """

    def __init__(self, name: str, epoch: int, num_batches: int, *, interval: int, stream: TextIO | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._on_terminal = self._stream.isatty()
        self._head = f"{name}: {epoch}"
        self._num_batches = num_batches
        self._interval = interval if self._on_terminal else max(interval, -(-num_batches // _MOST_LINES))
        self._samples = 0
        self._start = self._previous = time.perf_counter()

    def update(self, batch: int, batch_size: int, averages: Mapping[str, float]) -> None:
        """Counts batch number `batch` (from 1) and prints where it is due."""
        now = time.perf_counter()
        self._samples += batch_size
        in_batch, self._previous = max(now - self._previous, 1e-9), now
        if batch % self._interval and batch != self._num_batches:
            return
        elapsed = max(now - self._start, 1e-9)
        parts = [f"FPS: {self._samples / elapsed:.1f} ({batch_size / in_batch:.1f})"]
        parts += [f"{name}: {average:.5f}" for name, average in averages.items()]
        parts.append(f"ETA: {duration(elapsed / batch * (self._num_batches - batch))}")
        line = f"[{self._head}, {batch} / {self._num_batches}] " + "  ,  ".join(parts)
        self._write(line, last=batch == self._num_batches)

    def _write(self, line: str, *, last: bool) -> None:
        if self._on_terminal:
            self._stream.write(f"\r{line}\033[K" + ("\n" if last else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()


def duration(seconds: float) -> str:
    """`1:02:03` for 3723 seconds.

    >>> duration(3723.4)
    '1:02:03'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
