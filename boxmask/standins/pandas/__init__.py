"""Stand-in for pandas: the lists of numbers and names of GOT-10k, LaSOT and TrackingNet."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from boxmask_standin import refuse, refuser

__getattr__ = refuser("pandas")


@dataclass(frozen=True)
class Table:
    """What `read_csv` returns: `values` (rows, columns), or (rows,) after `squeeze`."""

    values: np.ndarray

    def squeeze(self, axis: str = "columns") -> Table:
        """A table of one column becomes one-dimensional; others stay as they are."""
        return Table(self.values[:, 0]) if axis == "columns" and self.values.shape[1] == 1 else self


def read_csv(path: str | os.PathLike[str], *, delimiter: str = ",", header: None = 0, dtype: object = None,
             na_filter: bool = True, low_memory: bool = True, squeeze: bool = False) -> Table:
    """The lines of a file without a header as a table: of numbers if `dtype` is given, else of whole or real numbers
    or strings, whichever fits.
    """
    if header is not None:
        refuse("pandas", "read_csv of a file with a header")
    with open(path, encoding="utf-8") as file:
        rows = [line.strip().split(delimiter) for line in file if line.strip()]
    if not rows:
        raise ValueError(f"{path} has no lines")
    words = np.array([[word.strip() for word in row] for row in rows])
    values = words.astype(dtype) if dtype is not None else _typed(words)
    return Table(values).squeeze() if squeeze else Table(values)


def _typed(words: np.ndarray) -> np.ndarray:
    for kind in (np.int64, np.float64):
        try:
            return words.astype(kind)
        except ValueError:
            continue
    return words.astype(object)
