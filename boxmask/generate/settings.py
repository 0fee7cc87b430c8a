"""What decides the bytes of a run's masks, and the record of it in the output folder, `.boxmask/run.json`.

Masks of different settings never mix: a run with other settings than those on record is refused.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import boxmask
from boxmask.generate.lock import locked
from boxmask.generate.outfolder import OutFolder, OutputError, in_folder, version, write_whole
from boxmask.generate.plan import DEFAULT_WINDOWS, WindowOptions
from boxmask.generate.source import PLACES, Source, is_same_sequence
from boxmask.readers.sequence import DatasetError, check_name, shorten

logger = logging.getLogger(__name__)

FORMAT = 1
# Counts up when the same settings come to give other masks: other object ids in their pixels. How well the files are
# compressed is not meant, as zlib's version changes that too: a run of weeks goes on with a newer boxmask.
MASK_FORMAT = 1
# Sequences of two datasets that are compared: all would take minutes, and one may be all that differs.
_MOST_LOOKED_AT = 20
# What a number on record is at most, as arrays count in 64 bits.
_LARGEST = 2 ** 63 - 1


class SettingsError(OutputError):
    """An output folder with masks of other settings, or whose record cannot be read."""


@dataclass(frozen=True)
class Settings:
    """Everything but the data that changes what is written.

    dataset: the name of its reader. checkpoint: SHA-256 of the network's file; constructor: what made the network, with
    its arguments. What only networks look at is None for the other methods. box_margin: None where masks end at
    their boxes. first, every: which frames of a sequence (`readers.lasot`), None where the reader gives all.
    min_quality: below it masks are poor; drop_poor: and emptied.
    """

    dataset: str
    method: str = "network"
    checkpoint: str | None = None
    constructor: str | None = None
    windows: str | None = None
    window: int | None = None
    stride: int | None = None
    overlap: int | None = None
    iterations: int | None = None
    search_factor: float | None = None
    refinements: int | None = None
    smoothing: int | None = None
    box_margin: float | None = None
    first: int | None = None
    every: int | None = None
    min_quality: float | None = None
    drop_poor: bool = False
    mask_format: int = MASK_FORMAT

    @property
    def window_options(self) -> WindowOptions:
        """How the engine puts frames together; any way is as good for a method without windows."""
        if self.windows is None:
            return DEFAULT_WINDOWS
        return WindowOptions(self.windows, self.window, self.stride, self.overlap)

    def said(self) -> dict[str, Any]:
        """The settings that are set, for manifests and records: what is not set may be unknown to an older boxmask."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def differences(self, other: Settings) -> Iterator[str]:
        """What differs, in words: the setting, here and there."""
        for each in fields(self):
            ours, theirs = getattr(self, each.name), getattr(other, each.name)
            if ours != theirs:
                yield f"{each.name.replace('_', ' ')} is {_said(ours)} and was {_said(theirs)}"


@dataclass(frozen=True)
class Record:
    """What `run.json` says: the settings, what is to be there, and where it comes from, so that a repair finds it.

    sources: what `Source.to_json` gives, of every command that wrote here. checkpoint: the network's file, None for
    the weights that come with boxmask. sequences: the names of those that the commands were to make.
    """

    settings: Settings
    sources: tuple[Mapping[str, Any], ...] = ()
    checkpoint: str | None = None
    sequences: tuple[str, ...] = ()

    def to_text(self) -> str:
        """As `run.json` holds it."""
        return json.dumps({"boxmask": boxmask.__version__, "format": FORMAT, "settings": self.settings.said(),
                           "sources": list(self.sources), "checkpoint": self.checkpoint,
                           "sequences": list(self.sequences)}, indent=2, sort_keys=True,
                          ensure_ascii=False) + "\n"


