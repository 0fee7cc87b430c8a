"""Finding the files of box-annotated datasets, with errors that say what is missing."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from pytracking.utils.load_text import load_text


def dataset_folder(dataset: str, attribute: str, folder: str) -> Path:
    """The configured folder of a dataset. Raises ValueError if there is none, FileNotFoundError if it is missing."""
    if not folder:
        raise ValueError(f"{dataset}: no folder is configured; set {attribute} in your local.py or the environment "
                         f"variable BOXMASK_{attribute.upper()}")
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(f"{dataset}: there is no folder {path}; set BOXMASK_{attribute.upper()} to where it is")
    return path


def names_in(dataset: str, path: Path) -> list[str]:
    """The lines of a list of sequences."""
    if not path.is_file():
        raise FileNotFoundError(f"{dataset}: the list of sequences {path} is missing; it is part of the download")
    return path.read_text().split()


def frames_in(dataset: str, sequence: str, folder: Path) -> list[str]:
    """The paths of the images in a folder in the order of their numbers."""
    images = [path for path in folder.glob("*.jpg") if re.search(r"\d+$", path.stem)] if folder.is_dir() else []
    if not images:
        raise FileNotFoundError(f"{dataset} {sequence}: there are no images in {folder}")
    return [str(path) for path in sorted(images, key=frame_number)]


def frame_number(path: Path) -> int:
    """The number at the end of a file's name."""
    return int(re.search(r"\d+$", Path(path).stem)[0])


def boxes_in(dataset: str, sequence: str, path: Path) -> np.ndarray:
    """The boxes of an annotation file, (N, 4)."""
    if not path.is_file():
        raise FileNotFoundError(f"{dataset} {sequence}: the annotation file {path} is missing")
    boxes = load_text(path)
    if boxes.shape[0] == 0 or boxes.shape[1] != 4:
        raise ValueError(f"{dataset} {sequence}: {path} has the shape {boxes.shape}; a row x,y,w,h a frame is expected")
    return boxes


def require_as_many(dataset: str, sequence: str, boxes: np.ndarray, frames: list[str], path: Path) -> None:
    """Raises ValueError unless there is a box for every frame."""
    if len(boxes) != len(frames):
        raise ValueError(f"{dataset} {sequence}: {path} has {len(boxes)} boxes for {len(frames)} frames")
