"""TrackingNet: `<root>/TRAIN_<k>/{anno/<sequence>.txt, frames/<sequence>/0.jpg}`, and `TEST` likewise.

Boxes were interpolated by a tracker from labels of one frame a second: many are wrong or beyond the image, and there
are no flags. Of `TEST` only the first box is published.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from boxmask.readers.annotations import make_sequence
from boxmask.readers.folders import boxed_frames, list_names, require_folder, subfolders, unique
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

NAME = "TrackingNet"
_SET = re.compile(r"TRAIN_[0-9]+|TEST")


def open_dataset(root: str | os.PathLike[str], sets: Iterable[str] | None = None) -> Dataset:
    """The sequences of a TrackingNet root, or of one of its sets. sets: names of sets, such as TRAIN_0; default all.

    A sequence is what has annotations or frames. Raises `DatasetError` if one name is in two sets, whose masks would
    take the same place.
    """
    root = require_folder(Path(root), "a TrackingNet root with TRAIN_0, ... in it", dataset=NAME)
    folders = [root] if (root / "anno").is_dir() else [root / name for name in _choose(root, sets)]
    where: dict[str, Path] = {}
    for folder in folders:
        for name in _names(folder):
            if name in where:
                raise DatasetError(f"sequence {name} is in {where[name].name} too, and its masks can be there once; "
                                   "make masks of one set at a time, in folders of their own", dataset=NAME,
                                   file=folder)
            where[name] = folder
    names = unique(where, "anno/<sequence>.txt and frames/<sequence>/0.jpg in each set", dataset=NAME, file=root)
    return Dataset(NAME, names, partial(read_sequence, where))


def read_sequence(where: Mapping[str, Path], name: str) -> Sequence:
    """One sequence, in the folder of its set."""
    folder = where[name]
    frames, entries = boxed_frames(folder / "frames" / name, folder / "anno" / f"{name}.txt", first=0, digits=1,
                                   dataset=NAME, sequence=name)
    return make_sequence(NAME, name, frames, {1: entries})


def _choose(root: Path, sets: Iterable[str] | None) -> list[str]:
    there = sorted(filter(_SET.fullmatch, subfolders(root)), key=lambda name: (len(name), name))
    if not there:
        raise DatasetError("no folders TRAIN_0, ..., TEST in it", dataset=NAME, file=root)
    chosen = there if sets is None else list(sets)
    unknown = [name for name in chosen if name not in there]
    if unknown:
        raise DatasetError(f"there is no set {unknown[0]}; it has {', '.join(there)}", dataset=NAME, file=root)
    return chosen


def _names(folder: Path) -> list[str]:
    """The names in a set, from two listings."""
    annotations = require_folder(folder / "anno", "the files of boxes", dataset=NAME)
    frames = require_folder(folder / "frames", "the folders of frames", dataset=NAME)
    annotated = {Path(file).stem for file in list_names(annotations, dataset=NAME) if file.endswith(".txt")}
    return sorted(annotated | set(subfolders(frames)))
