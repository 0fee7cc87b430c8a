"""What lies in the folder of a dataset: how each layout is recognised, and how it is counted without walking it.

A layout's `recognise` says whether a folder is the root of such a dataset, by a few names; its `look` yields what is
there, as (status, text, what to do). Neither opens images, and neither lists a folder of frames.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from boxmask.doctor.report import ERROR, OK, WARNING

Finding = tuple[str, str, str]
_FEW = 20  # folders looked into to recognise a layout


@dataclass(frozen=True)
class Layout:
    """A kind of dataset. attribute: its name in local.py; root: what its folder holds, for messages."""

    attribute: str
    root: str
    recognise: Callable[[Path], bool]
    look: Callable[[Path, SplitLists], Iterator[Finding]]


@dataclass(frozen=True)
class SplitLists:
    """Folders where the host looks for lists of splits, besides the dataset's own."""

    folders: Sequence[Path]

    def find(self, filename: str, *more: Path) -> Path | None:
        """The first file of that name in the folders, then in `more`; None if there is none."""
        return next((folder / filename for folder in (*self.folders, *more) if (folder / filename).is_file()), None)


def nearby(folder: Path, recognise: Callable[[Path], bool]) -> Path | None:
    """The dataset's root where the folder named is one or two levels off it, up or down."""
    children = _folders(folder, 50)
    below = [path for child in children for path in _folders(child, 5)]
    return next((path for path in (*children, folder.parent, folder.parent.parent, *below) if recognise(path)), None)


def names(folder: Path) -> set[str]:
    """The names in a folder that do not start with a dot."""
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries if not entry.name.startswith(".")}


def _folders(folder: Path, count: int) -> list[Path]:
    """The first folders in one; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in islice((entry for entry in entries if entry.is_dir()), count)]
    except OSError:
        return []


def lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file without blanks around them, empty ones left out."""
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def some(missing: Sequence[str]) -> str:
    """The first three names, as a line says them."""
    return ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")


def _is_davis(root: Path) -> bool:
    return (root / "JPEGImages" / "480p").is_dir()


def _davis(version: str, *splits: str) -> Callable[[Path, SplitLists], Iterator[Finding]]:
    def look(root: Path, _: SplitLists) -> Iterator[Finding]:
        if not (root / "Annotations" / "480p").is_dir():
            yield ERROR, f"{root} has no Annotations/480p", "fetch the masks of DAVIS (480p) into it"
            return
        images, masks = names(root / "JPEGImages" / "480p"), names(root / "Annotations" / "480p")
        yield OK, f"{root}: {len(images)} sequences, {len(images & masks)} of them with masks", ""
        for split in splits:
            path = root / "ImageSets" / version / f"{split}.txt"
            if not path.is_file():
                yield ERROR, f"the list {path} is missing", "its lines are the names of sequences; it is part of DAVIS"
                continue
            listed = lines(path)
            missing = [name for name in listed if name not in images or name not in masks]
            if missing:
                yield (ERROR, f"{path.name}: {len(missing)} of {len(listed)} sequences lack images or masks "
                              f"({some(missing)})", f"fetch them, or take them off {path}")
            elif not listed:
                yield ERROR, f"{path} is empty", "its lines are the names of sequences; it is part of DAVIS"
    return look


def _is_youtubevos(root: Path) -> bool:
    return any((root / version / "train" / "JPEGImages").is_dir() for version in ("2019", "2018"))


def _youtubevos(root: Path, lists: SplitLists) -> Iterator[Finding]:
    base = root / "2019" / "train"
    lacking = [name for name in ("JPEGImages", "Annotations", "meta.json") if not (base / name).exists()]
    if lacking:
        yield ERROR, f"{base} lacks {', '.join(lacking)}", "fetch YouTube-VOS 2019, training set"
        return
    videos = names(base / "JPEGImages")
    yield OK, f"{root}: {len(videos)} videos in 2019/train", ""
    for split in ("jjtrain", "jjvalid"):
        filename = f"youtubevos_{split}.txt"
        path = lists.find(filename, root / "2019")
        if path is None:
            yield (ERROR, f"the list {filename} is missing",
                   f"copy it from pytracking's ltr/data_specs to {root}/2019, or set BOXMASK_DATA_SPECS_DIR")
        elif not videos.intersection(lines(path)):
            yield ERROR, f"no video of {path} is in {base / 'JPEGImages'}", "fetch YouTube-VOS 2019, training set"


