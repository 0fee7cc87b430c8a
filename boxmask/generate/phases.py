"""Where the time of a run goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Phases:
    """Seconds by phase, of all threads. The engine's are decode, crop, network and compose; who writes the masks adds
    encode.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Adds the time of the `with` block to `phase`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - start

    def limiting(self) -> str | None:
        """The phase that took the most time, None if nothing was timed."""
        return max(self.seconds, key=self.seconds.__getitem__, default=None)
