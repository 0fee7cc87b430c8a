"""Tracking benchmarks in folders: OTB, VOT and what is laid out like them.

OTB: `<root>/<sequence>/{img/0001.jpg, groundtruth_rect.txt}`; several objects have `groundtruth_rect.1.txt`, ... .
VOT: `<root>/<sequence>/{color/00000001.jpg, groundtruth.txt}`, or the images beside the file; a line has four numbers
or the four corners of a polygon, whose bounding box is taken. Numbers are taken as they stand, as pytracking does
(`pytracking/evaluation/otbdataset.py`, from which the first frames are, too).
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path

import numpy as np

from boxmask.readers.annotations import ABSENT_BOX, fit, make_sequence, read_boxes
from boxmask.readers.folders import (
    count_frames,
    counting_frames,
    list_names,
    number_files,
    read_names,
    require_few_objects,
    require_folder,
    require_images,
    subfolders,
    unique,
)
from boxmask.readers.images import ImageFiles, list_folder
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

NAME = "OTB/VOT"
IMAGES = ("img", "color")
# OTB sequences whose annotation starts at a later frame than their images.
_FIRST = {"BlurCar1": 247, "BlurCar3": 3, "BlurCar4": 18, "David": 300}
_ANNOTATION = re.compile(r"groundtruth(_rect(\.[0-9]+)?)?\.txt")


def open_dataset(root: str | os.PathLike[str]) -> Dataset:
    """The sequences of a folder of such sequences: those of `list.txt`, or else all its folders."""
    root = require_folder(Path(root), "a folder of sequences, as OTB and VOT have", dataset=NAME)
    if any((root / file).is_file() for file in ("groundtruth_rect.txt", "groundtruth.txt")):
        raise DatasetError(f"this is one sequence; name the folder above it and --sequences {root.resolve().name}",
                           dataset=NAME, file=root)
    listed = root / "list.txt"
    if listed.is_file():
        names = read_names(listed, dataset=NAME)
    else:
        names = unique(subfolders(root), "<sequence>/img/0001.jpg, ... and <sequence>/groundtruth_rect.txt, or as VOT "
                       "has them", dataset=NAME, file=root)
    return Dataset(NAME, names, partial(read_sequence, root))


def read_sequence(root: Path, name: str) -> Sequence:
    """One sequence. Its objects are numbered from 1 in the order of the numbers of their files."""
    folder = require_folder(root / name, "a sequence", dataset=NAME, sequence=name)
    inside = list_names(folder, dataset=NAME, sequence=name)
    images = next((folder / each for each in IMAGES if each in inside), folder)
    with counting_frames(images):
        objects = [read_boxes(file, dataset=NAME, sequence=name, to_box=bounding_box)
                   for file in _annotations(folder, inside, name)]
    lines = max(map(len, objects))
    frames = _frames(images, lines, name)
    length = len(frames.names)
    return make_sequence(NAME, name, frames, {identity: fit(entries, length)
                                              for identity, entries in enumerate(objects, start=1)})


def bounding_box(numbers: list[float]) -> list[float] | None:
    """xywh of four numbers that are it, or of the eight of a polygon x1,y1,...,x4,y4; None for other counts.

    Four NaN are VOT's way to say that the target is absent.
    """
    if len(numbers) == 4 and np.isnan(numbers).all():
        return list(ABSENT_BOX)
    if len(numbers) != 8:
        return numbers if len(numbers) == 4 else None
    corners = np.reshape(numbers, (4, 2))
    return [*corners.min(axis=0), *np.ptp(corners, axis=0)]


def _annotations(folder: Path, inside: list[str], name: str) -> list[Path]:
    """The file of boxes, or those of several objects: groundtruth_rect.2.txt comes before groundtruth_rect.10.txt."""
    found = {file: match for file in inside if (match := _ANNOTATION.fullmatch(file))}
    for single in ("groundtruth_rect.txt", "groundtruth.txt"):
        if single in found:
            return [folder / single]
    if not found:
        raise DatasetError("no groundtruth_rect.txt and no groundtruth.txt in it", dataset=NAME, sequence=name,
                           file=folder)
    require_few_objects(len(found), dataset=NAME, sequence=name, file=folder)
    return [folder / file for file in sorted(found, key=lambda file: int(found[file][2][1:]))]


def _frames(folder: Path, lines: int, name: str) -> ImageFiles:
    """The images of a folder, and those of missing numbers where all are numbered: (length,) >= lines then."""
    require_folder(folder, "the images of the sequence", dataset=NAME, sequence=name)
    paths = list_folder(folder)
    if not paths:
        raise DatasetError("no images in it; expected 0001.jpg, 0002.jpg, ...", dataset=NAME, sequence=name,
                           file=folder)
    stems = [path.stem for path in paths]
    digits = min(map(len, stems))
    numbered = (all(stem.isascii() and stem.isdecimal() and stem == f"{int(stem):0{digits}d}" for stem in stems)
                and len({path.suffix for path in paths}) == 1)
    if not numbered:
        return require_images(ImageFiles(tuple(paths)), lines, dataset=NAME, sequence=name, file=folder)
    numbers = sorted(map(int, stems))
    first = _first_number(name, numbers, lines)
    length = count_frames(numbers, first, lines, dataset=NAME, sequence=name, folder=folder)
    return number_files(folder, range(first, first + length), digits=digits, suffix=paths[0].suffix)


def _first_number(name: str, numbers: list[int], lines: int) -> int:
    """The number of the frame that the first line belongs to."""
    known = _FIRST.get(name)
    if known is not None and numbers[0] < known <= numbers[-1] - lines + 1:
        return known
    # As many lines as the last number promises: then frames are missing at the start, and no lines at the end.
    start = numbers[-1] - lines + 1
    return start if numbers[0] > 1 and start in (0, 1) else numbers[0]
