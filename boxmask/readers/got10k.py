"""GOT-10k: `<root>/<sequence>/{00000001.jpg, ..., groundtruth.txt, absence.label, cover.label}`.

The root is one split's folder, as in pytracking (`ltr/dataset/got10k.py`), from which the meaning of the flags is
taken too: the target is visible where `absence.label` is 0 and `cover.label` is not 0. `list.txt`, `absence.label` and
`cover.label` may be missing.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from boxmask.readers.annotations import Entry, hide, make_sequence, read_flags
from boxmask.readers.folders import boxed_frames, read_names, require_folder, subfolders, unique
from boxmask.readers.sequence import Dataset, DatasetError, Sequence

NAME = "GOT-10k"
_boxed_frames = partial(boxed_frames, first=1, digits=8, dataset=NAME)
_TRAIN = "GOT-10k_Train_{:06d}"
# What others found wrong in the published training set: got-10k/toolkit issues 29 (frames that belong to other videos)
# and 10 (boxes that belong to other frames, in the whole sequence). Numbers of frames, or None for all.
_WRONG_FRAMES: dict[str, range | None] = {
    _TRAIN.format(1636): range(43, 54), _TRAIN.format(1638): range(25, 34),
    **{_TRAIN.format(number): None for number in (*range(8623, 8638), 9058, 9059)},
}
WRONG = "images and boxes of this frame are known not to belong together (got-10k/toolkit issues 10 and 29)"


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
        names = unique((name for name in subfolders(root) if (root / name / "groundtruth.txt").is_file()
                        or (root / name / "00000001.jpg").is_file()),
                       "<sequence>/00000001.jpg, ... and <sequence>/groundtruth.txt, as in the folder of a split",
                       dataset=NAME, file=root, setting="BOXMASK_GOT10K_DIR")
    return Dataset(NAME, names, partial(read_sequence, root))


def read_sequence(root: Path, name: str) -> Sequence:
    """One sequence of the split folder `root`."""
    folder = require_folder(root / name, "the frames of the sequence", dataset=NAME, sequence=name)
    frames, entries = _boxed_frames(folder, folder / "groundtruth.txt", sequence=name)
    length = len(entries)
    absence = read_flags(folder / "absence.label", length, dataset=NAME, sequence=name)
    cover = read_flags(folder / "cover.label", length, dataset=NAME, sequence=name)
    entries = hide(entries, (absence > 0) | (cover == 0))
    return make_sequence(NAME, name, frames, {1: _without_wrong_frames(entries, name)})


def read_frames(folder: Path, boxes: Path) -> Sequence:
    """A folder of frames numbered as GOT-10k's, with a file of boxes of any name and no flags."""
    name = folder.resolve().name
    frames, entries = _boxed_frames(folder, boxes, sequence=name)
    return make_sequence(NAME, name, frames, {1: entries})


def _without_wrong_frames(entries: list[Entry], name: str) -> list[Entry]:
    if name not in _WRONG_FRAMES:
        return entries
    wrong = _WRONG_FRAMES[name]
    return [WRONG if wrong is None or number in wrong else entry for number, entry in enumerate(entries, start=1)]
