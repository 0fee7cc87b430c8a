"""Reading annotation files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

_SEPARATORS = re.compile(r"[,\s]+")


def load_text(path: str | Path) -> np.ndarray:
    """The numbers of a text file as (lines, numbers) float64.

    Commas, tabs and blanks separate; empty lines are passed over. Raises FileNotFoundError, or ValueError with file and
    line for what is no number and for lines of different length.
    """
    path = Path(path)
    rows: list[list[float]] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        fields = [field for field in _SEPARATORS.split(line) if field]
        if not fields:
            continue
        try:
            rows.append([float(field) for field in fields])
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {line!r} is not a row of numbers") from error
        if len(rows[-1]) != len(rows[0]):
            raise ValueError(f"{path}, line {number}: {len(rows[-1])} numbers, and {len(rows[0])} in lines before it")
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1)
