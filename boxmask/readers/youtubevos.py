"""YouTube-VOS: `<split>/JPEGImages/<video>/00000.jpg`, and on some frames `<split>/Annotations/<video>/00000.png`.

A sequence is the frames that have masks, every fifth in the training set; the tight boxes of its objects are taken
from them, to measure masks against the truth.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from boxmask.readers import labels
from boxmask.readers.folders import list_names, require_folder, subfolders, unique
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

NAME = "YouTube-VOS"
SPLIT = "train"


def open_dataset(root: str | os.PathLike[str], split: str = SPLIT) -> Dataset:
    """The videos of `<root>/<split>` (or of `root`, if it is a split's folder itself) that have masks."""
    root = require_folder(Path(root), "the folder of a YouTube-VOS version, with train/ in it", dataset=NAME)
    if not (root / "Annotations").is_dir():
        root = require_folder(root / split, "the folder of a split, with JPEGImages/ and Annotations/ in it",
                              dataset=NAME)
    masks = require_folder(root / "Annotations", "the folders of masks", dataset=NAME)
    require_folder(root / "JPEGImages", "the folders of frames", dataset=NAME)
    names = unique(subfolders(masks), "a folder of masks for each video", dataset=NAME, file=masks)
    return Dataset(NAME, names, partial(read_sequence, root))


def read_sequence(root: Path, name: str) -> Sequence:
    """One video of the folder of a split."""
    annotations = require_folder(root / "Annotations" / name, "the masks of the video", dataset=NAME, sequence=name)
    stems = [Path(file).stem for file in list_names(annotations, dataset=NAME, sequence=name) if file.endswith(".png")]
    if not stems:
        raise DatasetError("no masks in it; expected 00000.png, 00005.png, ...", dataset=NAME, sequence=name,
                           file=annotations)
    folder = require_folder(root / "JPEGImages" / name, "the frames of the video", dataset=NAME, sequence=name)
    return labels.read_sequence(NAME, name, [folder / f"{stem}.jpg" for stem in stems], annotations)
