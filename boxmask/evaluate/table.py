"""Scores as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from boxmask.evaluate.report import Interval, Report
from boxmask.evaluate.statistics import PERCENTILES


def format_report(report: Report, interval: Interval | None = None) -> str:
    """One line per sequence, the scores over all, and where they may lie."""
    rows = [(row.sequence, str(row.frames), *_numbers(row.scores)) for row in report.sequences]
    rows.append(("all", str(report.frames), *_numbers(report.scores)))
    lines = []
    if interval is not None and len(report.measured) > 1:
        rows += [(f"{percentile} %", "", *_numbers(scores))
                 for percentile, scores in zip(PERCENTILES, (interval.low, interval.high), strict=True)]
        lines = [f"{PERCENTILES[0]} % and {PERCENTILES[1]} %: of `all`, percentiles of {interval.draws} bootstrap "
                 f"draws of the {len(report.measured)} sequences, seed {interval.seed}"]
    return "\n".join([align([("sequence", "frames", *report.columns), *rows]), *lines])


def format_comparison(reports: Mapping[str, Report], column: str = "J mean") -> str:
    """One score per sequence, one column per method. All reports are of the same sequences."""
    where = next(iter(reports.values())).columns.index(column)
    rows = [(column, *reports)]
    for of_one_sequence in zip(*(report.sequences for report in reports.values()), strict=True):
        rows.append((of_one_sequence[0].sequence, *_numbers(row.scores[where] for row in of_one_sequence)))
    rows.append(("all", *_numbers(report.scores[where] for report in reports.values())))
    return align(rows)


def _numbers(scores: Iterable[float]) -> list[str]:
    return ["-" if np.isnan(score) else f"{score:.3f}" for score in scores]


def align(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell: the first to the left, the others to the right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join("  ".join([f"{first:{widths[0]}}",
                                *(f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))])
                     for first, *cells in rows)
