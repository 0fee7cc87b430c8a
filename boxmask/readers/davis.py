"""DAVIS: frames with masks, of which the tight boxes are taken, to measure masks against the truth.

`JPEGImages/480p/<sequence>/00000.jpg`, `Annotations/480p/<sequence>/00000.png`, `ImageSets/<year>/<split>.txt`.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from boxmask.readers import labels
from boxmask.readers.folders import list_names, read_names, require_folder, subfolders, unique
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

NAME = "DAVIS"
IMAGES = Path("JPEGImages", "480p")
ANNOTATIONS = Path("Annotations", "480p")
YEARS = ("2017", "2016")


def open_dataset(root: str | os.PathLike[str], split: str | None = None) -> Dataset:
    """The sequences of a DAVIS root: those of a split, or all that have frames."""
    root = require_folder(Path(root), "a DAVIS root with JPEGImages, Annotations and ImageSets", dataset=NAME)
    frames = require_folder(root / IMAGES, "the folders of frames", dataset=NAME)
    require_folder(root / ANNOTATIONS, "the folders of masks", dataset=NAME)
    if split is None:
        names = unique(subfolders(frames), "a folder of frames for each sequence", dataset=NAME, file=frames)
    else:
        lists = [root / "ImageSets" / year / f"{split}.txt" for year in YEARS]
        found = [path for path in lists if path.is_file()]
        if not found:
            raise DatasetError(f"no such list, nor {lists[1]}; name a split that is there, or none for all sequences",
                               dataset=NAME, file=lists[0])
        names = read_names(found[0], dataset=NAME)
    return Dataset(NAME, names, partial(read_sequence, root))


def read_sequence(root: Path, name: str) -> Sequence:
    """One sequence of a DAVIS root: every frame that has an image or a mask, with the tight boxes of all objects."""
    folder = require_folder(root / IMAGES / name, "the frames of the sequence", dataset=NAME, sequence=name)
    annotations = require_folder(root / ANNOTATIONS / name, "the masks of the sequence", dataset=NAME, sequence=name)
    stems = {Path(file).stem for file in list_names(folder, dataset=NAME, sequence=name) if file.endswith(".jpg")}
    if not stems:
        raise DatasetError("no frames in it; expected 00000.jpg, 00001.jpg, ...", dataset=NAME, sequence=name,
                           file=folder)
    stems |= {Path(file).stem for file in list_names(annotations, dataset=NAME, sequence=name)
              if file.endswith(".png")}
    return labels.read_sequence(NAME, name, [folder / f"{stem}.jpg" for stem in sorted(stems)], annotations)
