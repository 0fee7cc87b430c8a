"""What a run says of itself: a bar on a terminal, or else a plain line now and then, and a log of JSON lines.

Events are mappings of plain values; `worker` is added to those of several workers.

- {"event": "start", "sequences": N, "done": N, "network"?, "file"?, "sha256"?}: the sequences to do, how many of them
  were done before, and by what network the others will be
- {"event": "frames", "count": N, "phases": {phase: seconds so far}}: since the last such event
- {"event": "sequence", "name", "seconds", "done": N, "frames": {outcome: count}, "first_problem"?}: one more is done,
  which makes N with what others, on other machines too, have done
- {"event": "failed", "name", "reason", "frames"}
- {"event": "end", ...}: the ledger
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

logger = logging.getLogger(__name__)

LINE_EVERY = 30.0  # seconds
Event = Mapping[str, Any]


class Progress:
    """Counts what workers tell, and shows it."""

    def __init__(self, *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._start = self._last_line = clock()
        self._total = self._before = self._done = self._frames = self._failed = 0
        self._phases: dict[Any, Mapping[str, float]] = {}
        self._bar: tqdm | None = None

    def tell(self, event: Event) -> None:
        """Takes an event of those above and shows what it changes."""
        kind = event["event"]
        if kind == "start":
            self._total, self._before = event["sequences"], event["done"]
            self._done = self._before
            if "network" in event:
                logger.info("network: %s, %s, SHA-256 %s", event["network"], event["file"], event["sha256"])
            if self._before:
                logger.info("%d of %d sequences are done already (--overwrite makes them again, if boxes "
                            "or images have changed)", self._before, self._total)
            if self._stream.isatty():
                self._bar = tqdm(total=self._total, initial=self._before, unit="seq", file=self._stream, leave=False)
        elif kind == "frames":
            self._frames += event["count"]
            self._phases[event.get("worker")] = event["phases"]
        elif kind == "sequence":
            self._done = max(self._done, event["done"])
        elif kind == "failed":
            self._failed += 1
        if kind in ("sequence", "failed"):
            self._report(event)
        self._show(kind)

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()

    def line(self) -> str:
        """Where the run stands: sequences, frames, speed, time left, failures, and what takes the time."""
        seconds = max(self._clock() - self._start, 1e-6)
        parts = [f"{self._done}/{self._total} sequences", f"{self._frames} frames",
                 f"{self._frames / seconds:.1f} frames/s"]
        finished = self._done - self._before + self._failed
        if finished > 0:
            left = max(self._total - self._done - self._failed, 0)
            parts.append(f"{duration(left * seconds / finished)} left")
        if self._failed:
            parts.append(f"{self._failed} failed")
        limit = limiting(self._phases.values())
        if limit is not None:
            parts.append(f"most of the time in {limit[0]} ({limit[1]:.0%})")
        return ", ".join(parts)

    def _report(self, event: Event) -> None:
        if event["event"] == "failed":
            text = f"{event['name']}: failed"
        else:
            counts = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in event["frames"].items())
            frames = sum(event["frames"].values())
            text = (f"{event['name']}: {frames} frames in {event['seconds']:.1f} s: {counts}"
                    + (f" ({event['first_problem']})" if "first_problem" in event else ""))
        if self._bar is None:
            logger.info("%s", text)
        else:
            self._bar.write(text, file=self._stream)

    def _show(self, kind: str) -> None:
        if self._bar is not None:
            if kind in ("sequence", "failed"):
                self._bar.n = min(self._total, self._done + self._failed)
            self._bar.set_postfix_str(self.line().partition(", ")[2])
        elif self._clock() - self._last_line >= LINE_EVERY:
            self._last_line = self._clock()
            logger.info("%s", self.line())


class JsonLog:
    """A file to which every event is added as a line, with the time in seconds since 1970."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 -- open as long as the log

    def tell(self, event: Event) -> None:
        """Adds an event of those above."""
        self._file.write(json.dumps({"time": round(time.time(), 3), **event}, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def limiting(phases: Any) -> tuple[str, float] | None:
    """The term that takes most of the time of all workers, and its share; None if nothing was timed."""
    total: Counter[str] = Counter()
    for seconds in phases:
        total.update(seconds)
    if not total.total():
        return None
    name, most = max(total.items(), key=lambda item: item[1])
    return name, most / total.total()


def duration(seconds: float) -> str:
    """A time to wait, as people say it.

    >>> [duration(seconds) for seconds in (40, 700, 12000, 190000)]
    ['40 s', '12 min', '3 h 20 min', '2 d 4 h']
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
