"""Where frames and boxes come from, as plain values: a command line, `run.json` and a worker's orders say it alike."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
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
        if self.layout != "lasot":
            # All frames are asked for in one way alone, as settings are compared.
            source = replace(self, first=self.first or None, every=None if self.every == 1 else self.every)
            if self.layout not in SEQUENCES:
                return source, source._thinned(module.open_dataset(**self.arguments))
            sequence = module.read_sequence(**self.arguments)
            dataset = Dataset(module.NAME, (sequence.name,), lambda _: module.read_sequence(**self.arguments))
            return replace(source, sequence=sequence.name), source._thinned(dataset)
        first = module.FIRST if self.first is None else self.first
        every = module.EVERY if self.every is None else self.every
        dataset = module.open_dataset(**self.arguments, first=first or None, every=every)
        return replace(self, first=first, every=every), dataset

    def _require_arguments(self, reader: Callable[..., Any]) -> None:
        try:
            inspect.signature(reader).bind(**self.arguments)
        except TypeError as error:
            raise ValueError(f"the layout {self.layout} is not read so: {error}") from error

    @property
    def place(self) -> Path:
        """Its dataset's folder, its folder of frames or its video."""
        return Path(next(self.arguments[name] for name in ("root", "frames", "video") if name in self.arguments))

    def moved(self, place: Path) -> Source:
        """This source with what is at its `place` at another.

        What lay in that or beside it, such as a file of boxes, is looked for there too if it is not where it was.
        """
        return replace(self, arguments={name: _rebased(value, self.place, place) if name in PLACES else value
                                        for name, value in self.arguments.items()})

    def _thinned(self, dataset: Dataset) -> Dataset:
        if self.first is None and self.every is None:
            return dataset

        def chosen(count: int) -> range:
            return range(0, min(self.first or count, count), self.every or 1)

        def read(name: str) -> Sequence:
            try:
                sequence = dataset.read(name)
            except DatasetError as error:
                error.num_frames = len(chosen(error.num_frames))
                raise
            return sequence.select(chosen(len(sequence)))

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

    def __init__(self, sources: Iterable[Source], root: str | None = None) -> None:
        """root: where the dataset is now, or one of several videos, if it has moved; of datasets that have the same
        sequences, the one to take them from.

        Raises what the first raises if none can be opened, a `DatasetError` or an `OSError`, and ValueError for a root
        that does not say what has moved.
        """
        self._root = None if root is None else Path(root)
        self._opened: list[Opened] = []
        self._errors: list[Exception] = []
        sources = list(sources)
        lost = self._open(sources)
        if self._root is not None:
            self._open(_moved(lost or self._replaced(sources), self._root))
        if self._errors and not self._opened:
            raise self._errors[0]

    @property
    def sources(self) -> list[Source]:
        """Those that are there."""
        return [each.source for each in self._opened]

    def lack(self, name: str) -> bool:
        """Whether all sources are there and none has a sequence."""
        return not self._errors and not any(name in each.names for each in self._opened)

    def find(self, name: str) -> Opened | None:
        """The source that has a sequence, None if none has. Raises `DatasetError` if another has it, not the same."""
        having = [each for each in self._opened if name in each.names]
        if self._root is not None:
            having = [each for each in having if _is_at(each.source, self._root)] or having
        first, *others = having or [None]
        for other in others:
            if not is_same_sequence(first.dataset, other.dataset, name):
                raise DatasetError(f"it is in {first.source} and in {other.source}, and the record does not say which "
                                   "of them its masks are of", dataset=first.dataset.name, sequence=name)
        return first

    def _open(self, sources: list[Source]) -> list[Source]:
        """Opens sources and returns those that are not there."""
        lost, self._errors = [], []
        for source in sources:
            try:
                dataset = source.open()[1]
            except (DatasetError, OSError) as error:
                lost.append(source)
                self._errors.append(error)
            else:
                self._opened.append(Opened(source, dataset, frozenset(dataset.sequences)))
        return lost

    def _replaced(self, sources: list[Source]) -> list[Source]:
        """The sources to take from `root` where all are where they were: those of a dataset that is alone on record."""
        if any(_is_at(source, self._root) for source in sources):
            return []
        if len({source.place for source in sources}) > 1:
            raise ValueError(f"--root {self._root}: nothing has moved, all of {_listed(sources)} are where they were; "
                             "leave out --root, or name one of them")
        self._opened.clear()
        return sources


def _is_at(source: Source, root: Path) -> bool:
    return source.place.resolve() == root.resolve()


def _moved(sources: list[Source], root: Path) -> list[Source]:
    """Sources that have moved, one of them to `root`.

    Of several it is the one whose path ends most like that, and those that lay in the same folder went with it.
    """
    if len({source.place for source in sources}) < 2:
        return [source.moved(root) for source in sources]
    depth = max(_num_common_ends(source.place, root) for source in sources)
    named = [source for source in sources if _num_common_ends(source.place, root) == depth]
    if depth == 0 or len({source.sequence for source in named}) > 1:
        raise ValueError(f"--root {root} may be any of {_listed(named)}, which are all gone; name a place whose path "
                         "ends as that of one of them did, and of no other")
    moves = {source.place.parents[depth - 1]: root.parents[depth - 1] for source in named}
    return [source.moved(now / source.place.relative_to(before)) for source in sources
            for before, now in moves.items() if source.place.is_relative_to(before)]


def _num_common_ends(one: Path, other: Path) -> int:
    """How many parts at their ends paths have in common, the root of a file system not among them."""
    pairs = zip(one.parts[:0:-1], other.parts[:0:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _listed(sources: list[Source]) -> str:
    """Their places, for people."""
    places = sorted({str(source.place) for source in sources})
    return ", ".join(places[:3]) + (f" and {len(places) - 3} more" if len(places) > 3 else "")
