"""The manifest of a sequence: what became of each of its frames, and what its files must be.

The text is a JSON object. Its first line holds everything but the frames, so that a run over thousands of sequences
counts them by their first lines; then comes a frame a line; the last line is a CRC of all before it.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boxmask.generate.outcomes import Outcome
from boxmask.readers.images import is_of_the_file
from boxmask.readers.sequence import check_name, shorten

FILE_NAME = "manifest.json"
FORMAT = 1
_END = '\n],\n"crc32": '
# What a manifest that comes from elsewhere may make of a file's name, a size or a quality is not known: all is checked.
_FRAME_KINDS = {"name": str, "outcome": str, "reason": str, "width": int, "height": int, "bytes": int, "crc32": int,
                "objects": dict, "poor": bool}
_HEADER_KINDS = {"best": dict, "boxmask": str, "counts": dict, "crc32": int, "dataset": str, "files": dict,
                 "format": int, "frames": list, "object_ids": list, "sequence": str, "settings": dict}
_HIGHEST_ID = 254
_LONGEST_SIDE = 2 ** 31 - 1  # of a PNG
_NOT_READABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class ManifestError(ValueError):
    """A manifest that is missing or damaged; the message names it and says what to do."""


@dataclass(frozen=True)
class Stamp:
    """What a file must be."""

    bytes: int
    crc32: int

    @classmethod
    def of(cls, data: bytes) -> Stamp:
        """The stamp of a file with these bytes."""
        return cls(len(data), zlib.crc32(data))


@dataclass(frozen=True)
class Frame:
    """What became of a frame.

    name: of the frame, and of its mask `<name>.png`. reason: as in `outcomes.FrameResult`. width, height: of the frame,
    None if it never could be seen. bytes, crc32: of the mask's file, None if there is none. objects: by object id, the
    quality (0..1, rounded) of those that got a mask. poor: the quality of one of them is too low to train on.
    """

    name: str
    outcome: Outcome
    reason: str = ""
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    crc32: int | None = None
    objects: Mapping[int, float] = field(default_factory=dict)
    poor: bool = False

    def usable_quality(self, object_id: int) -> float:
        """The quality of an object's mask, 0 where there is none to train on: not OK, poor, empty or not of it."""
        return 0.0 if self.outcome is not Outcome.OK or self.poor else self.objects.get(object_id, 0.0)

    def to_json(self) -> dict[str, Any]:
        """All that is not as by default, to keep manifests short."""
        record: dict[str, Any] = {"name": self.name, "outcome": self.outcome.value}
        if self.reason:
            record["reason"] = self.reason
        if self.width is not None:
            record |= {"width": self.width, "height": self.height}
        if self.bytes is not None:
            record |= {"bytes": self.bytes, "crc32": self.crc32}
        if self.objects:
            record["objects"] = {str(identity): score for identity, score in sorted(self.objects.items())}
        if self.poor:
            record["poor"] = True
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Frame:
        """The frame that `to_json` wrote down."""
        values = _of_kinds(record, _FRAME_KINDS)
        check_name(values["name"], dataset="manifest", what="a frame")
        values["outcome"] = Outcome(values["outcome"])
        if not all(1 <= values.get(side, 1) <= _LONGEST_SIDE for side in ("width", "height")):
            raise ValueError("no image has this width and height")
        if "objects" in values:
            values["objects"] = _qualities(values["objects"])
        return cls(**values)


@dataclass(frozen=True)
class Header:
    """What a manifest says of the whole sequence.

    files: those besides masks and manifest; settings: of the run; best: by object id, the highest usable quality.
    """

    dataset: str
    sequence: str
    object_ids: tuple[int, ...]
    version: str
    settings: Mapping[str, Any]
    files: Mapping[str, Stamp]
    counts: Mapping[Outcome, int]
    best: Mapping[int, float] = field(default_factory=dict)

    @property
    def num_frames(self) -> int:
        """Frames of the sequence, whatever became of them."""
        return sum(self.counts.values())

    def to_json(self) -> dict[str, Any]:
        """As the manifest holds it."""
        return {"best": {str(identity): score for identity, score in sorted(self.best.items())},
                "boxmask": self.version, "counts": {outcome.value: count for outcome, count in self.counts.items()},
                "dataset": self.dataset, "files": {name: vars(stamp) for name, stamp in sorted(self.files.items())},
                "format": FORMAT, "object_ids": list(self.object_ids), "sequence": self.sequence,
                "settings": dict(sorted(self.settings.items()))}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Header:
        """The header that `to_json` wrote down."""
        values = _of_kinds(record, _HEADER_KINDS)
        for name in (values["sequence"], *values["files"]):
            check_name(name, dataset="manifest")
        stamps = {name: Stamp(**_of_kinds(stamp, _FRAME_KINDS)) for name, stamp in values["files"].items()}
        counts = _of_kinds(values["counts"], dict.fromkeys((outcome.value for outcome in Outcome), int))
        identities = tuple(_identity(identity) for identity in values["object_ids"])
        if len(set(identities)) < len(identities):
            raise ValueError("an object is there twice")
        return cls(values["dataset"], values["sequence"], identities, values["boxmask"], values["settings"], stamps,
                   {Outcome(name): count for name, count in counts.items()}, _qualities(values["best"]))


