"""Where the time of a run goes, and how much memory it took."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Phases:
    """Seconds by phase, of all threads. The engine's are decode, crop, network, smooth and compose; who writes the
    masks adds encode.
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


def peak_memory() -> float:
    """The most memory that this process has had, in bytes; what it was before it became this program does not count."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((float(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), math.nan)
