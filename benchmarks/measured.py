"""The rows of the quality benchmark as numbers and as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from boxmask.evaluate.report import Interval, Report
from boxmask.evaluate.table import align

J, F, J_AND_F = "J mean", "F mean", "J&F"


@dataclass(frozen=True)
class Measured:
    """A row: its scores, what they are more than those of the row `base`, where both may lie, and what it took.

    cost: as of `variants.make`, empty if that is not known.
    """

    base: str
    report: Report
    interval: Interval
    gain: Report
    gain_interval: Interval
    cost: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {**self.report.to_json(self.interval), "cost": dict(self.cost),
                f"more_than_{self.base}": self.gain.to_json(self.gain_interval)}


def compare(reports: Mapping[str, Report], costs: Mapping[str, Mapping[str, Any]], base: str, *, draws: int,
            seed: int) -> dict[str, Measured]:
    """All rows, by name; the reports are of the same sequences. draws, seed: of the bootstrap."""
    rows = {}
    for name, report in reports.items():
        gain = difference(report, reports[base])
        rows[name] = Measured(base, report, report.interval(draws=draws, seed=seed), gain,
                              gain.interval(draws=draws, seed=seed), costs.get(name, {}))
    return rows


def difference(report: Report, base: Report) -> Report:
    """The scores of each object less those of another report of the same objects."""
    return Report(report.columns, tuple(replace(row, totals=row.totals - other.totals)
                                        for row, other in zip(report.rows, base.rows, strict=True)))


def format_table(rows: Mapping[str, Measured]) -> str:
    """A line per row: J and where it may lie, how much more that is than the base's, F, J&F, time and memory."""
    first = next(iter(rows.values()))
    lines = [("", "J", "95 %", f"J - {first.base}'s", "95 %", "F", "J&F", "s/frame", "MB")]
    for name, row in rows.items():
        more = ("", "") if name == row.base else (f"{row.gain.score(J):+.3f}", _range(row.gain, row.gain_interval, "+"))
        lines.append((name, f"{row.report.score(J):.3f}", _range(row.report, row.interval, ""), *more,
                      f"{row.report.score(F):.3f}", f"{row.report.score(J_AND_F):.3f}",
                      _said(row.cost.get("seconds"), ".3f"), _said(row.cost.get("memory"), ".0f", 1e6)))
    return "\n".join([align(lines), f"95 %: percentiles of {first.interval.draws} bootstrap draws of sequences, seed "
                                    f"{first.interval.seed}; of a difference, of those in the drawn sequences"])


def to_csv(rows: Mapping[str, Measured]) -> str:
    """A line per row, sequence and object."""
    header = next(iter(rows.values())).report.to_csv().splitlines()[0]
    lines = [f"{name},{line}" for name, row in rows.items() for line in row.report.to_csv().splitlines()[1:]]
    return "\n".join([f"row,{header}", *lines]) + "\n"


def _range(report: Report, interval: Interval, sign: str) -> str:
    column = report.columns.index(J)
    low, high = interval.low[column], interval.high[column]
    return "-" if math.isnan(low) else f"{low:{sign}.3f} {high:{sign}.3f}"


def _said(value: float | None, digits: str, unit: float = 1) -> str:
    return "-" if value is None or math.isnan(value) else f"{value / unit:{digits}}"
