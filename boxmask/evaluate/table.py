"""Scores as text for the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from boxmask.evaluate.jaccard import Score


def format_score(score: Score) -> str:
    """One line per sequence, and the mean over all."""
    width = max(len("sequence"), *(len(result.name) for result in score.sequences))
    lines = [f"{'sequence':{width}}  frames  J mean  J recall"]
    lines += [f"{result.name:{width}}  {result.frames:6d}  {result.mean:6.3f}  {result.recall:8.3f}"
              for result in score.sequences]
    frames = sum(result.frames for result in score.sequences)
    return "\n".join([*lines, f"{'all':{width}}  {frames:6d}  {score.mean:6.3f}  {score.recall:8.3f}"])


def format_comparison(scores: Mapping[str, Score]) -> str:
    """J mean per sequence, one column per method. All scores are of the same sequences."""
    first = next(iter(scores.values()))
    names = [result.name for result in first.sequences]
    width = max(len("J mean"), *(len(name) for name in names))
    rows = [("J mean", [f"{method:>{_column(method)}}" for method in scores])]
    for index, name in enumerate(names):
        rows.append((name, [f"{score.sequences[index].mean:{_column(method)}.3f}" for method, score in scores.items()]))
    rows.append(("all", [f"{score.mean:{_column(method)}.3f}" for method, score in scores.items()]))
    return "\n".join("  ".join([f"{name:{width}}", *cells]) for name, cells in rows)


def _column(method: str) -> int:
    return max(len(method), 5)
