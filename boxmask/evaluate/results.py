"""The boxes that a tracker left for a sequence: in a text file as pytracking writes it, or as masks."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from boxmask import boxes as box_geometry
from boxmask import masks
from boxmask.evaluate import otb
from boxmask.evaluate.folders import EvaluationError, warn_of_other_ids, with_ids
from boxmask.readers.annotations import NO_LINE, parse_numbers, read_lines
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import Sequence, shorten

_log = logging.getLogger(__name__)


def counted_frames(sequence: Sequence) -> np.ndarray:
    """The frames of each object that count, (T, O) bool: those up to its last annotation line that are not left out.

    The others have no line in a tracker's result, or one that is not looked at.
    """
    without_line = np.zeros(sequence.sight.shape, dtype=bool)
    for place, reason in sequence.reasons.items():
        without_line[place] = reason == NO_LINE
    counted = ~np.logical_or.accumulate(without_line, axis=0)
    counted[:otb.frames_left_out(sequence)] = False
    return counted


def read_boxes(folder: Path, sequence: Sequence) -> np.ndarray:
    """The boxes in `<folder>/<sequence>.txt`, a line x,y,w,h per frame that counts, separated by tabs or commas.

    (T, O, 4) float, NaN in the other frames. Of several objects each has its file, `<sequence>_<id>.txt`. Lines beyond
    the last frame are cut, and a warning tells. Raises `EvaluationError` for a file that is not there or has fewer.
    """
    names = ([otb.result_names(sequence)] if len(sequence.object_ids) == 1 else
             [(f"{sequence.name}_{object_id}",) for object_id in sequence.object_ids])
    counted = counted_frames(sequence)
    boxes = np.full(sequence.boxes.shape, np.nan)
    for column, possible in enumerate(names):
        paths = [folder / f"{name}.txt" for name in possible]
        path = next((path for path in paths if path.is_file()), paths[0])
        boxes[counted[:, column], column] = _read_file(path, sequence, int(counted[:, column].sum()))
    return boxes


def _read_file(path: Path, sequence: Sequence, count: int) -> np.ndarray:
    """The boxes in a file of the `count` frames that count: (count, 4) float."""
    place = f"{sequence.dataset}, sequence {sequence.name}, {path}"
    if not path.is_file():
        raise EvaluationError(f"{place}: there is no such result file; run the tracker on this sequence, or name "
                              "others with --sequences")
    lines = read_lines(path, "one box x,y,w,h per frame", dataset=sequence.dataset, sequence=sequence.name)
    chosen = _lines_that_count(len(lines), sequence, count, place)
    boxes = {index: parse_numbers(lines[index]) for index in chosen}
    for index, box in boxes.items():
        if box is None or len(box) != 4:
            raise EvaluationError(f"{place}, line {index + 1}: {shorten(lines[index])} is not a box of four numbers "
                                  "x,y,w,h")
    return np.array(list(boxes.values()), dtype=float).reshape(count, 4)


def _lines_that_count(found: int, sequence: Sequence, count: int, place: str) -> range:
    """Which of the lines in a file belong to the `count` frames that count."""
    if found < count:
        raise EvaluationError(f"{place}: {found} boxes for {count} frames; run the tracker on the whole sequence again")
    left_out = otb.frames_left_out(sequence)
    first = left_out if found >= left_out + count else 0  # of a tracker that was run on those frames too
    if found > first + count:
        _log.warning("%s: %d boxes for %d annotated frames; the last %d do not count", place, found, first + count,
                     found - first - count)
    return range(first, first + count)


def read_tight_boxes(folder: Path, sequence: Sequence) -> np.ndarray:
    """The tight boxes of the masks `<folder>/<sequence>/<frame>.png`: (T, O, 4) float, NaN where a mask is empty.

    Raises `EvaluationError` for a mask that is not there, or is of another size than the image of a frame with a box.
    A warning tells where no mask has an id of the objects, though some show something.
    """
    boxes = np.full((len(sequence), len(sequence.object_ids), 4), np.nan)
    seen = np.isfinite(sequence.boxes).all(axis=2).any(axis=1)
    shown: set[int] = set()
    for frame, name in enumerate(sequence.frames.names):
        labels = _read_mask(folder / sequence.name / f"{name}.png", sequence, frame, is_seen=seen[frame])
        shown.update(masks.object_ids([labels]))
        labels = with_ids(labels, sequence.object_ids)
        for column, object_id in enumerate(sequence.object_ids):
            box = box_geometry.from_mask(labels == object_id)
            if box is not None:
                boxes[frame, column] = box
    if np.isnan(boxes).all():
        warn_of_other_ids(f"{sequence.dataset}, sequence {sequence.name}, {folder / sequence.name}", shown,
                          sequence.object_ids)
    return boxes


def _read_mask(path: Path, sequence: Sequence, frame: int, *, is_seen: bool) -> np.ndarray:
    """The labels of a frame. Their size is compared with the image's where an object is seen and it can be read."""
    place = f"{sequence.dataset}, sequence {sequence.name}, frame {sequence.frames.names[frame]}, {path}"
    if not path.is_file():
        raise EvaluationError(f"{place}: there is no such mask; make it, or name the frames with masks by --first "
                              "and --every")
    labels = masks.read(path)
    found = labels.shape[::-1]
    size = found
    if is_seen:
        with suppress(ImageError):
            size = sequence.frames.size(frame)
    if found != size:
        raise EvaluationError(f"{place}: the mask is {found[0]}x{found[1]} and the image {size[0]}x{size[1]}; make "
                              "masks of the size of the images")
    return labels


def image_size(sequence: Sequence, frames: Iterable[int]) -> tuple[int, int]:
    """The (W, H) of the first of these frames whose image can be read; `EvaluationError` where none can."""
    problem = None
    for frame in frames:
        try:
            return sequence.frames.size(frame)
        except ImageError as error:
            problem = problem or f"{sequence.frames.names[frame]}: {error}"
    raise EvaluationError(f"{sequence.dataset}, sequence {sequence.name}: no image of a frame with a box can be read, "
                          f"and the scores need its size; the first is {problem}")
