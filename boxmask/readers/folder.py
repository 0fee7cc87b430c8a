"""Any folder of images with a text file of boxes."""

from __future__ import annotations

import os
from pathlib import Path

from boxmask.readers import images
from boxmask.readers.annotations import read_boxes
from boxmask.readers.folders import require_folder
from boxmask.readers.sequence import DatasetError, Sequence

NAME = "folder"


def read_sequence(frames: str | os.PathLike[str], boxes: str | os.PathLike[str]) -> Sequence:
    """The images of a folder in natural order, with the lines of the file `boxes` in the same order."""
    folder = require_folder(Path(frames), "a folder of images", dataset=NAME)
    name = folder.resolve().name
    paths = tuple(images.list_folder(folder))
    if not paths:
        raise DatasetError(f"no images in it; expected files that end in {', '.join(sorted(images.SUFFIXES))}",
                           dataset=NAME, sequence=name, file=folder)
    seen: dict[str, Path] = {}
    for path in paths:
        if path.stem in seen:
            raise DatasetError(f"{seen[path.stem].name} and {path.name} would have the same mask; keep one of them",
                               dataset=NAME, sequence=name, frame=path.stem, file=folder)
        seen[path.stem] = path
    values, present = read_boxes(Path(boxes), list(seen), dataset=NAME, sequence=name)
    return Sequence(NAME, name, paths, values, present)
