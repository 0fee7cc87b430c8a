"""What is shown of a run that makes masks: its clips, by the process that computes them, its speed and its quality."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boxmask.generate import quality
from boxmask.view.background import Sink, View
from boxmask.view.picture import Clip, draw

if TYPE_CHECKING:
    from boxmask.generate.masker import Scores
    from boxmask.generate.work import Job

# Seconds between two pictures, between two that are kept, and between two points of the speed.
PICTURE_EVERY = 2.0
RECORD_EVERY = 60.0
SPEED_EVERY = 2.0


def is_first_process() -> bool:
    """Of many workers the first shows its clips: those of all would replace each other in the one window."""
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"


class ClipView:
    """Shows windows that have been solved, now and then: crops, boxes and the masks of both stages.

    live: gets one every `PICTURE_EVERY` seconds; record, which keeps them all: every `RECORD_EVERY`. Only of a network:
    a baseline has no crops.
    """

    def __init__(self, live: View, record: View) -> None:
        self._numbers = count()
        self._places = [_Place(live, PICTURE_EVERY), _Place(record, RECORD_EVERY)]

    def __call__(self, job: Job, scores: Sequence[Scores]) -> None:
        """scores: of the job's kept frames."""
        now = time.monotonic()
        due = [place for place in self._places if place.view and place.due <= now]
        if not due or any(found.first is None for found in scores):
            return
        clip, number = _clip(job, scores), next(self._numbers)
        for place in due:
            place.due = now + place.interval
            place.view.put(partial(_show, clip, number))


@dataclass
class _Place:
    view: View
    interval: float
    due: float = 0.0


def _clip(job: Job, scores: Sequence[Scores]) -> Clip:
    sequence, views = job.work.sequence, [job.views[position] for position in job.keep]
    title = sequence.name
    if len(sequence.object_ids) > 1:
        title += f", object {sequence.object_ids[job.window.object]}:"
    return Clip(title, [sequence.frames.names[job.frames[position]] for position in job.keep],
                [view.crop for view in views], boxes=[view.box for view in views],
                stages={"first stage": [found.first for found in scores],
                        "refined": [found.values > 0 for found in scores]})


def _show(clip: Clip, number: int, sink: Sink) -> None:
    sink.picture("clip", draw(clip), number)


class RunView:
    """Shows what a run tells of itself (see `boxmask.generate.progress`): its speed, and the quality of its masks.

    out: where the masks appear.
    """

    def __init__(self, view: View, out: Path) -> None:
        self._view = view
        self._out = out
        self._frames = self._shown = 0
        self._since = time.monotonic()
        self._begun: set[str] = set()

    def tell(self, event: Mapping[str, Any]) -> None:
        """Takes an event of `boxmask.generate.progress` and shows speed and quality."""
        if event["event"] == "start":  # dataset and network have been read
            self._since = time.monotonic()
        elif event["event"] == "frames":
            self._frames += event["count"]
            seconds = time.monotonic() - self._since
            if seconds >= SPEED_EVERY:
                self._show_speed(seconds)
        elif event["event"] == "sequence":
            self._show_quality(event["name"], event["done"])

    def _show_speed(self, seconds: float) -> None:
        speed, frames = (self._frames - self._shown) / seconds, self._frames
        self._shown, self._since = frames, time.monotonic()
        self._show("speed", {"frames_per_second": speed}, frames)

    def _show_quality(self, name: str, done: int) -> None:
        # A sequence that is being made again may be away for a moment.
        with suppress(OSError, quality.QualityError):
            scores = [row.score for row in quality.read_csv(self._out / name / quality.FILE_NAME)]
            if scores:
                self._show("quality", {"mean_of_sequence": float(np.mean(scores))}, done)
                self._view.put(lambda sink: sink.curve("quality of the last sequence", scores))

    def _show(self, title: str, values: Mapping[str, float], x: int) -> None:
        is_first = title not in self._begun
        self._begun.add(title)
        self._view.put(lambda sink: sink.values(title, values, x, is_first=is_first))