def read_record(out: OutFolder) -> Record | None:
    """The record of an output folder, None if it has none. Raises `SettingsError` for one that cannot be read."""
    try:
        text = out.run_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(out.run_file, str(error)) from error
    try:
        record = json.loads(text)
        if record["format"] != FORMAT:
            raise SettingsError(f"{out.run_file}: a record of format {record['format']}, and this boxmask knows format "
                                f"{FORMAT}; update boxmask, or choose another --out")
        _require_known(record["settings"], out.run_file)
        _require_sound(record)
        return Record(Settings(**record["settings"]), tuple(record["sources"]), record["checkpoint"],
                      tuple(record["sequences"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, SettingsError):
            raise
        raise _unreadable(out.run_file, repr(error)) from error


def _require_known(there: Mapping[str, Any], path: Path) -> None:
    unknown = sorted(there.keys() - {each.name for each in fields(Settings)})
    if unknown:
        raise SettingsError(f"{path}: a newer boxmask made these masks, with a setting {shorten(unknown[0])} that this "
                            "one does not know; update boxmask, or choose another --out")


def _require_sound(record: Mapping[str, Any]) -> None:
    """Raises ValueError for a record of other values than runs write: folders of masks are passed on."""
    for name in record["sequences"]:
        check_name(name if isinstance(name, str) else "", dataset="record")
    for source in record["sources"]:
        Source(**source)
        _require_kinds(Source, {name: value for name, value in source.items() if name != "arguments"})
        _require_arguments(source.get("arguments", {}))
    if not isinstance(record["checkpoint"], str | None):
        raise ValueError("the checkpoint is the name of a file")
    _require_kinds(Settings, record["settings"])
    used = Settings(**record["settings"])
    if used.windows is not None and None in (used.window, used.stride, used.overlap, used.iterations):
        raise ValueError("windows go with a window, a stride, an overlap and iterations")


def _require_kinds(kind: type, values: Mapping[str, Any]) -> None:
    """Raises ValueError unless values are of the kinds of a dataclass's fields; none is negative, or has no end."""
    hints = get_type_hints(kind)
    for name, value in values.items():
        kinds = get_args(hints[name]) or (hints[name],)
        is_number = type(value) in (int, float)
        if not (type(value) in kinds or is_number and float in kinds) or is_number and not 0 <= value <= _LARGEST:
            raise ValueError(f"{name} is {value!r:.80}")


def _require_arguments(arguments: Mapping[str, Any]) -> None:
    """Raises ValueError unless they are what a command line gives a reader: places, names, lists of names."""
    if not isinstance(arguments, dict):
        raise ValueError("a source is a layout and its arguments")
    for name, value in arguments.items():
        is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not (isinstance(value, str) or name not in PLACES and (value is None or is_list)):
            raise ValueError(f"{name} is {value!r:.80}")


def enter(out: OutFolder, record: Record, scratch: Path, *, overwrite: bool = False) -> None:
    """Puts a run on record, or joins the one that is. Raises `SettingsError` if that one has other settings.

    overwrite: takes the place of a record with other settings instead, and marks all that is there, or that workers
    have, to be made again. Commands that start at once join one after the other.
    """
    is_ours = False
    while not is_ours:
        there = read_record(out)
        joined = record if there is None else _join(out, there, record, overwrite=overwrite)
        if joined == there:
            return
        has_others = there is not None and there.settings != record.settings
        if has_others:
            _mark_all(out)
        with locked(out.lock, scratch):
            is_ours = read_record(out) == there  # or else another has joined meanwhile
            if is_ours:
                write_whole(out.run_file, joined.to_text(), scratch)
    if has_others:
        _mark_all(out)  # what workers have begun or ended since, for which the old record still stood
        _tell_of_rest(out, record)


def forget(out: OutFolder, names: Set[str], scratch: Path) -> None:
    """Takes sequences off the record of a run."""
    if names:
        with locked(out.lock, scratch):
            there = read_record(out)
            left = tuple(name for name in there.sequences if name not in names)
            write_whole(out.run_file, replace(there, sequences=left).to_text(), scratch)


def _mark_all(out: OutFolder) -> None:
    mark_to_redo(out, out.done() | out.marked(out.claims))


def _tell_of_rest(out: OutFolder, record: Record) -> None:
    rest = out.marked(out.redo) - {*record.sequences}
    if rest:
        logger.warning("%s: its other sequences are of other settings and to be made again too: %d, the first is %s; "
                       "`boxmask verify %s --repair` does that", out.root, len(rest), min(rest), out.root)


def _join(out: OutFolder, there: Record, new: Record, *, overwrite: bool) -> Record:
    """The record of all that is to be there when a run joins."""
    sequences = tuple(sorted({*there.sequences, *new.sequences}))
    differences = list(new.settings.differences(there.settings))
    if differences and not overwrite:
        raise SettingsError(f"{out.root} holds masks of other settings: {'; '.join(differences)}. Use the same again, "
                            "choose another --out, or make all its masks again with --overwrite")
    if differences:
        there = _for_the_rest(there, new)
    return replace(new, sequences=sequences, sources=_join_sources(out, there, new, overwrite=overwrite))


def _for_the_rest(there: Record, new: Record) -> Record:
    """A record whose place other settings take, with the sources that are needed to make the rest again with these.

    Those of another layout are not: the dataset is one of the settings.
    """
    rest = {*there.sequences} - {*new.sequences}
    layouts = {each["layout"] for each in new.sources}
    sources = [replace(Source(**each), first=new.settings.first, every=new.settings.every)
               for each in there.sources if each["layout"] in layouts]
    return replace(there, sources=tuple(each.to_json() for each in sources if rest and _may_have(each, rest)))


def _may_have(source: Source, names: Set[str]) -> bool:
    if source.sequence is not None:
        return source.sequence in names
    try:
        return not names.isdisjoint(source.open()[1].sequences)
    except (DatasetError, OSError):
        return True  # it has moved


def _join_sources(out: OutFolder, there: Record, new: Record, *, overwrite: bool) -> tuple[Mapping[str, Any], ...]:
    """The sources there and new, each once and in order. Masks that are there stay those of their source."""
    wanted = {*new.sequences} & {*there.sequences, *out.published()}
    sources = {_key(each): each for each in there.sources}
    for each in new.sources:
        if _key(each) in sources:
            continue
        source = Source(**each)
        rivals = {key: name for key, other in sources.items()
                  if (name := _taken(wanted, Source(**other), source)) is not None}
        for key, name in rivals.items():
            if not overwrite:
                raise SettingsError(f"{out.sequence(name)} is for masks of {Source(**sources[key])}, and these would "
                                    f"be of {source}; choose another --out, or replace them with --overwrite")
            if sources[key].get("sequence") is not None:  # it has no other
                del sources[key]
        sources[_key(each)] = each
    return tuple(source for _, source in sorted(sources.items()))


def _taken(wanted: Set[str], other: Source, source: Source) -> str | None:
    """A sequence that is there, or to be there, and that another source has too, with other boxes; None without one.

    A dataset that has moved cannot be opened where it was, a copy has the same boxes; of all that are there some are
    looked at, spread evenly.
    """
    if other.sequence is not None and other.sequence not in wanted:
        return None
    try:
        theirs = other.open()[1]
        common = sorted(wanted.intersection(theirs.sequences))
        ours = source.open()[1] if common else theirs
        looked_at = common[::math.ceil(len(common) / _MOST_LOOKED_AT) or 1]
        return next((name for name in looked_at if not is_same_sequence(theirs, ours, name)), None)
    except (DatasetError, OSError):
        return None


def _key(source: Mapping[str, Any]) -> str:
    return json.dumps(source, sort_keys=True)


class OnRecord:
    """The record of a run while it goes on; it is read again when the file has changed."""

    def __init__(self, out: OutFolder, record: Record, scratch: Path) -> None:
        self.settings = record.settings
        self._out = out
        self._record = record
        self._scratch = scratch
        self._seen: tuple[int, ...] | None = None

    def require(self) -> None:
        """Raises `SettingsError` if another run has put other settings on record meanwhile.

        Joins again where what this run put there is gone: who was silent for as long as a lock lasts, and an older
        version, may have written over it.
        """
        found = version(self._out.run_file)
        if found is not None and found == self._seen:
            return
        there = read_record(self._out)
        if there is None or there.settings != self.settings:
            raise SettingsError(f"{self._out.run_file} was changed while this run went on; another one has started "
                                "with other settings, or it was removed. What is finished stays")
        if not (set(self._record.sequences) <= set(there.sequences)
                and set(map(_key, self._record.sources)) <= set(map(_key, there.sources))):
            enter(self._out, self._record, self._scratch)
        self._seen = found

    def unmark(self, name: str) -> None:
        """Takes the mark of a sequence that has been made again; it stays where `require` raises.

        That is asked once more when it is gone: a run with other settings that came in between may have marked the
        sequence before, and does not do so later.
        """
        self.require()
        (self._out.redo / name).unlink(missing_ok=True)
        try:
            self.require()
        except SettingsError:
            mark_to_redo(self._out, {name})
            raise


def mark_to_redo(out: OutFolder, names: set[str]) -> None:
    """Marks sequences that are there but are to be made again. A mark goes when its sequence is done."""
    for name in sorted(names):
        in_folder(out.redo, (out.redo / name).touch)


def _said(value: object) -> str:
    return "not set" if value is None else str(value)


def _unreadable(path: Path, problem: str) -> SettingsError:
    return SettingsError(f"{path}: the record of the run cannot be read ({problem}); remove the file if you know that "
                         "all masks here are of the settings you give now, or choose another --out")