@dataclass(frozen=True)
class Manifest:
    """A header and its frames, in the order of the sequence."""

    header: Header
    frames: tuple[Frame, ...]

    @property
    def dataset(self) -> str:
        """The name of the dataset."""
        return self.header.dataset

    @property
    def sequence(self) -> str:
        """The name of the sequence."""
        return self.header.sequence

    @property
    def object_ids(self) -> tuple[int, ...]:
        """The ids of its objects, which are the indices in its masks."""
        return self.header.object_ids


def count(frames: tuple[Frame, ...]) -> dict[Outcome, int]:
    """How many frames ended in each outcome; none of an outcome is left out."""
    found = Counter(frame.outcome for frame in frames)
    return {outcome: found[outcome] for outcome in Outcome if found[outcome]}


def best(frames: tuple[Frame, ...], object_ids: tuple[int, ...]) -> dict[int, float]:
    """The highest usable quality of each object, so that a sequence without any is known by its header."""
    return {identity: max((frame.usable_quality(identity) for frame in frames), default=0.0)
            for identity in object_ids}


def to_text(manifest: Manifest) -> str:
    """The text of a manifest's file; the same manifest always has the same."""
    head = _compact(manifest.header.to_json())
    frames = ",\n".join(_compact(frame.to_json()) for frame in manifest.frames)
    body = f'{head[:-1]},"frames":[\n{frames}{_END}'
    return f"{body}{zlib.crc32(body.encode())}}}\n"


def read(folder: Path) -> Manifest:
    """The manifest of the sequence in `folder`. Raises `ManifestError` if it is missing, damaged or of another kind."""
    path = folder / FILE_NAME
    text = _read_text(path)
    body, end, crc = text.rpartition(_END)
    if not end or f"{zlib.crc32((body + end).encode())}}}\n" != crc:
        raise _damaged(path, "it is cut short or changed")
    try:
        record = json.loads(text)
        _require_format(record, path)
        manifest = Manifest(Header.from_json(record), tuple(map(Frame.from_json, record["frames"])))
    except _NOT_READABLE as error:
        raise _damaged(path, repr(error)) from error
    if count(manifest.frames) != manifest.header.counts:
        raise _damaged(path, "its counts are not those of its frames")
    if len({frame.name for frame in manifest.frames}) < len(manifest.frames):
        raise _damaged(path, "a frame is there twice")
    return manifest


def read_header(folder: Path) -> Header:
    """The header of a manifest, from its first line alone: quick, but unable to see damage further on."""
    path = folder / FILE_NAME
    line = _read_text(path, first_line=True)
    try:
        record = json.loads(line.removesuffix("\n").removesuffix(',"frames":[') + "}")
        _require_format(record, path)
        return Header.from_json(record)
    except _NOT_READABLE as error:
        raise _damaged(path, repr(error)) from error


def _of_kinds(record: Mapping[str, Any], kinds: Mapping[str, type]) -> dict[str, Any]:
    """A JSON object as a dict, if each of its values is of its kind, and numbers are not negative."""
    for name, value in record.items():
        if type(value) is not kinds[name] or (kinds[name] is int and value < 0):
            raise TypeError(f"{name} is {shorten(str(value))}")
    return dict(record)


def _identity(value: object) -> int:
    if type(value) is not int or not 1 <= value <= _HIGHEST_ID:
        raise ValueError(f"{shorten(str(value))} is no object id")
    return value


def _qualities(record: Mapping[str, Any]) -> dict[int, float]:
    """Qualities by object id."""
    if not all(type(score) in (int, float) and 0 <= score <= 1 for score in record.values()):
        raise ValueError("a quality is a number from 0 to 1")
    return {_identity(int(identity)): score for identity, score in record.items()}


def _compact(record: Mapping[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def _read_text(path: Path, *, first_line: bool = False) -> str:
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            return file.readline() if first_line else file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise ManifestError(f"{path}: no such manifest; these masks are not of `boxmask generate`, or not whole"
                            ) from None
    except UnicodeDecodeError as error:
        raise _damaged(path, repr(error)) from error
    except OSError as error:
        if not is_of_the_file(error):
            raise
        raise _damaged(path, f"it cannot be read: {error.strerror}") from error


def _require_format(record: Mapping[str, Any], path: Path) -> None:
    if record["format"] != FORMAT:
        raise ManifestError(f"{path}: a manifest of format {record['format']}, and this boxmask reads format {FORMAT}; "
                            "update boxmask")


def _damaged(path: Path, problem: str) -> ManifestError:
    return ManifestError(f"{path}: the manifest is damaged ({problem}); make the sequence again with `boxmask verify "
                         "--repair`")
