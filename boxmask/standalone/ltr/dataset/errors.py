"""What is wrong with a dataset, in one line: dataset, sequence, frame and file, and what to do."""

from __future__ import annotations

from pathlib import Path


class DatasetError(ValueError):
    """A dataset's files are not what its layout says."""


class MissingDataError(FileNotFoundError, DatasetError):
    """A dataset's folder or file is not there, or no folder is configured."""


def where(dataset: str, sequence: str | None = None, frame: str | None = None, path: Path | str | None = None) -> str:
    """'DAVIS/2017/train: sequence bear, frame 00012 (/data/...)': the first part of every message."""
    parts = [f"sequence {sequence}"] if sequence is not None else []
    parts += [f"frame {frame}"] if frame is not None else []
    place = f"{dataset}: " + ", ".join(parts) if parts else dataset
    return place if path is None else f"{place} ({path})"


def some(names: list[str], count: int = 5) -> str:
    """The first names of a list and how many there are more: 'a, b and 7 more'."""
    more = len(names) - count
    return ", ".join(names[:count]) + (f" and {more} more" if more > 0 else "")
