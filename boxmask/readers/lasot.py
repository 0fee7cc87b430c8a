"""LaSOT: `<root>/<class>/<class>-<n>/{img/00000001.jpg, groundtruth.txt, full_occlusion.txt, out_of_view.txt}`.

The folders of the classes may be missing. By default a sequence is every fifth of its first 1000 frames, of which
pytracking's `LasotVOS` wants masks (those that RTS was trained with).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from boxmask.readers.annotations import hide, make_sequence, read_flags
from boxmask.readers.folders import boxed_frames, read_names, require_folder, subfolders, unique
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

NAME = "LaSOT"
FIRST = 1000
EVERY = 5
# The lists that LaSOT comes with.
SPLITS = {"train": "training_set.txt", "test": "testing_set.txt"}
_SEQUENCE = re.compile(r"(.+)-[0-9]+")


def open_dataset(root: str | os.PathLike[str], *, split: str | None = None, first: int | None = FIRST,
                 every: int = EVERY) -> Dataset:
    """The sequences of a LaSOT root, each of them `every`-th of its first `first` frames (None: of all its frames).

    split: 'train' or 'test', read from the list of that split in the root; by default every sequence that is there.
    """
    root = require_folder(Path(root), "a LaSOT root with the folders of the classes, such as airplane/airplane-1",
                          dataset=NAME)
    if (root / "groundtruth.txt").is_file():
        raise DatasetError("this is one sequence; name the root above its class, and --sequences "
                           f"{root.resolve().name}", dataset=NAME, file=root)
    if split is None:
        folders = list(_find(root))
        names = unique((folder.name for folder in folders), "<class>/<class>-<n>, such as airplane/airplane-1",
                       dataset=NAME, file=root, setting="BOXMASK_LASOT_DIR")
        by_class = {folder.name for folder in folders if folder.parent != root}
    else:
        names = _read_split(root, split)
        classes = set(subfolders(root))
        by_class = {name for name in names if name not in classes}
    return Dataset(NAME, names, partial(read_sequence, root, by_class=by_class, first=first, every=every))


def read_sequence(root: Path, name: str, *, by_class: set[str], first: int | None = FIRST,
                  every: int = EVERY) -> Sequence:
    """One sequence. by_class: those that are in the folder of their class, where the others are in the root."""
    match = _SEQUENCE.fullmatch(name)
    folder = root / match[1] / name if match is not None and name in by_class else root / name
    require_folder(folder, "the folder of the sequence", dataset=NAME, sequence=name)
    chosen = slice(0, first, every)
    frames, entries = boxed_frames(folder / "img", folder / "groundtruth.txt", first=1, digits=8, dataset=NAME,
                                   sequence=name, chosen=chosen)
    length = len(entries)
    hidden = [read_flags(folder / file, length, dataset=NAME, sequence=name) > 0
              for file in ("full_occlusion.txt", "out_of_view.txt")]
    sequence = make_sequence(NAME, name, frames, {1: hide(entries, hidden[0] | hidden[1])})
    return sequence.select(range(length)[chosen])


def _find(root: Path) -> Iterator[Path]:
    """The folders of sequences: `<class>-<n>` in the root or in the folder of a class, told by name alone."""
    for name in subfolders(root):
        if _SEQUENCE.fullmatch(name):
            yield root / name
        else:
            yield from (root / name / inner for inner in subfolders(root / name)
                        if (match := _SEQUENCE.fullmatch(inner)) and match[1] == name)


def _read_split(root: Path, split: str) -> tuple[str, ...]:
    if split not in SPLITS:
        raise DatasetError(f"there is no split {split}; it has {' and '.join(SPLITS)}", dataset=NAME, file=root)
    return read_names(root / SPLITS[split], dataset=NAME)
