"""Text files of boxes and flags, one line per frame. What is wrong in a line is a fault of its frame alone."""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Sequence as Values
from pathlib import Path

import numpy as np

from boxmask.readers.sequence import DatasetError, Frames, Sequence, Sight, shorten

# One object in one frame: its box (4,) float xywh; None, it is absent; or a reason why what is known of it is wrong.
Entry = np.ndarray | None | str

NO_LINE = "no box line"
# GOT-10k writes it on some frames without the target, and a box of no width or height on others.
ABSENT_BOX = (-1.0, -1.0, -1.0, -1.0)
# No image that OpenCV reads is wider; whole-pixel arithmetic far beyond it would overflow.
_LARGEST = 2.0 ** 20
# ASCII digits alone: Python's own float() takes 1_000 too.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:nan|inf)", re.IGNORECASE)
# Names of four columns or more.
_HEADING = re.compile(r"#?\s*[^\W\d]\w*(?:[\s,;]+[^\W\d]\w*){3,}")
_LONGEST_LINE = 1000
_LARGEST_FILE = 64 * 2 ** 20
# Lines: of one frame each, those of five hours. A small file of millions would take minutes and gigabytes.
_MOST_LINES = 2 ** 20
_log = logging.getLogger(__name__)


def judge(box: Values[float]) -> Entry:
    """What the four numbers xywh of an annotation say: the box (4,), None where the object is absent, or a fault.

    >>> [judge(box) for box in ([-1, -1, -1, -1], [5, 5, 0, 3], [1, 1, -1, -1])]
    [None, None, 'negative width or height']
    >>> judge([5, 5, 8, 3]).tolist()
    [5.0, 5.0, 8.0, 3.0]
    """
    if tuple(box) == ABSENT_BOX:
        return None
    if not np.isfinite(box).all():
        return "not four finite numbers"
    if box[2] < 0 or box[3] < 0:
        return "negative width or height"
    if box[2] == 0 or box[3] == 0:
        return None
    if np.abs(box).max() > _LARGEST:
        return "a number beyond any image"
    return np.array(box, dtype=float)


def read_boxes(path: Path, *, dataset: str, sequence: str,
               to_box: Callable[[list[float]], Values[float] | None] | None = None) -> list[Entry]:
    """The lines of a file of boxes `x,y,w,h`, separated by comma, semicolon, tab or space; one entry per line.

    to_box: takes the numbers of a line to xywh, or to None for another count of them; by default a line has four.
    Raises `DatasetError` for a file that is not there, is empty, has no line of numbers at all, or begins with a
    heading: all its boxes would be another frame's.
    """
    lines = read_lines(path, "one box x,y,w,h per frame", dataset=dataset, sequence=sequence)
    if not lines:
        raise DatasetError("the file is empty; expected one box x,y,w,h per frame", dataset=dataset,
                           sequence=sequence, file=path)
    numbers = [parse_numbers(line) for line in lines]
    boxes = [None if found is None else (to_box or _four)(found) for found in numbers]
    if all(box is None for box in boxes):
        raise DatasetError(f"none of its lines is a box x,y,w,h; the first is {shorten(lines[0])}", dataset=dataset,
                           sequence=sequence, file=path)
    if boxes[0] is None and _HEADING.fullmatch(lines[0]):
        raise DatasetError(f"it begins with a heading, {shorten(lines[0])}; take that line out, as the first line is "
                           "the box of the first frame", dataset=dataset, sequence=sequence, file=path)
    return [f"{shorten(line)} is not a box of four numbers" if box is None else _judge_line(box, line)
            for box, line in zip(boxes, lines, strict=True)]


def fit(entries: list[Entry], length: int) -> list[Entry]:
    """The entries of the first `length` frames; those beyond the last line have none."""
    return entries[:length] + [NO_LINE] * (length - len(entries))


def hide(entries: list[Entry], absent: Iterable[bool]) -> list[Entry]:
    """The entries, None where a flag says that the object is not to be seen, whatever its box is."""
    return [None if hidden else entry for entry, hidden in zip(entries, absent, strict=True)]


