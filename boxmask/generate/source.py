"""Where frames and boxes come from, as plain values: a command line, `run.json` and a worker's orders say it alike."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from boxmask.generate.outfolder import require_apart
from boxmask.readers.sequence import Dataset, DatasetError, Sequence, shorten

# Layouts by the name that a command line gives them, and their modules in `boxmask.readers`.
DATASETS = {"got10k": "got10k", "lasot": "lasot", "trackingnet": "trackingnet", "otb": "tracking_folders",
            "davis": "davis", "youtubevos": "youtubevos", "coco": "coco_video"}
# Those of a single sequence.
SEQUENCES = {"folder": "folder", "video": "video"}
# The arguments that say where frames and boxes are.
PLACES = ("root", "frames", "video", "annotations", "boxes")


@dataclass(frozen=True)
class Source:
    """A dataset to open: the layout's name and the arguments of its reader, paths absolute.

    first, every: `every`-th of the first `first` frames of each sequence; None: what the reader gives, which for LaSOT
    are some and else all. sequence: the name of the sequence, of a layout that has one alone.
    """

    layout: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    first: int | None = None
    every: int | None = None
    sequence: str | None = None

    def open(self) -> tuple[Source, Dataset]:
        """The dataset, and this source with what the reader's defaults leave open filled in."""
        known = DATASETS | SEQUENCES
        if self.layout not in known:
            raise ValueError(f"there is no layout {shorten(self.layout)}; there are {', '.join(known)}")
        module = importlib.import_module(f"boxmask.readers.{known[self.layout]}")
        self._require_arguments(module.read_sequence if self.layout in SEQUENCES else module.open_dataset)
        if self.layout in SEQUENCES:
            sequence = module.read_sequence(**self.arguments)
            dataset = Dataset(module.NAME, (sequence.name,), lambda _: module.read_sequence(**self.arguments))
            return replace(self, sequence=sequence.name), self._thinned(dataset)
        if self.layout != "lasot":
            return self, self._thinned(module.open_dataset(**self.arguments))
        first = module.FIRST if self.first is None else self.first
        every = module.EVERY if self.every is None else self.every
        dataset = module.open_dataset(**self.arguments, first=first or None, every=every)
        return replace(self, first=first, every=every), dataset

    def _require_arguments(self, reader: Callable[..., Any]) -> None:
        try:
            inspect.signature(reader).bind(**self.arguments)
        except TypeError as error:
            raise ValueError(f"the layout {self.layout} is not read so: {error}") from error

    def moved(self, root: str | None) -> Source:
        """This source with its dataset, its folder of frames or its video at `root`; as it is without one.

        What lay in it or beside it, such as a file of boxes, is looked for there too if it is not where it was.
        """
        before = next((self.arguments[name] for name in ("root", "frames", "video") if name in self.arguments), None)
        if root is None or before is None:
            return self
        return replace(self, arguments={name: _rebased(value, Path(before), Path(root)) if name in PLACES else value
                                        for name, value in self.arguments.items()})

    def _thinned(self, dataset: Dataset) -> Dataset:
        if not self.first and self.every in (None, 1):
            return dataset

        def read(name: str) -> Sequence:
            sequence = dataset.read(name)
            return sequence.select(range(0, min(self.first or len(sequence), len(sequence)), self.every or 1))

        return replace(dataset, read=read)

    def require_apart(self, out: Path) -> None:
        """Raises `OutputError` if masks in `out` would be among the frames, or take their place."""
        if "root" in self.arguments:
            require_apart(out, Path(self.arguments["root"]))
        elif "frames" in self.arguments:
            for folder in (out, out / (self.sequence or "")):
                require_apart(folder, Path(self.arguments["frames"]), inside=False)

    def to_json(self) -> dict[str, Any]:
        """As `run.json` holds it, without what is None."""
        record = {"layout": self.layout, "arguments": dict(self.arguments), "first": self.first, "every": self.every,
                  "sequence": self.sequence}
        return {name: value for name, value in record.items() if value is not None}

    def __str__(self) -> str:
        """Where it is, for people."""
        return " and ".join(str(value) for value in self.arguments.values())


def _rebased(place: str, before: Path, now: Path) -> str:
    """Where a place is after the move of `before` to `now`, which may have taken along what lay in it or beside it."""
    if place != str(before) and Path(place).exists():
        return place
    for old, new in ((before, now), (before.parent, now.parent)):
        if Path(place).is_relative_to(old):
            return str(new / Path(place).relative_to(old))
    return place


def is_same_sequence(one: Dataset, other: Dataset, name: str) -> bool:
    """Whether datasets have the same frames and boxes under a name, as copies of one have, and one by two paths."""
    first, second = _read(one, name), _read(other, name)
    if first is None or second is None:
        return first is second
    return first.frames.names == second.frames.names and np.array_equal(first.boxes, second.boxes, equal_nan=True)


def _read(dataset: Dataset, name: str) -> Sequence | None:
    """None for a sequence that cannot be read."""
    try:
        return dataset.read(name)
    except DatasetError:
        return None


@dataclass(frozen=True, eq=False)
class Opened:
    """A source that is there, its dataset, and the names of its sequences."""

    source: Source
    dataset: Dataset
    names: frozenset[str]


class Sources:
    """Those sources of a run that can be opened: of a dataset that has moved, the old place is on record too."""

    def __init__(self, sources: Iterable[Source]) -> None:
        """Raises what the first raises if none can be opened, a `DatasetError` or an `OSError`."""
        self._opened: list[Opened] = []
        errors: list[Exception] = []
        for source in sources:
            try:
                dataset = source.open()[1]
            except (DatasetError, OSError) as error:
                errors.append(error)
            else:
                self._opened.append(Opened(source, dataset, frozenset(dataset.sequences)))
        if errors and not self._opened:
            raise errors[0]

    def find(self, name: str) -> Opened | None:
        """The source that has a sequence, None if none has. Raises `DatasetError` if another has it, not the same."""
        first, *others = [each for each in self._opened if name in each.names] or [None]
        for other in others:
            if not is_same_sequence(first.dataset, other.dataset, name):
                raise DatasetError(f"it is in {first.source} and in {other.source}, and the record does not say which "
                                   "of them its masks are of", dataset=first.dataset.name, sequence=name)
        return first
