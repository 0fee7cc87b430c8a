"""The boxes that a tracker left for a sequence: in a text file as pytracking writes it, or as masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from boxmask import boxes as box_geometry
from boxmask import masks
from boxmask.evaluate.folders import EvaluationError, with_ids
from boxmask.readers.annotations import parse_numbers, read_lines
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import Sequence, shorten


def read_boxes(folder: Path, sequence: Sequence) -> np.ndarray:
    """The boxes in `<folder>/<sequence>.txt`, a line x,y,w,h per frame, separated by tabs or commas: (T, O, 4) float.

    Of several objects each has its file, `<sequence>_<id>.txt`. Raises `EvaluationError` for a file that is not there
    or has another number of lines than the sequence has frames.
    """
    names = ([sequence.name] if len(sequence.object_ids) == 1 else
             [f"{sequence.name}_{object_id}" for object_id in sequence.object_ids])
    return np.stack([_read_file(folder / f"{name}.txt", sequence) for name in names], axis=1)


def _read_file(path: Path, sequence: Sequence) -> np.ndarray:
    place = f"{sequence.dataset}, sequence {sequence.name}, {path}"
    if not path.is_file():
        raise EvaluationError(f"{place}: there is no such result file; run the tracker on this sequence, or name "
                              "others with --sequences")
    lines = read_lines(path, "one box x,y,w,h per frame", dataset=sequence.dataset, sequence=sequence.name)
    if len(lines) != len(sequence):
        raise EvaluationError(f"{place}: {len(lines)} boxes for {len(sequence)} frames; run the tracker on the whole "
                              "sequence again")
    boxes = [parse_numbers(line) for line in lines]
    for number, (box, line) in enumerate(zip(boxes, lines, strict=True), start=1):
        if box is None or len(box) != 4:
            raise EvaluationError(f"{place}, line {number}: {shorten(line)} is not a box of four numbers x,y,w,h")
    return np.array(boxes, dtype=float)


def read_tight_boxes(folder: Path, sequence: Sequence) -> np.ndarray:
    """The tight boxes of the masks `<folder>/<sequence>/<frame>.png`: (T, O, 4) float, NaN where a mask is empty.

    Raises `EvaluationError` for a mask that is not there, or is of another size than the image of a frame with a box.
    """
    boxes = np.full((len(sequence), len(sequence.object_ids), 4), np.nan)
    seen = np.isfinite(sequence.boxes).all(axis=2).any(axis=1)
    for frame, name in enumerate(sequence.frames.names):
        path = folder / sequence.name / f"{name}.png"
        place = f"{sequence.dataset}, sequence {sequence.name}, frame {name}, {path}"
        if not path.is_file():
            raise EvaluationError(f"{place}: there is no such mask; make it, or name the frames with masks by --first "
                                  "and --every")
        labels = masks.read(path)
        size = frame_size(sequence, frame) if seen[frame] else labels.shape[::-1]
        if labels.shape[::-1] != size:
            raise EvaluationError(f"{place}: the mask is {labels.shape[1]}x{labels.shape[0]} and the image {size[0]}x"
                                  f"{size[1]}; make masks of the size of the images")
        labels = with_ids(labels, sequence.object_ids)
        for column, object_id in enumerate(sequence.object_ids):
            box = box_geometry.from_mask(labels == object_id)
            if box is not None:
                boxes[frame, column] = box
    return boxes


def frame_size(sequence: Sequence, frame: int) -> tuple[int, int]:
    """The (W, H) of a frame; `EvaluationError` where its image cannot be read."""
    try:
        return sequence.frames.size(frame)
    except ImageError as error:
        raise EvaluationError(f"{sequence.dataset}, sequence {sequence.name}, frame {sequence.frames.names[frame]}: "
                              f"{error}") from error
