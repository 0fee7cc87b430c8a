"""The quality of a folder of masks: summed per sequence and over all, the worst sequences first."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from boxmask.generate import manifest
from boxmask.generate.ledger import names_there
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.quality import FILE_NAME, QualityError, Row, read_csv
from boxmask.generate.settings import read_record
from boxmask.terminal import Progress

# Scores below which the share of the masks is told, to choose --min-quality by.
LEVELS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_SHOWN = {"score": "score", "worst": "worst", "box_fit": "box fit", "area_ratio": "area", "stage_agreement": "stages",
          "neighbour_agreement": "neighbours", "fragments": "parts"}
_SIGNS = [name for name in _SHOWN if name != "worst"]


@dataclass(frozen=True)
class SequenceSummary:
    """Means over the masks of one sequence, and its lowest score; NaN without masks, and for a sign that none has."""

    sequence: str
    frames: int
    ok: int
    masks: int
    score: float
    worst: float
    box_fit: float
    area_ratio: float
    stage_agreement: float
    neighbour_agreement: float
    fragments: float


@dataclass(frozen=True)
class QualitySummary:
    """sequences: the worst first; total: over all masks; below: score -> share of the masks with a lower one."""

    sequences: tuple[SequenceSummary, ...]
    total: SequenceSummary
    below: dict[float, float]

    def to_json(self) -> dict:
        """What `boxmask quality --json` writes; null for NaN."""
        return {"all": _without_nan(self.total), "below": {str(level): share for level, share in self.below.items()},
                "sequences": [_without_nan(summary) for summary in self.sequences]}

    def to_csv(self) -> str:
        """One line per sequence, the worst first."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([field.name for field in fields(SequenceSummary)])
        for summary in self.sequences:
            writer.writerow(["" if value is None else value for value in _without_nan(summary).values()])
        return text.getvalue()


def summarise(out: Path, *, progress: Progress = iter) -> QualitySummary:
    """The quality of all sequences in an output folder of `boxmask generate`.

    Raises `QualityError` or `ManifestError` where it is none, or a file of it is missing or damaged.
    """
    folder = OutFolder(out)
    names = names_there(folder, read_record(folder))
    if not names:
        raise QualityError(f"{out}: no sequences in it; expected the folder that was the --out of `boxmask generate`")
    summaries, known, scores = [], [], [np.zeros(0)]
    for name in progress(names):
        counts = manifest.read_header(out / name).counts
        rows = read_csv(out / name / FILE_NAME)
        summaries.append(sum_up(name, sum(counts.values()), counts.get(Outcome.OK, 0), rows))
        known.append(Counter(sign for row in rows for sign in _SIGNS if not math.isnan(getattr(row, sign))))
        scores.append(np.array([row.score for row in rows]))
    # A sequence without masks has no score, and comes last.
    ordered = sorted(summaries, key=lambda one: (math.isnan(one.score), one.score, one.sequence))
    found = np.concatenate(scores)
    below = {level: float((found < level).mean()) if len(found) else 0.0 for level in LEVELS}
    return QualitySummary(tuple(ordered), _total(summaries, known), below)


def format_quality(summary: QualitySummary, limit: int) -> str:
    """A table of the `limit` worst sequences and all together, and what each --min-quality would leave out."""
    shown = [*summary.sequences[:limit], summary.total]
    width = max(len("sequence"), *(len(one.sequence) for one in shown))
    lines = ["  ".join([f"{'sequence':{width}}", "frames", " masks", *(f"{text:>6}" for text in _SHOWN.values())])]
    for one in shown:
        values = asdict(one)
        cells = [f"{_cell(values[name]):>{max(6, len(text))}}" for name, text in _SHOWN.items()]
        lines.append("  ".join([f"{one.sequence:{width}}", f"{one.frames:6d}", f"{one.masks:6d}", *cells]))
    more = len(summary.sequences) - limit
    if more > 0:
        lines.insert(-1, f"... and {more} better ones")
    shares = ", ".join(f"{100 * share:.1f} % below {level}" for level, share in summary.below.items())
    return "\n".join([*lines, f"masks: {shares}"])


def sum_up(name: str, frames: int, ok: int, rows: list[Row]) -> SequenceSummary:
    """The means over the masks of a sequence of `frames` frames, `ok` of which have masks."""
    signs = {sign: _mean([getattr(row, sign) for row in rows]) for sign in _SIGNS}
    worst = min((row.score for row in rows), default=math.nan)
    return SequenceSummary(sequence=name, frames=frames, ok=ok, masks=len(rows), worst=worst, **signs)


def _total(summaries: list[SequenceSummary], known: list[Counter[str]]) -> SequenceSummary:
    """All masks count the same, however long their sequences are. known: of each, how many of its masks have a sign."""
    signs = {sign: _mean([getattr(one, sign) for one in summaries], [counts[sign] for counts in known])
             for sign in _SIGNS}
    worst = min((one.worst for one in summaries if not math.isnan(one.worst)), default=math.nan)
    counted = {name: sum(getattr(one, name) for one in summaries) for name in ("frames", "ok", "masks")}
    return SequenceSummary(sequence="all", worst=worst, **counted, **signs)


def _mean(values: Iterable[float], weights: Iterable[int] | None = None) -> float:
    """The mean of what is not NaN; NaN if nothing is left."""
    numbers = np.array(list(values), dtype=float)
    counts = np.ones(len(numbers)) if weights is None else np.array(list(weights), dtype=float)
    known = ~np.isnan(numbers)
    return float(np.average(numbers[known], weights=counts[known])) if counts[known].sum() else math.nan


def _without_nan(summary: SequenceSummary) -> dict:
    return {name: None if value != value else round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(summary).items()}


def _cell(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
