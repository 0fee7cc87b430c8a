"""The scores of many sequences, whatever was measured, as numbers, CSV and JSON."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np

from boxmask.evaluate.statistics import PERCENTILES, bootstrap, ratio


@dataclass(frozen=True, eq=False)
class Row:
    """What one object of a sequence gives to M scores, each of which is a sum of totals over a sum of weights.

    frames: of the sequence that count. totals, weights: (M,) float.
    """

    sequence: str
    object_id: int
    frames: int
    totals: np.ndarray
    weights: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        """Of this object: (M,), NaN where nothing counts."""
        return ratio(self.totals, self.weights)

    @property
    def is_measured(self) -> bool:
        """Whether anything counts."""
        return bool(np.any(self.weights))


@dataclass(frozen=True)
class Interval:
    """Where the scores over all sequences may lie: low and high (M,), from so many bootstrap draws."""

    low: np.ndarray
    high: np.ndarray
    draws: int
    seed: int


@dataclass(frozen=True, eq=False)
class Report:
    """columns: the names of the M scores; rows: one per object, those of a sequence side by side."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @cached_property
    def sequences(self) -> tuple[Row, ...]:
        """One row per sequence, its objects put together; `object_id` is that of the first."""
        merged = []
        for name, group in groupby(self.rows, key=lambda row: row.sequence):
            objects = list(group)
            merged.append(Row(name, objects[0].object_id, max(row.frames for row in objects),
                              sum(row.totals for row in objects), sum(row.weights for row in objects)))
        return tuple(merged)

    @property
    def measured(self) -> tuple[Row, ...]:
        """Those of the sequences that have a score."""
        return tuple(row for row in self.sequences if row.is_measured)

    @property
    def frames(self) -> int:
        """Frames of all sequences, each counted once."""
        return sum(row.frames for row in self.sequences)

    @cached_property
    def scores(self) -> np.ndarray:
        """Over all sequences: (M,)."""
        return ratio(sum(row.totals for row in self.rows), sum(row.weights for row in self.rows))

    def score(self, column: str) -> float:
        """One of them, by the column's name."""
        return float(self.scores[self.columns.index(column)])

    def interval(self, *, draws: int, seed: int) -> Interval:
        """Percentile bootstrap over the sequences that have a score: 95 % of the draws lie in it."""
        low, high = bootstrap(np.stack([row.totals for row in self.measured]),
                              np.stack([row.weights for row in self.measured]), draws=draws, seed=seed)
        return Interval(low, high, draws, seed)

    def to_csv(self) -> str:
        """One line per object."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["sequence", "object", "frames", *self._keys])
        for row in self.rows:
            writer.writerow([row.sequence, row.object_id, row.frames,
                             *("" if np.isnan(score) else f"{score:.6f}" for score in row.scores)])
        return text.getvalue()

    def to_json(self, interval: Interval | None = None) -> dict:
        """What `boxmask evaluate --json` writes; null where there is no score."""
        result = self._named(self.scores)
        if interval is not None:
            low, high = self._named(interval.low), self._named(interval.high)
            result["intervals"] = {"percentiles": list(PERCENTILES), "draws": interval.draws, "seed": interval.seed,
                                   **{key: [low[key], high[key]] for key in self._keys}}
        result["sequences"] = {row.sequence: {**self._of(row), "objects": {}} for row in self.sequences}
        for row in self.rows:
            result["sequences"][row.sequence]["objects"][str(row.object_id)] = self._of(row)
        return result

    def _of(self, row: Row) -> dict:
        return {**self._named(row.scores), "frames": row.frames}

    @property
    def _keys(self) -> list[str]:
        return [column.replace(" ", "_") for column in self.columns]

    def _named(self, scores: np.ndarray) -> dict:
        return {key: None if np.isnan(score) else float(score)
                for key, score in zip(self._keys, scores, strict=True)}
