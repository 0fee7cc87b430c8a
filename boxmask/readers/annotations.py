"""Text files with one line per frame: boxes and flags."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from boxmask.readers.sequence import DatasetError

_SEPARATOR = re.compile(r"\s*,\s*|\s+")
# GOT-10k writes it on some frames without the target, and a box of no width or height on others.
_ABSENT_BOX = (-1.0, -1.0, -1.0, -1.0)


def read_boxes(path: Path, stems: list[str], absent: np.ndarray | None = None, *, dataset: str,
               sequence: str) -> tuple[np.ndarray, np.ndarray]:
    """The boxes of a sequence: one `x,y,w,h` line per frame, separated by comma, space or tab.

    stems: the T frames. absent (T,) bool: frames whose flag says that the target is not there; their boxes are not
    looked at. Returns boxes (T, 4) float, NaN where absent, and present (T,) bool. A box of no width or height, and
    -1,-1,-1,-1, mean an absent target. Raises `DatasetError` for another number of lines, for what is not four
    finite numbers, and for a negative width or height.
    """
    lines = _read_lines(path, len(stems), "box", dataset=dataset, sequence=sequence)
    boxes = np.full((len(stems), 4), np.nan)
    present = np.zeros(len(stems), dtype=bool)
    for index, (stem, line) in enumerate(zip(stems, lines, strict=True)):
        if absent is not None and absent[index]:
            continue
        try:
            box = _parse_box(line)
        except ValueError as error:
            raise DatasetError(f"line {index + 1}, {line!r}: {error}; correct it, or write 0,0,0,0 if the target is "
                               "not in this frame", dataset=dataset, sequence=sequence, frame=stem,
                               file=path) from error
        if box is not None:
            boxes[index] = box
            present[index] = True
    return boxes, present


def read_flags(path: Path, stems: list[str], *, dataset: str, sequence: str) -> np.ndarray:
    """A file with one integer per frame, such as GOT-10k's `absence.label`: (T,) int."""
    lines = _read_lines(path, len(stems), "flag", dataset=dataset, sequence=sequence)
    flags = np.zeros(len(stems), dtype=int)
    for index, (stem, line) in enumerate(zip(stems, lines, strict=True)):
        try:
            flags[index] = int(line)
        except ValueError:
            raise DatasetError(f"line {index + 1}: expected an integer, got {line!r}; correct it or remove the file",
                               dataset=dataset, sequence=sequence, frame=stem, file=path) from None
    return flags


def _parse_box(line: str) -> list[float] | None:
    fields = _SEPARATOR.split(line)
    if len(fields) != 4:
        raise ValueError(f"expected the four numbers x,y,w,h, got {len(fields)} fields")
    try:
        box = [float(field) for field in fields]
    except ValueError:
        raise ValueError("expected the four numbers x,y,w,h") from None
    if not np.isfinite(box).all():
        raise ValueError("a box has four finite numbers")
    if tuple(box) == _ABSENT_BOX or box[2] == 0 or box[3] == 0:
        return None
    if box[2] < 0 or box[3] < 0:
        raise ValueError("the width or height of the box is negative")
    return box


def _read_lines(path: Path, expected: int, kind: str, *, dataset: str, sequence: str) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except FileNotFoundError:
        raise DatasetError(f"no such file; it should hold one {kind} per frame", dataset=dataset, sequence=sequence,
                           file=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"the file cannot be read as text ({error})", dataset=dataset, sequence=sequence,
                           file=path) from error
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) != expected:
        plural = "boxes" if kind == "box" else f"{kind}s"
        raise DatasetError(f"{len(lines)} {plural} for {expected} frames; expected one line per frame: restore the "
                           "missing frames or lines", dataset=dataset, sequence=sequence, file=path)
    return lines
