"""The files of results: boxes, times, presence scores, masks.

The boxes are written last: a sequence counts as done when they are there, so one that was cut short is run again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ltr.data.image_loader import imwrite_indexed
from pytracking.evaluation.data import Sequence
from pytracking.evaluation.tracker import Tracker


def results_exist(seq: Sequence, tracker: Tracker) -> bool:
    """Whether the boxes of a sequence have been written, for every object."""
    return all(path.is_file() for path in _box_files(seq, tracker))


def save_results(seq: Sequence, tracker: Tracker, output: Mapping[str, list[Any]]) -> None:
    """Writes the output of `Tracker.run_sequence`.

    `<results_dir>/<seq>[_<id>].txt` (x, y, w, h; tabs, whole pixels), `..._time.txt` (seconds),
    `..._object_presence_scores.txt`, and `<segmentation_dir>/<seq>/<frame>.png` (palette PNG of object ids).
    """
    os.makedirs(tracker.results_dir, exist_ok=True)
    if "segmentation" in output:
        _save_masks(seq, Path(tracker.segmentation_dir, seq.name), output["segmentation"])
    _save_columns(seq, tracker, output["time"], "_time", "%f")
    _save_columns(seq, tracker, output.get("object_presence_score", []), "_object_presence_scores", "%f")
    boxes = output["target_bbox"]
    for number, box in enumerate(boxes):
        rows = list(box.values()) if isinstance(box, Mapping) else [box]
        if not np.isfinite(np.asarray(rows, dtype=float)).all():
            raise ValueError(f"{seq.dataset} {seq.name}, frame {number}: the tracker returned the box {box}")
    _save_columns(seq, tracker, boxes, "", "%d")


def _box_files(seq: Sequence, tracker: Tracker) -> list[Path]:
    names = [f"{seq.name}_{number}" for number in seq.object_ids] if seq.multiobj_mode else [seq.name]
    return [Path(tracker.results_dir, f"{name}.txt") for name in names]


def _save_columns(seq: Sequence, tracker: Tracker, values: list[Any], suffix: str, number_format: str) -> None:
    """One file, or one for each object id where the values are dicts; an object's file starts where the object does."""
    columns: dict[str, list[Any]] = {}
    for value in values:
        for name, one in value.items() if isinstance(value, Mapping) else [(None, value)]:
            columns.setdefault(seq.name if name is None else f"{seq.name}_{name}", []).append(one)
    for name, rows in columns.items():
        array = np.asarray(rows, dtype=float)
        array = array.astype(int) if number_format == "%d" else array
        path = Path(tracker.results_dir, f"{name}{suffix}.txt")
        partial = path.with_name(f".{path.name}.partial")
        np.savetxt(partial, array, delimiter="\t", fmt=number_format)
        os.replace(partial, path)


def _save_masks(seq: Sequence, folder: Path, masks: list[np.ndarray]) -> None:
    """Writes the masks into a folder that gets its name once it is whole."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for frame, mask in zip(seq.frames, masks, strict=True):
        imwrite_indexed(partial / f"{Path(frame).stem}.png", np.asarray(mask))
    if folder.exists():
        shutil.rmtree(folder)
    os.replace(partial, folder)
