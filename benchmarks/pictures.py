"""Pictures of the quality benchmark: J by what is changed, and the masks of the best and the worst sequences."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measured import J, Measured
from benchmarks.variants import WHOLE, Variant
from boxmask import masks
from boxmask.evaluate.folders import COLUMNS, PNG_FILES, measure_sequence, with_ids
from boxmask.evaluate.report import Interval, Report
from boxmask.readers.davis import ANNOTATIONS
from boxmask.readers.sequence import Dataset
from boxmask.report import overlay

_FRAMES = 6
_log = logging.getLogger(__name__)


def plot(path: Path, chosen: Sequence[Variant], rows: Mapping[str, Measured]) -> Iterator[Path]:
    """Draws J of all rows, and over frames, jitter and search factor what it is more than the base's."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        _log.warning("no plot, as matplotlib is not installed: pip install matplotlib")
        return
    off = [(100 * variant.jitter, variant.name) for variant in chosen if variant.jitter]
    curves = {"frames solved together": [(variant.window, variant.name) for variant in chosen
                                         if variant.group == "frames"],
              "box sides off by (% of the side)": [(0.0, WHOLE), *off] if off and WHOLE in rows else off,
              "search factor": [(variant.search_factor, variant.name) for variant in chosen
                                if variant.search_factor is not None]}
    curves = {title: points for title, points in curves.items() if len(points) > 1}
    figure = Figure(figsize=(5 + 3.2 * len(curves), 1.5 + 0.3 * max(len(rows), 9)), layout="constrained")
    FigureCanvasAgg(figure)
    bars, *axes = figure.subplots(1, 1 + len(curves), squeeze=False, width_ratios=[5] + [3.2] * len(curves))[0]
    _draw_rows(bars, rows)
    for axis, (title, points) in zip(axes, curves.items(), strict=True):
        measured = [rows[name] for _, name in points]
        values = np.array([row.gain.score(J) for row in measured])
        axis.errorbar([x for x, _ in points], values, _beside(values, [row.gain_interval for row in measured]),
                      marker="o", capsize=3)
        axis.set(xlabel=title, ylabel=f"J - {measured[0].base}'s")
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    yield path


def _draw_rows(axis: Any, rows: Mapping[str, Measured]) -> None:
    column = next(iter(rows.values())).report.columns.index(J)
    for place, row in enumerate(rows.values()):
        score = row.report.score(J)
        axis.barh(place, score, xerr=_beside(np.array([score]), [row.interval]), capsize=3, color="#b7cbe3")
        axis.plot([each.scores[column] for each in row.report.sequences], [place] * len(row.report.sequences), ".",
                  color="#333333", markersize=4)
        axis.text(0.01, place, f"{score:.3f}", va="center", fontsize=8)
    axis.set(yticks=range(len(rows)), yticklabels=list(rows), xlabel="J (dots: sequences)", xlim=(0, 1))
    axis.invert_yaxis()


def _beside(values: np.ndarray, intervals: Sequence[Interval]) -> np.ndarray:
    """How far the intervals of J reach below and above the values (N,): (2, N), 0 where there is no interval."""
    column = COLUMNS.index(J)
    ends = np.array([[getattr(interval, end)[column] for interval in intervals] for end in ("low", "high")])
    return np.nan_to_num(np.abs(ends - values))


def best_and_worst(out: Path, dataset: Dataset, root: Path, row: str, report: Report, *, count: int) -> Iterator[Path]:
    """Draws frames of the sequences with the highest and the lowest J, masks on the left, true ones on the right."""
    column = report.columns.index(J)
    names = [each.sequence for each in sorted(report.sequences, key=lambda each: -each.scores[column])]
    best = names[:min(count, (len(names) + 1) // 2)]
    worst = names[::-1][:min(count, len(names) - len(best))]
    for kind, found in (("best", best), ("worst", worst)):
        for place, name in enumerate(found, start=1):
            path = out / f"{kind}{place}_{name}.png"
            overlay.save(_sheet(dataset, name, out / "masks" / row / name, root / ANNOTATIONS / name), path)
            yield path


def _sheet(dataset: Dataset, name: str, found: Path, truth: Path) -> np.ndarray:
    sequence = dataset.read(name)
    files = sorted(truth.glob(PNG_FILES))
    _, regions, _ = measure_sequence(name, found, truth)
    pictures, labels = [], []
    for index in overlay.spread(len(files), _FRAMES):
        frame = sequence.frames.names.index(files[index].stem)
        box = sequence.boxes[frame, 0] if np.isfinite(sequence.boxes[frame, 0]).all() else None
        image = sequence.frames.load(frame)
        for mask, label in ((masks.read(found / files[index].name), f"J {regions[:, index].mean():.3f}"),
                            (with_ids(masks.read(files[index]), [1]), "truth")):
            pictures.append(overlay.draw(image, mask, box))
            labels.append(f"{name} {files[index].stem}   {label}")
    return overlay.contact_sheet(pictures, labels)
