"""GOT-10k: `<root>/<sequence>/{00000001.jpg, ..., groundtruth.txt, absence.label, cover.label}`.

The root is one split's folder, as in pytracking (`ltr/dataset/got10k.py`), from which the meaning of the flags is
taken too: the target is visible where `absence.label` is 0 and `cover.label` is not 0. `list.txt`, `absence.label` and
`cover.label` may be missing.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np

from boxmask.readers.annotations import read_boxes, read_flags
from boxmask.readers.folders import read_names, require_folder, subfolders
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

NAME = "GOT-10k"


def open_dataset(root: str | os.PathLike[str]) -> Dataset:
    """The sequences of a GOT-10k split folder: those of `list.txt`, or else its folders that look like sequences."""
    root = require_folder(Path(root), "the folder of a GOT-10k split, such as .../got10k/train", dataset=NAME)
    if (root / "groundtruth.txt").is_file():
        raise DatasetError(f"this is one sequence; name the folder above it and --sequences {root.resolve().name}",
                           dataset=NAME, file=root)
    listed = root / "list.txt"
    if listed.is_file():
        names = read_names(listed, dataset=NAME)
    else:
        names = tuple(name for name in subfolders(root)
                      if (root / name / "groundtruth.txt").is_file() or (root / name / "00000001.jpg").is_file())
    if not names:
        raise DatasetError("no sequences in it; expected folders with 00000001.jpg, ... and groundtruth.txt",
                           dataset=NAME, file=root)
    return Dataset(NAME, names, partial(read_sequence, root))


def read_sequence(root: Path, name: str) -> Sequence:
    """One sequence of the split folder `root`."""
    folder = require_folder(root / name, "the frames of the sequence", dataset=NAME, sequence=name)
    paths = tuple(sorted(folder.glob("*.jpg")))
    if not paths:
        raise DatasetError("no frames in it; expected 00000001.jpg, 00000002.jpg, ...", dataset=NAME, sequence=name,
                           file=folder)
    for number, path in enumerate(paths, start=1):
        if path.stem != f"{number:08d}":
            raise DatasetError(f"the frame is missing, {path.name} stands in its place; copy the sequence again",
                               dataset=NAME, sequence=name, frame=f"{number:08d}", file=folder / f"{number:08d}.jpg")
    stems = [path.stem for path in paths]
    absent = np.zeros(len(paths), dtype=bool)
    if (folder / "absence.label").is_file():
        absent |= read_flags(folder / "absence.label", stems, dataset=NAME, sequence=name) != 0
    if (folder / "cover.label").is_file():
        absent |= read_flags(folder / "cover.label", stems, dataset=NAME, sequence=name) == 0
    boxes, present = read_boxes(folder / "groundtruth.txt", stems, absent, dataset=NAME, sequence=name)
    return Sequence(NAME, name, paths, boxes, present)
