"""A reader: one table with the boxes of all videos.

ROOT/boxes.csv has a line `video,frame,x,y,w,h` for each box, ROOT/<video>/<frame>.jpg the images. A frame without a
line has no target in it.
"""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

from boxmask.readers.annotations import judge, make_sequence
from boxmask.readers.images import ImageFiles, list_folder
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

NAME = "CSV table"


def open_dataset(root: str) -> Dataset:
    """The videos of the table; each is read when its turn comes, so that a bad one costs that one alone."""
    table = Path(root, "boxes.csv")
    if not table.is_file():
        raise DatasetError("no such file; expected lines video,frame,x,y,w,h", dataset=NAME, file=table)
    with open(table, encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    names = tuple(dict.fromkeys(line["video"] for line in lines))
    return Dataset(NAME, names, partial(read_sequence, Path(root), lines))


def read_sequence(root: Path, lines: list[dict[str, str]], name: str) -> Sequence:
    """One video. `judge` tells a box from an absent target and from a mistake, as it does for every layout."""
    boxes = {line["frame"]: judge([float(line[side]) for side in "xywh"]) for line in lines if line["video"] == name}
    frames = ImageFiles(tuple(list_folder(root / name)))
    return make_sequence(NAME, name, frames, {1: [boxes.get(frame) for frame in frames.names]})
