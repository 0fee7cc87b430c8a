"""DAVIS: frames with masks, of which the tight boxes are taken, to measure masks against the truth.

`JPEGImages/480p/<sequence>/00000.jpg`, `Annotations/480p/<sequence>/00000.png`, `ImageSets/<year>/<split>.txt`.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np

from boxmask import boxes as box_geometry
from boxmask import masks
from boxmask.readers import images
from boxmask.readers.folders import read_names, require_folder, subfolders
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
        names = subfolders(frames)
    else:
        lists = [root / "ImageSets" / year / f"{split}.txt" for year in YEARS]
        found = [path for path in lists if path.is_file()]
        if not found:
            raise DatasetError(f"no such list, nor {lists[1]}; name a split that is there, or none for all sequences",
                               dataset=NAME, file=lists[0])
        names = read_names(found[0], dataset=NAME)
    if not names:
        raise DatasetError("no sequences in it", dataset=NAME, file=frames)
    return Dataset(NAME, names, partial(read_sequence, root))


def read_sequence(root: Path, name: str) -> Sequence:
    """One sequence of a DAVIS root with the tight box of its only object, absent where the mask is empty."""
    folder = require_folder(root / IMAGES / name, "the frames of the sequence", dataset=NAME, sequence=name)
    paths = tuple(images.list_folder(folder))
    if not paths:
        raise DatasetError("no frames in it", dataset=NAME, sequence=name, file=folder)
    labels = require_folder(root / ANNOTATIONS / name, "the masks of the sequence", dataset=NAME, sequence=name)
    stems = [path.stem for path in paths]
    surplus = {path.stem for path in labels.glob("*.png")} - set(stems)
    if surplus:
        raise DatasetError("there is a mask for it and no frame; copy the sequence again", dataset=NAME,
                           sequence=name, frame=min(surplus), file=folder)
    found = [_read_label(labels / f"{stem}.png", sequence=name) for stem in stems]
    ids = masks.object_ids(found)
    if len(ids) > 1:
        raise DatasetError(f"it has {len(ids)} objects, and masks are made of one object a sequence; leave it out: "
                           "name the other sequences with --sequences", dataset=NAME, sequence=name, file=labels)
    boxes = np.full((len(paths), 4), np.nan)
    for index, label in enumerate(found):
        box = box_geometry.from_mask(label == ids[0]) if ids else None
        if box is not None:
            boxes[index] = box
    return Sequence(NAME, name, paths, boxes, ~np.isnan(boxes[:, 0]))


def _read_label(path: Path, *, sequence: str) -> np.ndarray:
    try:
        return masks.read(path)
    except masks.MaskError as error:
        problem = str(error).removeprefix(f"{path}: ")
        raise DatasetError(problem, dataset=NAME, sequence=sequence, frame=path.stem, file=path) from error
