"""What readers of folder layouts share: folders that must be there, names from lists, numbered frames."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from boxmask.readers.annotations import Entry, fit, read_boxes, read_lines
from boxmask.readers.images import ImageFiles, is_folder, list_folder
from boxmask.readers.sequence import DatasetError, check_name

# Numbers of frames may have holes, but a stray 99999999.jpg must not make a sequence of so many frames.
_MOST_MISSING = 1000
# A mask has a byte a pixel; 0 is the background, 255 nobody.
_MOST_OBJECTS = 254


def require_folder(path: Path, what: str, *, dataset: str, sequence: str | None = None) -> Path:
    """`path` if it is a folder, else a `DatasetError` that says what should have been there."""
    if not path.is_dir():
        found = "is a file" if path.is_file() else "does not exist"
        raise DatasetError(f"the folder {found}; expected {what}", dataset=dataset, sequence=sequence, file=path)
    return path


def read_names(path: Path, *, dataset: str) -> tuple[str, ...]:
    """The sequence names of a list file, one a line. A name is a folder of the dataset, never a way out of it."""
    expected = "one sequence name a line"
    lines = read_lines(path, expected, dataset=dataset)
    return unique(filter(None, lines), expected, dataset=dataset, file=path)


def unique(names: Iterable[str], expected: str, *, dataset: str, file: Path, setting: str = "") -> tuple[str, ...]:
    """Names of sequences in their order, or a `DatasetError` if there are none, one is no name, or one comes twice.

    expected: what is in a `file` with sequences; setting: the environment's name for it, by which the doctor looks for
    the right folder nearby.
    """
    seen: dict[str, None] = {}
    for name in names:
        check_name(name, dataset=dataset, file=file)
        if name in seen:
            raise DatasetError(f"sequence {name} is there twice, and its masks can be there once; keep one of them",
                               dataset=dataset, file=file)
        seen[name] = None
    if not seen:
        hint = f"; `{setting}={file} boxmask doctor` tells if it is a level off" if setting else ""
        raise DatasetError(f"no sequences in it; expected {expected}{hint}", dataset=dataset, file=file)
    return tuple(seen)


def list_names(folder: Path, *, dataset: str, sequence: str | None = None) -> list[str]:
    """The names of everything in a folder that is not hidden, in order: the one listing of it."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise DatasetError(f"the folder cannot be listed ({error.strerror})", dataset=dataset, sequence=sequence,
                           file=folder) from error


def subfolders(root: Path) -> tuple[str, ...]:
    """The names of the folders in a folder, hidden ones left out, in order."""
    with os.scandir(root) as entries:
        return tuple(sorted(entry.name for entry in entries if is_folder(entry) and not entry.name.startswith(".")))


@contextmanager
def counting_frames(folder: Path, chosen: slice = slice(None)) -> Iterator[None]:
    """Lets a `DatasetError` from the block say how many frames are lost with it: the `chosen` images in `folder`."""
    try:
        yield
    except DatasetError as error:
        if folder.is_dir():
            error.num_frames = len(list_folder(folder)[chosen])
        raise


def boxed_frames(folder: Path, boxes: Path, *, first: int, digits: int, dataset: str, sequence: str,
                 chosen: slice = slice(None)) -> tuple[ImageFiles, list[Entry]]:
    """The numbered frames of a folder, and what a file of boxes has for each; `first`, `digits`: as below.

    chosen: those of them that are wanted, and are lost where the file cannot be read.
    """
    with counting_frames(folder, chosen):
        entries = read_boxes(boxes, dataset=dataset, sequence=sequence)
    frames = _numbered_frames(folder, len(entries), first=first, digits=digits, dataset=dataset, sequence=sequence)
    return frames, fit(entries, len(frames.names))


def _numbered_frames(folder: Path, lines: int, *, first: int, digits: int, dataset: str,
                     sequence: str) -> ImageFiles:
    """The frames `<number>.jpg` from number `first` to the last that has a file or one of `lines` annotation lines.

    digits: how many a number has, filled up with zeros; 1 for plain numbers. A number without a file is a frame too:
    one whose image is missing. Raises `DatasetError` where there are as many frames as lines, numbered from another
    number: each box would be another frame's.
    """
    require_folder(folder, "the frames of the sequence", dataset=dataset, sequence=sequence)
    pattern = re.compile(r"([0-9]+)\.jpg")
    found = [int(match[1]) for match in map(pattern.fullmatch, list_names(folder, dataset=dataset, sequence=sequence))
             if match is not None and match[1] == f"{int(match[1]):0{digits}d}"]
    example = f"{first:0{digits}d}.jpg, {first + 1:0{digits}d}.jpg, ..."
    if max(found, default=-1) < first:
        raise DatasetError(f"no frames in it; expected {example}", dataset=dataset, sequence=sequence, file=folder)
    start = min(found)
    if start != first and sorted(found) == list(range(start, start + lines)):
        raise DatasetError(f"its {lines} frames are numbered from {start}, and those of {dataset} from {first}: "
                           f"{example}; rename them, or make masks of the folder with `boxmask generate folder`",
                           dataset=dataset, sequence=sequence, file=folder)
    found = [number for number in found if number >= first]
    return number_files(folder, range(first, first + count_frames(found, first, lines, dataset=dataset,
                                                                  sequence=sequence, folder=folder)),
                        digits=digits, suffix=".jpg")


def count_frames(numbers: list[int], first: int, lines: int, *, dataset: str, sequence: str, folder: Path) -> int:
    """How many frames a sequence has: up to its last numbered file, or its last annotation line."""
    length = max(max(numbers) - first + 1, lines)
    if length > 2 * max(len(numbers), lines) + _MOST_MISSING:
        raise DatasetError(f"its frames are numbered up to {max(numbers)}, but there are {len(numbers)} files and "
                           f"{lines} annotation lines; remove files that do not belong to it", dataset=dataset,
                           sequence=sequence, file=folder)
    return length


def require_few_objects(count: int, *, dataset: str, sequence: str, file: Path) -> None:
    """Raises `DatasetError` if a sequence has more objects than a mask has indices."""
    if count > _MOST_OBJECTS:
        raise DatasetError(f"it has {count} objects, and a mask can tell {_MOST_OBJECTS} apart", dataset=dataset,
                           sequence=sequence, file=file)


def require_images(images: ImageFiles, lines: int, *, dataset: str, sequence: str, file: Path) -> ImageFiles:
    """`images` if there is one for every annotation line. Names that are no numbers do not tell where others miss."""
    if lines > len(images.paths):
        raise DatasetError(f"{lines} boxes for {len(images.paths)} images; lines belong to images in order: restore "
                           "the missing images, or take out their lines", dataset=dataset, sequence=sequence, file=file)
    return images


def number_files(folder: Path, numbers: Iterable[int], *, digits: int, suffix: str) -> ImageFiles:
    """The files of these numbers, there or not."""
    return ImageFiles(tuple(folder / f"{number:0{digits}d}{suffix}" for number in numbers))