def _is_got10k(root: Path) -> bool:
    return (root / "list.txt").is_file() or any((folder / "groundtruth.txt").is_file()
                                                for folder in _folders(root, _FEW))


def _got10k(root: Path, _: SplitLists) -> Iterator[Finding]:
    here = {name for name in names(root) if not name.endswith(".txt")}
    if not (root / "list.txt").is_file():
        yield WARNING, f"{root}: {len(here)} sequences, no list.txt", f"cd {root} && ls -d */ | tr -d / > list.txt"
        return
    listed = [line.split(",")[0] for line in lines(root / "list.txt")]
    yield from _compared(root, listed, here, "list.txt")


def _is_lasot(root: Path) -> bool:
    return any(path.name.startswith(f"{folder.name}-") for folder in _folders(root, _FEW)
               for path in _folders(folder, 1))


def _lasot(root: Path, lists: SplitLists) -> Iterator[Finding]:
    classes = sorted(name for name in names(root) if (root / name).is_dir())
    here = {name for folder in classes for name in names(root / folder) if re.fullmatch(r".*-\d+", name)}
    path = lists.find("lasot_train_split.txt", root) or lists.find("training_set.txt", root)
    if path is None:
        yield (WARNING, f"{root}: {len(here)} sequences of {len(classes)} classes, no training_set.txt",
               "the list is part of LaSOT and says which sequences are for training; put it there")
        return
    yield from _compared(root, lines(path), here, path.name)


def _compared(root: Path, listed: Sequence[str], here: set[str], filename: str) -> Iterator[Finding]:
    missing = [name for name in listed if name not in here]
    text = f"{root}: {len(here)} sequences, {len(listed) - len(missing)} of the {len(listed)} of {filename}"
    yield (WARNING, f"{text}; not there: {some(missing)}", "fetch them") if missing else (OK, text, "")


def _is_trackingnet(root: Path) -> bool:
    return any((folder / "anno").is_dir() for folder in root.glob("TRAIN_*"))


def _trackingnet(root: Path, _: SplitLists) -> Iterator[Finding]:
    counts, broken = [], []
    for part in sorted(root.glob("TRAIN_*")):
        if not ((part / "anno").is_dir() and (part / "frames").is_dir()):
            broken.append(f"{part.name} lacks anno or frames")
            continue
        boxes = {name.removesuffix(".txt") for name in names(part / "anno")}
        counts.append(len(boxes))
        without = boxes - names(part / "frames")
        if without:
            broken.append(f"{part.name} has no frames for {len(without)} of {len(boxes)} sequences")
    text = f"{root}: {sum(counts)} sequences in {len(counts)} of 12 parts"
    yield (WARNING, f"{text}; {'; '.join(broken)}", "unpack the frames again") if broken else (OK, text, "")


def _is_stills(root: Path) -> bool:
    return (root / "instances.csv").is_file()


def _stills(root: Path, _: SplitLists) -> Iterator[Finding]:
    lacking = [name for name in ("images", "masks") if not (root / name).is_dir()]
    if lacking:
        yield WARNING, f"{root} lacks {', '.join(lacking)}", "see INSTALL.md on stills_dir"
        return
    yield OK, f"{root}: {len(lines(root / 'instances.csv')) - 1} objects in instances.csv", ""


YOUTUBEVOS = Layout("youtubevos_dir", "2019/train/JPEGImages", _is_youtubevos, _youtubevos)
DAVIS = Layout("davis_dir", "JPEGImages/480p", _is_davis, _davis("2017", "train", "val"))
DAVIS_TRAIN = replace(DAVIS, look=_davis("2017", "train"))
GOT10K = Layout("got10k_dir", "list.txt and folders with groundtruth.txt", _is_got10k, _got10k)
LASOT = Layout("lasot_dir", "<class>/<class>-<number>", _is_lasot, _lasot)
# Those that `boxmask default` trains on come first.
LAYOUTS = (YOUTUBEVOS, DAVIS,
           Layout("davis16_dir", "JPEGImages/480p", _is_davis, _davis("2016", "train", "val")),
           GOT10K, LASOT,
           Layout("trackingnet_dir", "TRAIN_0/anno, TRAIN_1/anno, ...", _is_trackingnet, _trackingnet),
           Layout("stills_dir", "instances.csv", _is_stills, _stills))
