"""The scores of a tracker's boxes, or of the tight boxes of masks, on a dataset with boxes."""

from __future__ import annotations

import logging
from collections.abc import Sequence as Names
from pathlib import Path

import numpy as np

from boxmask.evaluate.folders import EvaluationError
from boxmask.evaluate.report import Report, Row
from boxmask.evaluate.results import counted_frames, image_size, read_boxes, read_tight_boxes
from boxmask.evaluate.tracking_rules import GOT10K_COLUMNS, LASOT_COLUMNS, got10k_totals, lasot_totals
from boxmask.readers.sequence import Dataset, Sequence, Sight
from boxmask.terminal import Progress

COLUMNS = (*GOT10K_COLUMNS, *LASOT_COLUMNS)
_log = logging.getLogger(__name__)


def evaluate_tracking(dataset: Dataset, results: Path, sequences: Names[str] | None = None, *, are_masks: bool = False,
                      first: int | None = None, every: int = 1,
                      progress: Progress = iter) -> Report:
    """The scores by the rules of GOT-10k and by those of LaSOT, of all sequences or of the named ones.

    dataset: with every frame of its sequences. results: the folder of `<sequence>.txt` with a box per annotated frame,
    or, if `are_masks`, of `<sequence>/<frame>.png`. first, every: count `every`-th of the first `first` frames alone;
    files of boxes still have all. A sequence that never shows its target has a row without scores, and a warning tells.
    Raises `EvaluationError`, also where nothing is left to measure, and `DatasetError`.
    """
    if not results.is_dir():
        raise EvaluationError(f"{results}: no such folder; expected the results of {dataset.name}, "
                              + ("<sequence>/<frame>.png" if are_masks else "<sequence>.txt"))
    unknown = [name for name in sequences or () if name not in dataset.sequences]
    if unknown:
        raise EvaluationError(f"{dataset.name}: there is no sequence {unknown[0]}; it has {len(dataset.sequences)}, "
                              f"the first is {dataset.sequences[0]}")
    names = list(dict.fromkeys(sequences or dataset.sequences))
    chosen = slice(0, first, every)
    rows = [row for name in progress(names)
            for row in _evaluate(dataset.read(name), results, are_masks=are_masks, chosen=chosen)]
    if not any(row.is_measured for row in rows):
        raise EvaluationError(f"{dataset.name}: the target is visible in no frame of the {len(names)} sequences, the "
                              f"first is {names[0]}, so that there is nothing to measure; name other sequences with "
                              "--sequences")
    return Report(COLUMNS, tuple(rows))


def _evaluate(sequence: Sequence, results: Path, *, are_masks: bool, chosen: slice) -> list[Row]:
    """The scores of each object in the chosen frames; of a sequence that shows none no results are read."""
    counted = np.zeros(sequence.sight.shape, dtype=bool)
    counted[chosen] = counted_frames(sequence)[chosen]
    is_seen = (counted & (sequence.sight == Sight.VISIBLE)).any(axis=0)
    for object_id in np.array(sequence.object_ids)[~is_seen]:
        which = f", object {object_id}" if len(is_seen) > 1 else ""
        _log.warning("%s, sequence %s%s: the target is visible in none of the frames; it does not count",
                     sequence.dataset, sequence.name, which)
    if not is_seen.any():
        return [_without_scores(sequence, object_id) for object_id in sequence.object_ids]
    frames = np.flatnonzero(counted.any(axis=1)).tolist()
    boxes = None if are_masks else read_boxes(results, sequence)[frames]
    sequence = sequence.select(frames)
    return evaluate_sequence(sequence, read_tight_boxes(results, sequence) if boxes is None else boxes, counted[frames])


def evaluate_sequence(sequence: Sequence, boxes: np.ndarray, counted: np.ndarray) -> list[Row]:
    """The scores of the boxes (T, O, 4) of each object of one sequence, in the frames (T, O) bool that count for it."""
    visible = counted & (sequence.sight == Sight.VISIBLE)
    size = image_size(sequence, np.flatnonzero(visible.any(axis=1)).tolist())
    rows = []
    for column, object_id in enumerate(sequence.object_ids):
        if not visible[:, column].any():
            rows.append(_without_scores(sequence, object_id))
            continue
        frames = counted[:, column]
        found, truth = boxes[frames, column], sequence.boxes[frames, column]
        totals, weights = zip(got10k_totals(found, truth, size), lasot_totals(found, truth), strict=True)
        rows.append(Row(sequence.name, object_id, len(found), np.concatenate(totals), np.concatenate(weights)))
    return rows


def _without_scores(sequence: Sequence, object_id: int) -> Row:
    return Row(sequence.name, object_id, 0, np.zeros(len(COLUMNS)), np.zeros(len(COLUMNS)))
