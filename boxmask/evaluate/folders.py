"""J and F of folders of masks against folders of true masks, both `<sequence>/<frame>.png`."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from boxmask import masks
from boxmask.evaluate.boundary import boundary_f
from boxmask.evaluate.jaccard import jaccard
from boxmask.evaluate.report import Report, Row
from boxmask.evaluate.statistics import mean_recall_decay
from boxmask.readers.davis import ANNOTATIONS
from boxmask.terminal import Progress

COLUMNS = ("J&F", "J mean", "J recall", "J decay", "F mean", "F recall", "F decay")
# Not the hidden ._00000.png that macOS puts beside 00000.png.
PNG_FILES = "[!.]*.png"
_log = logging.getLogger(__name__)


class EvaluationError(ValueError):
    """Results and truth do not fit together; the message names sequence and file."""


def evaluate_folders(masks_folder: Path, truth_folder: Path, sequences: Sequence[str] | None = None, *,
                     skip_ends: bool = False,
                     progress: Progress = iter) -> Report:
    """The scores of the sequences in `masks_folder`, or of the named ones, on every frame that has a true mask.

    As in DAVIS 2017 every object counts the same, however long its sequence. skip_ends: without the first and the last
    of these frames, as where the first mask is given. Either folder may be a DAVIS root, whose masks are then those in
    `Annotations/480p`. Masks of further frames are not looked at. Raises `EvaluationError` for a missing sequence or
    frame and for another size; of sequences that only the truth has, a warning tells.
    """
    found = _sequence_folders(masks_folder, "masks")
    truth = _sequence_folders(truth_folder, "true masks")
    names = list(found) if sequences is None else list(dict.fromkeys(sequences))
    for name in names:
        if name not in found:
            raise EvaluationError(f"{masks_folder}: no masks of sequence {name}; make them, or name others with "
                                  "--sequences")
        if name not in truth:
            raise EvaluationError(f"{truth_folder}: no true masks of sequence {name}, which {found[name]} has masks "
                                  "of; name the sequences to compare with --sequences")
    left_out = [name for name in truth if name not in names]
    if sequences is None and left_out:
        _log.warning("%s: no masks of %d of the %d sequences with true masks, the first is %s; they do not count",
                     masks_folder, len(left_out), len(truth), left_out[0])
    return Report(COLUMNS, tuple(row for name in progress(names)
                                 for row in evaluate_sequence(name, found[name], truth[name], skip_ends=skip_ends)))


def evaluate_sequence(name: str, masks_folder: Path, truth_folder: Path, *, skip_ends: bool = False) -> list[Row]:
    """The scores of each object of the truth in one sequence."""
    ids, regions, contours = measure_sequence(name, masks_folder, truth_folder)
    if skip_ends:
        if regions.shape[1] < 3:
            raise EvaluationError(f"sequence {name}: {truth_folder} has {regions.shape[1]} true masks, and nothing is "
                                  "left without the first and the last")
        regions, contours = regions[:, 1:-1], contours[:, 1:-1]
    rows = []
    for object_id, region, contour in zip(ids, regions, contours, strict=True):
        of_region, of_contour = mean_recall_decay(region), mean_recall_decay(contour)
        scores = np.array([(of_region[0] + of_contour[0]) / 2, *of_region, *of_contour])
        rows.append(Row(name, object_id, len(region), scores, np.ones(len(scores))))
    return rows


def measure_sequence(name: str, masks_folder: Path, truth_folder: Path) -> tuple[list[int], np.ndarray, np.ndarray]:
    """The ids of the O objects of the truth, and their J and F in each of its T frames: two arrays (O, T)."""
    truth_files = sorted(truth_folder.glob(PNG_FILES))
    missing = [path.name for path in truth_files if not (masks_folder / path.name).is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise EvaluationError(f"sequence {name}: {masks_folder} has no {missing[0]}{more}; make them first")
    truth = [masks.read(path) for path in truth_files]
    # Where the truth never shows an object there is still something to get right: that there is none.
    ids = masks.object_ids(truth) or [1]
    regions, contours = np.empty((2, len(ids), len(truth)))
    shown: set[int] = set()
    is_any_found = False
    for frame, (path, labels) in enumerate(zip(truth_files, truth, strict=True)):
        file = masks_folder / path.name
        found = masks.read(file)
        if found.shape != labels.shape:
            raise EvaluationError(f"sequence {name}, frame {path.stem}, {file}: the mask is {found.shape[1]}x"
                                  f"{found.shape[0]} and the true one {labels.shape[1]}x{labels.shape[0]}; make masks "
                                  "of the size of the images")
        void = None if ids == [masks.VOID] else labels == masks.VOID
        if not is_any_found:
            shown.update(masks.object_ids([found]))
        found = with_ids(found, ids)
        for row, object_id in enumerate(ids):
            mask, true_mask = found == object_id, labels == object_id
            is_any_found = is_any_found or bool(mask.any())
            regions[row, frame] = jaccard(mask, true_mask, void)
            contours[row, frame] = boundary_f(mask, true_mask, void)
    if not is_any_found:
        warn_of_other_ids(f"sequence {name}, {masks_folder}", shown, masks.object_ids(truth))
    return ids, regions, contours


def warn_of_other_ids(place: str, shown: Collection[int], ids: Collection[int]) -> None:
    """Tells that none of the ids that masks show is one of the truth's, where both show something."""
    if shown and ids:
        _log.warning("%s: the masks show the object ids %s, and the truth %s: nothing is found; give objects the ids "
                     "that they have in the truth", place, _listed(shown), _listed(ids))


def _listed(ids: Collection[int]) -> str:
    return ", ".join(map(str, sorted(ids)))


def with_ids(labels: np.ndarray, ids: Sequence[int]) -> np.ndarray:
    """A mask (H, W) of 0 and 255 as one of the only or first of the `ids`, and the other way round; others as is."""
    if masks.object_ids([labels]) == [masks.VOID]:
        return np.where(labels == masks.VOID, ids[0], 0)
    return np.where(labels == 1, masks.VOID, 0) if list(ids) == [masks.VOID] else labels


def _sequence_folders(root: Path, what: str) -> dict[str, Path]:
    """The folders with PNG files in a folder, or in the annotations of a DAVIS root, by name."""
    if not root.is_dir():
        raise EvaluationError(f"{root}: no such folder; expected folders of {what}, <sequence>/<frame>.png")
    if (root / ANNOTATIONS).is_dir():
        root = root / ANNOTATIONS
    folders = {path.name: path for path in sorted(root.iterdir())
               if path.is_dir() and not path.name.startswith(".") and next(path.glob(PNG_FILES), None) is not None}
    if not folders:
        hint = ", or the folder above it" if next(root.glob(PNG_FILES), None) else ""
        raise EvaluationError(f"{root}: no {what} in it; expected <sequence>/<frame>.png{hint}")
    return folders
