"""Scores of runs with several seeds on the same sequences, their differences, and how sure those are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from boxmask.evaluate.report import Report
from boxmask.evaluate.statistics import PERCENTILES
from boxmask.evaluate.table import align

COLUMN = "J&F"
DRAWS = 10_000



@dataclass
class Scores:
    """masks: of the generated masks. reports: by run and by what the tracker was started by, one per seed."""

    masks: Report
    reports: dict[tuple[str, str], list[Report]] = field(default_factory=dict)

    def add(self, run: str, start: str, report: Report) -> None:
        self.reports.setdefault((run, start), []).append(report)

    def table(self, run: str, start: str, column: str = COLUMN) -> np.ndarray:
        """(seeds, sequences)"""
        reports = self.reports[run, start]
        where = reports[0].columns.index(column)
        return np.array([[row.scores[where] for row in report.sequences] for report in reports])

    @property
    def sequences(self) -> list[str]:
        return [row.sequence for row in next(iter(self.reports.values()))[0].sequences]

    def to_json(self) -> dict:
        """Everything that was measured: of every run, start and seed the report."""
        return {"masks": self.masks.to_json(),
                "runs": {f"{run}, started by a {start}": [report.to_json() for report in reports]
                         for (run, start), reports in self.reports.items()}}


class Bootstrap:
    """Means of runs over sequences and seeds, drawn anew with replacement: the sequences are the same for all runs,
    the seeds are not."""

    def __init__(self, scores: Scores, *, draws: int = DRAWS, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        count = len(scores.sequences)
        sequences = rng.multinomial(count, np.full(count, 1 / count), size=draws) / count
        self._means = {}
        for key in scores.reports:
            table = scores.table(*key)
            seeds = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=draws) / len(table)
            self._means[key] = np.einsum("ds,sq,dq->d", seeds, table, sequences)

    def mean(self, run: str, start: str) -> np.ndarray:
        """(draws,)"""
        return self._means[run, start]


def format_scores(scores: Scores) -> str:
    """The tables as text for the terminal."""
    bootstrap = Bootstrap(scores)
    parts = [f"Generated masks: J {scores.masks.score('J mean'):.3f}, F {scores.masks.score('F mean'):.3f}, on "
             f"{len(scores.masks.sequences)} sequences",
             align(_seed_rows(scores, bootstrap)), align(_sequence_rows(scores)),
             align([("difference", COLUMN, _INTERVAL), *_difference_rows(scores, bootstrap)]),
             *_recovered(scores, bootstrap),
             f"[ ]: {PERCENTILES[0]} % and {PERCENTILES[1]} % of {DRAWS} bootstrap draws of sequences and seeds"]
    return "\n\n".join(parts)


_INTERVAL = "95 %"


def _seed_rows(scores: Scores, bootstrap: Bootstrap) -> list[tuple[str, ...]]:
    seeds = max(map(len, scores.reports.values()))
    rows = [(COLUMN, *(f"run {number}" for number in range(1, seeds + 1)), "mean", _INTERVAL)]
    for run, start in scores.reports:
        means = scores.table(run, start).mean(axis=1)
        rows.append((f"{run}, from a {start}", *(f"{mean:.3f}" for mean in means), *[""] * (seeds - len(means)),
                     f"{means.mean():.3f}", _interval(bootstrap.mean(run, start))))
    return rows


def _sequence_rows(scores: Scores) -> list[tuple[str, ...]]:
    tables = [scores.table(*key).mean(axis=0) for key in scores.reports]
    return [(COLUMN, *(f"{run}, {start}" for run, start in scores.reports)),
            *((name, *(f"{table[place]:.3f}" for table in tables)) for place, name in enumerate(scores.sequences))]


def _difference_rows(scores: Scores, bootstrap: Bootstrap) -> list[tuple[str, str, str]]:
    starts = dict.fromkeys(start for _, start in scores.reports)
    runs = list(dict.fromkeys(run for run, _ in scores.reports))
    pairs = [((one, start), (other, start)) for start in starts for one, other in _compared(runs)]
    pairs += [((run, "box"), (run, "mask")) for run in runs]
    rows = []
    for one, other in pairs:
        if one in scores.reports and other in scores.reports:
            names = (f"{one[0]} - {other[0]}, from a {one[1]}" if one[1] == other[1]
                     else f"{one[0]}, from a {one[1]} - from a {other[1]}")
            difference = scores.table(*one).mean() - scores.table(*other).mean()
            rows.append((names, f"{difference:+.3f}", _interval(bootstrap.mean(*one) - bootstrap.mean(*other))))
    return rows


def _compared(runs: list[str]) -> list[tuple[str, str]]:
    """C with A and B with A; an option of B with B."""
    return [(run, run.partition("-")[0] if "-" in run else "A") for run in runs if run != "A"]


def _recovered(scores: Scores, bootstrap: Bootstrap) -> list[str]:
    """The share of the way from A to C that B has gone."""
    lines = []
    for start in dict.fromkeys(start for _, start in scores.reports):
        keys = [(run, start) for run in "ABC"]
        if not all(key in scores.reports for key in keys):
            continue
        a, b, c = (scores.table(*key).mean() for key in keys)
        draws = [bootstrap.mean(*key) for key in keys]
        gap = draws[2] - draws[0]
        if np.percentile(gap, PERCENTILES[0]) > 0:
            text = f"{(b - a) / (c - a):.0%} {_interval((draws[1] - draws[0]) / gap, '.0%')}"
        else:
            text = (f"{(b - a) / (c - a):.0%}, no more than a hint: " if c > a else "") + \
                f"C is above A in {np.mean(gap > 0):.0%} of the draws alone"
        lines.append(f"Recovered by B, from a {start}: (B - A) / (C - A) = {text}")
    return lines


def _interval(draws: np.ndarray, form: str = ".3f") -> str:
    low, high = np.percentile(draws, PERCENTILES)
    return f"[{low:{form}}, {high:{form}}]"
