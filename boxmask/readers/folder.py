"""Any folder of images with a text file of boxes."""

from __future__ import annotations

import os
from pathlib import Path

from boxmask.readers import images
from boxmask.readers.annotations import fit, make_sequence, read_boxes
from boxmask.readers.folders import require_folder, require_images
from boxmask.readers.sequence import DatasetError, Sequence

NAME = "folder"


def read_sequence(frames: str | os.PathLike[str], boxes: str | os.PathLike[str], name: str | None = None) -> Sequence:
    """The images of a folder in natural order, with the lines of the file `boxes` in the same order.

    name: of the sequence, by default that of the folder.
    """
    folder = require_folder(Path(frames), "a folder of images", dataset=NAME)
    name = name or Path(os.path.abspath(folder)).name  # of a link, not of what it leads to
    files = images.ImageFiles(tuple(images.list_folder(folder)))
    if not files.paths:
        raise DatasetError(f"no images in it; expected files that end in {', '.join(sorted(images.SUFFIXES))}",
                           dataset=NAME, sequence=name, file=folder)
    entries = read_boxes(Path(boxes), dataset=NAME, sequence=name)
    require_images(files, len(entries), dataset=NAME, sequence=name, file=folder)
    return make_sequence(NAME, name, files, {1: fit(entries, len(files.paths))})
