"""Generation from end to end: sequences in, folders of masks out, failures collected."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence as Names
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from boxmask.boxes import intersect, is_valid
from boxmask.generate.defaults import STRIDE, WINDOW
from boxmask.generate.engine import Masker
from boxmask.generate.plan import chunk_plan
from boxmask.generate.writer import OutputError, SequenceWriter, is_finished, require_replaceable
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Windows:
    """How frames are put together (`plan.chunk_plan`)."""

    window: int = WINDOW
    stride: int = STRIDE


DEFAULT_WINDOWS = Windows()


@dataclass(frozen=True)
class Done:
    """What became of one sequence: how many frames, how many of them without a target to mask, in which time."""

    name: str
    frames: int
    absent: int
    outside: int
    seconds: float
    kept: bool = False

    def __str__(self) -> str:
        if self.kept:
            return f"{self.name}: kept, its {self.frames} masks are already there"
        empty = [f"{count} {what}" for count, what in ((self.absent, "absent"), (self.outside, "with the box outside "
                                                                                 "the image")) if count]
        return (f"{self.name}: {self.frames} masks in {self.seconds:.1f} s, {self.seconds / self.frames:.2f} s a frame"
                + (f"; empty: {', '.join(empty)}" if empty else ""))


@dataclass
class Summary:
    """What became of a run."""

    done: list[Done] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        made = [result for result in self.done if not result.kept]
        frames = sum(result.frames for result in made)
        seconds = sum(result.seconds for result in made)
        lines = [f"sequences: {len(made)} done, {len(self.done) - len(made)} kept, {len(self.failed)} failed",
                 f"frames: {frames}, each with a mask; {sum(result.absent + result.outside for result in made)} masks "
                 "are empty because the target is absent or outside the image"]
        if frames:
            lines.append(f"time: {seconds:.1f} s, {seconds / frames:.3f} s a frame")
        return "\n".join(lines)


def generate_dataset(dataset: Dataset, names: Names[str], masker: Masker, out: Path, *,
                     windows: Windows = DEFAULT_WINDOWS, overwrite: bool = False) -> Summary:
    """Masks of the named sequences, each in `out/<name>/`. A bad sequence is recorded, and the others are done.

    Raises `OSError` where the output cannot be written: a full disk would fail the rest too.
    """
    summary = Summary()
    with logging_redirect_tqdm():
        for name in tqdm(names, desc="sequences", unit="seq", disable=None, leave=False):
            try:
                done = generate_sequence(dataset.read(name), masker, out / name, windows=windows, overwrite=overwrite)
            except (DatasetError, OutputError) as error:
                summary.failed[name] = str(error)
                logger.error("%s: failed", name)
            else:
                summary.done.append(done)
                logger.info("%s", done)
    return summary


def generate_sequence(sequence: Sequence, masker: Masker, folder: Path, *, windows: Windows = DEFAULT_WINDOWS,
                      overwrite: bool = False) -> Done:
    """The masks of one sequence in `folder`, as `<frame stem>.png`; kept as they are if they are all there."""
    if overwrite:
        require_replaceable(folder)
    elif is_finished(folder, sequence.stems):
        return Done(sequence.name, len(sequence), 0, 0, 0.0, kept=True)
    plan = chunk_plan(sequence.present, window=windows.window, stride=windows.stride)
    start = time.perf_counter()
    outside = 0
    with (SequenceWriter(folder) as writer,
          tqdm(total=len(sequence), desc=sequence.name, unit="frame", disable=None, leave=False) as progress):
        for frames in plan.windows:
            outside += _write_window(sequence, frames, masker, writer)
            progress.update(len(frames))
        for frame in plan.absent:
            writer.write(sequence.paths[frame].stem, np.zeros(sequence.load(frame).shape[:2], dtype=bool))
            progress.update()
    return Done(sequence.name, len(sequence), len(plan.absent), outside, time.perf_counter() - start)


def _write_window(sequence: Sequence, frames: tuple[int, ...], masker: Masker, writer: SequenceWriter) -> int:
    """Writes the masks of a window's frames; returns how many have their box outside the image and an empty mask.

    The masker gets the part of each box inside the image, as the boxes that networks are trained with are taken from
    masks and never reach beyond it.
    """
    images = {frame: sequence.load(frame) for frame in frames}
    boxes = {frame: intersect(sequence.boxes[frame], (image.shape[1], image.shape[0]))
             for frame, image in images.items()}
    visible = [frame for frame in frames if is_valid(boxes[frame])]
    masks = {frame: np.zeros(image.shape[:2], dtype=bool) for frame, image in images.items()}
    if visible:
        found = masker([images[frame] for frame in visible], np.stack([boxes[frame] for frame in visible]))
        masks.update(zip(visible, found, strict=True))
    for frame, mask in masks.items():
        writer.write(sequence.paths[frame].stem, mask)
    return len(frames) - len(visible)
