"""The scores of a tracker's boxes, or of the tight boxes of masks, on a dataset with boxes."""

from __future__ import annotations

from collections.abc import Sequence as Names
from pathlib import Path

import numpy as np

from boxmask.evaluate.folders import EvaluationError
from boxmask.evaluate.report import Report, Row
from boxmask.evaluate.results import frame_size, read_boxes, read_tight_boxes
from boxmask.evaluate.tracking_rules import GOT10K_COLUMNS, LASOT_COLUMNS, got10k_totals, lasot_totals
from boxmask.readers.sequence import Dataset, Sequence
from boxmask.terminal import Progress

COLUMNS = (*GOT10K_COLUMNS, *LASOT_COLUMNS)


def evaluate_tracking(dataset: Dataset, results: Path, sequences: Names[str] | None = None, *, are_masks: bool = False,
                      first: int | None = None, every: int = 1,
                      progress: Progress = iter) -> Report:
    """The scores by the rules of GOT-10k and by those of LaSOT, of all sequences or of the named ones.

    dataset: with every frame of its sequences. results: the folder of `<sequence>.txt` with a box per frame, or, if
    `are_masks`, of `<sequence>/<frame>.png`. first, every: count `every`-th of the first `first` frames alone; files
    of boxes still have all. Raises `EvaluationError` and `DatasetError`.
    """
    if not results.is_dir():
        raise EvaluationError(f"{results}: no such folder; expected the results of {dataset.name}, "
                              + ("<sequence>/<frame>.png" if are_masks else "<sequence>.txt"))
    unknown = [name for name in sequences or () if name not in dataset.sequences]
    if unknown:
        raise EvaluationError(f"{dataset.name}: there is no sequence {unknown[0]}; it has {len(dataset.sequences)}, "
                              f"the first is {dataset.sequences[0]}")
    rows = []
    for name in progress(list(dict.fromkeys(sequences or dataset.sequences))):
        sequence = dataset.read(name)
        chosen = range(len(sequence))[:first:every]
        boxes = None if are_masks else read_boxes(results, sequence)[list(chosen)]
        sequence = sequence.select(chosen)
        rows += evaluate_sequence(sequence, read_tight_boxes(results, sequence) if boxes is None else boxes)
    return Report(COLUMNS, tuple(rows))


def evaluate_sequence(sequence: Sequence, boxes: np.ndarray) -> list[Row]:
    """The scores of the boxes (T, O, 4) of each object of one sequence."""
    seen = np.flatnonzero(np.isfinite(sequence.boxes).all(axis=2).any(axis=1))
    if not len(seen):
        raise EvaluationError(f"{sequence.dataset}, sequence {sequence.name}: the target is visible in none of the "
                              f"{len(sequence)} frames, so that there is nothing to measure; name other sequences with "
                              "--sequences")
    size = frame_size(sequence, seen[0])
    rows = []
    for column, object_id in enumerate(sequence.object_ids):
        truth = sequence.boxes[:, column]
        totals, weights = zip(got10k_totals(boxes[:, column], truth, size), lasot_totals(boxes[:, column], truth),
                              strict=True)
        rows.append(Row(sequence.name, object_id, len(sequence), np.concatenate(totals), np.concatenate(weights)))
    return rows
