"""Box and flag files of tracking datasets, and the raw mask images made for them.

Everything is checked where it is read; errors name dataset, sequence, line or frame, and file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from ltr.data.image_loader import ImageError, imread_indexed
from ltr.dataset.errors import DatasetError, MissingDataError, some, where


def read_boxes(path: Path, dataset: str, sequence: str) -> torch.Tensor:
    """Lines `x,y,w,h` as (F, 4) float32. Sizes may be zero or negative (the target is absent), but not NaN."""
    lines = _read_lines(path, dataset, sequence)
    try:
        boxes = np.loadtxt(lines, delimiter=",", dtype=np.float32, ndmin=2)
    except ValueError:
        boxes = _parse_slowly(lines, path, dataset, sequence)
    if boxes.shape[1:] != (4,):
        raise DatasetError(f"{where(dataset, sequence, path=path)}: a line holds x,y,w,h, and these lines "
                           f"hold {boxes.shape[-1]} numbers; fetch the annotation again")
    bad = np.flatnonzero(~np.isfinite(boxes).all(axis=1))
    if len(bad):
        raise DatasetError(f"{where(dataset, sequence, f'of line {bad[0] + 1}', path)}: the box "
                           f"{lines[bad[0]]!r} is not made of numbers; correct the line, or leave the "
                           "sequence out")
    return torch.from_numpy(boxes)


def read_flags(path: Path, dataset: str, sequence: str, *, in_one_line: bool = False) -> torch.Tensor:
    """Whole numbers 0 to 255, one a line or all in one comma-separated line: (F,) uint8."""
    lines = _read_lines(path, dataset, sequence)
    words = lines[0].split(",") if in_one_line and lines else [line.split(",")[0] for line in lines]
    try:
        return torch.tensor([int(word) for word in words], dtype=torch.int64).to(torch.uint8)
    except ValueError as error:
        raise DatasetError(f"{where(dataset, sequence, path=path)}: {error}; the flags are whole numbers, "
                           "fetch the annotation again") from error


def need_same_count(boxes: torch.Tensor, others: Iterable[tuple[int, str]], path: Path, dataset: str,
                    sequence: str) -> None:
    """Raises where there are not as many of each (count, 'frames in <folder>') as boxes."""
    for count, what in others:
        if count != len(boxes):
            raise DatasetError(f"{where(dataset, sequence, path=path)}: {len(boxes)} boxes but {count} "
                               f"{what}; they must be as many: fetch the sequence again or leave it out")


def count_files(folder: Path, suffix: str, dataset: str, sequence: str) -> int:
    """How many files with this ending there are."""
    return len(list_files(folder, suffix, dataset, sequence))


def list_files(folder: Path, suffix: str, dataset: str, sequence: str) -> set[str]:
    """The names of the files with this ending."""
    try:
        return {name for name in os.listdir(folder) if name.endswith(suffix)}
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingDataError(f"{where(dataset, sequence)}: there is no folder {folder}; fetch the sequence "
                               "again or leave it out") from error


def need_masks(folder: Path, names: list[str], dataset: str, sequence: str) -> None:
    """Raises, naming the first, where mask files of a sequence are missing."""
    missing = sorted(set(names) - list_files(folder, ".png", dataset, sequence))
    if missing:
        raise MissingDataError(f"{where(dataset, sequence, Path(missing[0]).stem, folder)}: {len(missing)} "
                               f"of {len(names)} masks are missing ({some(missing, 3)}); generate them or "
                               "leave the sequence out")


def read_binary_mask(path: Path, image_shape: tuple[int, ...], dataset: str, sequence: str) -> torch.Tensor:
    """A mask file of values 0 and 1 as (H, W) float32; it has the size of its image, and no other value."""
    place = where(dataset, sequence, path.stem, path)
    if not path.is_file():
        raise MissingDataError(f"{place}: there is no such mask; generate it or leave the sequence out")
    try:
        mask = imread_indexed(path)
    except ImageError as error:
        raise DatasetError(f"{place}: {error}") from error
    if mask.shape != image_shape[:2]:
        raise DatasetError(f"{place}: the mask has {mask.shape[1]}x{mask.shape[0]} pixels, its image "
                           f"{image_shape[1]}x{image_shape[0]}; masks have the size of the image: generate "
                           "it again")
    if mask.size and mask.max() > 1:
        raise DatasetError(f"{place}: the mask holds the value {mask.max()}; it is the training target as it "
                           "is, so its values are 0 and 1: generate it again, or divide by that value")
    return torch.from_numpy(mask.astype(np.float32))


def _read_lines(path: Path, dataset: str, sequence: str) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise MissingDataError(f"{where(dataset, sequence, path=path)}: there is no such annotation; fetch "
                               "the sequence again or leave it out") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{where(dataset, sequence, path=path)}: not a text file; fetch the annotation "
                           "again") from error


def _parse_slowly(lines: list[str], path: Path, dataset: str, sequence: str) -> np.ndarray:
    """The boxes of a file with tabs or blanks between the numbers; or the error that names its first bad line."""
    boxes = []
    for number, line in enumerate(lines, start=1):
        try:
            box = [float(word) for word in line.replace(",", " ").split()]
        except ValueError:
            box = []
        if len(box) != 4:
            raise DatasetError(f"{where(dataset, sequence, f'of line {number}', path)}: {line!r} is not a "
                               "box x,y,w,h; correct the line, or leave the sequence out")
        boxes.append(box)
    return np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