def read_flags(path: Path, length: int, *, dataset: str, sequence: str) -> np.ndarray:
    """A file of one number per frame, in lines (GOT-10k) or one comma-separated line (LaSOT): (length,) float.

    NaN where there is no number, of which a warning tells: there the box alone counts. All NaN without the file.
    """
    flags = np.full(length, np.nan)
    if not path.is_file():
        return flags
    lines = read_lines(path, "one flag per frame", dataset=dataset, sequence=sequence, longest=None)
    fields = re.split(r"[,\s]+", lines[0].strip(", \t"), maxsplit=_MOST_LINES) if len(lines) == 1 else lines
    found = [parse_numbers(field) for field in fields[:length]]
    flags[:len(found)] = [numbers[0] if numbers is not None and len(numbers) == 1 else np.nan for numbers in found]
    if len(fields) != length or np.isnan(flags).any():
        _log.warning("%s, sequence %s, %s: %d flags for %d frames, %d of them no numbers; frames without one are "
                     "judged by the box alone", dataset, sequence, path, len(fields), length,
                     int(np.isnan(flags[:len(found)]).sum()))
    return flags


def parse_numbers(line: str) -> list[float] | None:
    """The numbers of a line, or None if anything else is in it. A line keeps to one separator.

    >>> parse_numbers("613, 731, 247, -11")
    [613.0, 731.0, 247.0, -11.0]
    >>> parse_numbers("none")
    """
    if len(line) > _LONGEST_LINE:
        return None
    line = line.rstrip(",; \t")
    separator = next((mark for mark in ",;" if mark in line), None)
    fields = [field.strip() for field in line.split(separator)]
    return [float(field) for field in fields] if all(map(_NUMBER.fullmatch, fields)) and fields else None


def read_lines(path: Path, expected: str, *, dataset: str, sequence: str | None = None,
               longest: int | None = _LONGEST_LINE) -> list[str]:
    """The lines of a text file, stripped, without the blank ones at its end. What is no text in it is replaced.

    expected: what the file should hold, for the `DatasetError` about one that cannot be read. Lines are cut at
    `longest` characters and one.
    """
    place = {"dataset": dataset, "sequence": sequence, "file": path}
    if not path.is_file():
        problem = "this is no file" if path.exists() else "no such file"
        raise DatasetError(f"{problem}; it should hold {expected}", **place)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise DatasetError(f"the file is larger than {_LARGEST_FILE >> 20} MiB; it should hold {expected}", **place)
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"the file cannot be read ({error.strerror})", **place) from error
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # what PowerShell's > writes
    text = data.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    # Not splitlines(): it also ends lines at characters that belong into a damaged line.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > _MOST_LINES:
        raise DatasetError(f"the file has more than {_MOST_LINES} lines; it should hold {expected}", **place)
    lines = [line.strip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines if longest is None else [line[:longest + 1] for line in lines]


def make_sequence(dataset: str, name: str, frames: Frames, objects: Mapping[int, list[Entry]]) -> Sequence:
    """The sequence of T frames whose objects, by id, have one entry per frame."""
    shape = (len(frames.names), len(objects))
    boxes = np.full((*shape, 4), np.nan)
    sight = np.full(shape, Sight.ABSENT, dtype=np.int8)
    reasons = {}
    for column, entries in enumerate(objects.values()):
        for frame, entry in enumerate(entries):
            if isinstance(entry, str):
                sight[frame, column] = Sight.INVALID
                reasons[frame, column] = entry
            elif entry is not None:
                sight[frame, column] = Sight.VISIBLE
                boxes[frame, column] = entry
    return Sequence(dataset, name, frames, boxes, sight, tuple(objects), reasons)


def _four(numbers: list[float]) -> list[float] | None:
    return numbers if len(numbers) == 4 else None


def _judge_line(box: Values[float], line: str) -> Entry:
    entry = judge(box)
    return f"{shorten(line)}: {entry}" if isinstance(entry, str) else entry
