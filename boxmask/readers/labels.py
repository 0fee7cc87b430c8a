"""Boxes from masks: the tight box of every object in every mask of a sequence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from boxmask import boxes as box_geometry
from boxmask import masks
from boxmask.readers.annotations import Entry, make_sequence
from boxmask.readers.images import ImageError, ImageFiles
from boxmask.readers.sequence import DatasetError, Sequence


def read_sequence(dataset: str, name: str, paths: Iterable[Path], labels: Path) -> Sequence:
    """The sequence of the frames `paths`, whose masks are `<labels>/<frame>.png`.

    The ids are those of the masks, which need not show every object in every frame; 255 is nobody's, unless it is the
    only one (DAVIS 2016): then it is object 1. A frame whose mask is missing, broken or of another size than its image
    is INVALID for all objects.
    Raises `DatasetError` if no mask can be read.
    """
    frames = ImageFiles(tuple(paths))
    found = [_read_boxes(labels / f"{stem}.png", _size(frames, index)) for index, stem in enumerate(frames.names)]
    readable = [boxes for boxes in found if not isinstance(boxes, str)]
    if not readable:
        raise DatasetError(f"none of the {len(found)} frames has a mask that can be read; the first: {found[0]}",
                           dataset=dataset, sequence=name, file=labels)
    ids = sorted(set().union(*readable) - {masks.VOID})
    if not ids and any(masks.VOID in boxes for boxes in readable):
        objects = {1: masks.VOID}
    else:
        # A sequence without any object still has frames to account for: one object, nowhere to be seen.
        objects = {identity: identity for identity in ids or [1]}
    return make_sequence(dataset, name, frames, {
        identity: [_entry(boxes, value) for boxes in found] for identity, value in objects.items()})


def _entry(boxes: dict[int, np.ndarray] | str, value: int) -> Entry:
    return boxes if isinstance(boxes, str) else boxes.get(value)


def _size(frames: ImageFiles, index: int) -> tuple[int, int] | None:
    """The (W, H) of a frame; None where it cannot be read, which is told when it is wanted."""
    try:
        return frames.size(index)
    except ImageError:
        return None


def _read_boxes(path: Path, size: tuple[int, int] | None) -> dict[int, np.ndarray] | str:
    """The tight box of every value in a mask file but 0, or why it cannot be used for an image of `size` (W, H)."""
    if path.exists() and not path.is_file():  # reading from a pipe would wait for ever
        return f"{path.name}: this is no file"
    try:
        label = masks.read(path)
    except masks.MaskError as error:
        return str(error).replace(str(path), path.name)  # reasons must not tell of this machine
    if size is not None and label.shape[::-1] != size:
        return f"{path.name}: the mask is {label.shape[1]}x{label.shape[0]} and its image {size[0]}x{size[1]}"
    values = np.flatnonzero(np.bincount(label.ravel(), minlength=1))
    return {int(value): box_geometry.from_mask(label == value) for value in values if value}
