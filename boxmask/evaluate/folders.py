"""J of folders of masks against folders of true masks, both `<sequence>/<frame>.png`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from boxmask import masks
from boxmask.evaluate.jaccard import Score, SequenceScore, jaccard
from boxmask.readers.davis import ANNOTATIONS


class EvaluationError(ValueError):
    """Masks and truth do not fit together; the message names sequence and file."""


def evaluate_folders(masks_folder: Path, truth_folder: Path, sequences: Sequence[str] | None = None) -> Score:
    """J of the sequences in `masks_folder`, or of the named ones, on every frame that has a true mask.

    Either folder may be a DAVIS root, whose masks are then those in `Annotations/480p`. Masks of further frames are not
    looked at. Raises `EvaluationError` for a missing sequence or frame and for another size.
    """
    found = _sequence_folders(masks_folder, "masks")
    truth = _sequence_folders(truth_folder, "true masks")
    names = list(found) if sequences is None else list(sequences)
    for name in names:
        if name not in found:
            raise EvaluationError(f"{masks_folder}: no masks of sequence {name}; make them, or name others with "
                                  "--sequences")
        if name not in truth:
            raise EvaluationError(f"{truth_folder}: no true masks of sequence {name}, which {found[name]} has masks "
                                  "of; name the sequences to compare with --sequences")
    return Score(tuple(evaluate_sequence(name, found[name], truth[name]) for name in names))


def evaluate_sequence(name: str, masks_folder: Path, truth_folder: Path) -> SequenceScore:
    """J of one sequence: each object of the truth in each of its frames."""
    truth_files = sorted(truth_folder.glob("*.png"))
    missing = [path.name for path in truth_files if not (masks_folder / path.name).is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise EvaluationError(f"sequence {name}: {masks_folder} has no {missing[0]}{more}; make them first")
    truth = [masks.read(path) for path in truth_files]
    # Where the truth never shows an object there is still something to get right: that there is none.
    ids = masks.object_ids(truth) or [1]
    per_object = np.empty((len(ids), len(truth)))
    for frame, (path, labels) in enumerate(zip(truth_files, truth, strict=True)):
        file = masks_folder / path.name
        found = masks.read(file)
        if found.shape != labels.shape:
            raise EvaluationError(f"sequence {name}, frame {path.stem}, {file}: the mask is {found.shape[1]}x"
                                  f"{found.shape[0]} and the true one {labels.shape[1]}x{labels.shape[0]}; make masks "
                                  "of the size of the images")
        void = None if ids == [masks.VOID] else labels == masks.VOID
        if masks.object_ids([found]) == [masks.VOID]:
            found = np.where(found == masks.VOID, ids[0], 0)  # a mask of 0 and 255 instead of 0 and 1
        elif ids == [masks.VOID]:
            found = np.where(found == 1, masks.VOID, 0)
        for row, object_id in enumerate(ids):
            per_object[row, frame] = jaccard(found == object_id, labels == object_id, void)
    return SequenceScore(name, per_object)


def _sequence_folders(root: Path, what: str) -> dict[str, Path]:
    """The folders with PNG files in a folder, or in the annotations of a DAVIS root, by name."""
    if not root.is_dir():
        raise EvaluationError(f"{root}: no such folder; expected folders of {what}, <sequence>/<frame>.png")
    if (root / ANNOTATIONS).is_dir():
        root = root / ANNOTATIONS
    folders = {path.name: path for path in sorted(root.iterdir())
               if path.is_dir() and not path.name.startswith(".") and next(path.glob("*.png"), None) is not None}
    if not folders:
        hint = ", or the folder above it" if next(root.glob("*.png"), None) else ""
        raise EvaluationError(f"{root}: no {what} in it; expected <sequence>/<frame>.png{hint}")
    return folders
