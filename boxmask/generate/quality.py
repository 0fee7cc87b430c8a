"""How good a mask looks without the truth: signs of trouble per mask, and one score from them. Pure: no images.

The signs of a mask of one object in one frame:

- box fit: IoU of the mask's tight box and the given box; a mask that misses a side, or a box beside its object, shows;
  where a mask may reach beyond its box by a margin, what it has of that is left out
- area ratio: pixels of the mask in the box over the area of the box; near 1 for a leak or a rectangle, near 0 for a
  collapse
- stage agreement: IoU in the box of the masks of the network's two stages; the baselines have none
- neighbour agreement: IoU with the object's mask before or after it, the better of the two (a bad neighbour is not its
  fault), each seen in its own box with its margin as a small raster, so that the shape counts, and not where it is or
  how large
- fragments: connected parts, specks below `SPECK` of the mask's pixels left out
"""

from __future__ import annotations

import csv
import io
import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from boxmask import boxes as box_geometry
from boxmask.generate.outcomes import FrameResult, ObjectResult, Outcome
from boxmask.masks import box_region
from boxmask.readers.sequence import shorten

FILE_NAME = "quality.csv"
SPECK = 0.01
# Sides of the raster in which neighbours are compared.
RASTER = 32

_STAGE_POWER, _BOX_POWER, _NEIGHBOUR_POWER = 4, 0.1, 0.1


class QualityError(ValueError):
    """A quality file that cannot be read; the message names file and line."""


@dataclass(frozen=True)
class Row:
    """The signs of the mask of one object in one frame, and its score in 0..1. NaN: a sign that is not to be had."""

    frame: str
    object_id: int
    score: float
    box_fit: float
    area_ratio: float
    stage_agreement: float
    neighbour_agreement: float
    fragments: int


COLUMNS = tuple(field.name for field in fields(Row))


def score(*, box_fit: float, stage_agreement: float, neighbour_agreement: float, is_empty: bool) -> float:
    """The score of a mask, 0 (empty) to 1; it never falls where a sign gets better.

    stage_agreement ** 4 * (box_fit * neighbour_agreement) ** 0.1; a sign that is NaN is left out. The powers were
    chosen by rank correlation with J, on an earlier network; of the one that comes with boxmask it is .84 on the 25
    DAVIS sequences that it was trained on, .63 on the five others, and about the same with boxes moved at random. The
    score is within .05 of J on average, .11 with such boxes.
    Area ratio and fragments added nothing and are for the eye. Without stages, as for the baselines, it only tells
    what does not fit its box or its neighbours.
    """
    if is_empty:
        return 0.0
    signs = ((stage_agreement, _STAGE_POWER), (box_fit, _BOX_POWER), (neighbour_agreement, _NEIGHBOUR_POWER))
    return math.prod(sign ** power for sign, power in signs if not math.isnan(sign))


class SequenceQuality:
    """Collects the signs of a sequence's masks, frame by frame in any order and from several threads; a frame costs a
    kilobyte an object.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """names: of all frames of the sequence, in order."""
        self._names = tuple(names)
        # Object id -> frame -> its signs without a neighbour's; and the rasters (T, RASTER, RASTER) in one piece:
        # thousands of small ones would lie scattered among what is freed, and keep it from being used again.
        self._seen: dict[int, dict[int, _Signs]] = {}
        self._rasters: dict[int, np.ndarray] = {}
        self._lock = threading.Lock()

    def add(self, result: FrameResult) -> None:
        """Takes a frame's result; one without masks (not OK) is passed over."""
        if result.outcome is not Outcome.OK:
            return
        for object_id, found in result.objects.items():
            signs, raster = _look(result.mask == object_id, found)
            with self._lock:
                if object_id not in self._seen:
                    self._seen[object_id] = {}
                    self._rasters[object_id] = np.zeros((len(self._names), RASTER, RASTER), np.uint8)
                self._seen[object_id][result.index] = signs
                self._rasters[object_id][result.index] = raster

    def rows(self) -> list[Row]:
        """One row per mask, by frame, then by object."""
        rows = []
        for object_id, seen in sorted(self._seen.items()):
            frames = sorted(seen)
            for position, frame in enumerate(frames):
                near = frames[max(0, position - 1):position] + frames[position + 1:position + 2]
                rows.append((frame, self._row(frame, object_id, seen[frame], near)))
        return [row for _, row in sorted(rows, key=lambda pair: (pair[0], pair[1].object_id))]

    def _row(self, frame: int, object_id: int, signs: _Signs, neighbours: list[int]) -> Row:
        rasters = self._rasters[object_id]
        neighbour = max((_raster_iou(rasters[frame], rasters[other]) for other in neighbours), default=math.nan)
        value = score(box_fit=signs.box_fit, stage_agreement=signs.stage_agreement, neighbour_agreement=neighbour,
                      is_empty=signs.is_empty)
        return Row(self._names[frame], object_id, value, signs.box_fit, signs.area_ratio, signs.stage_agreement,
                   neighbour, signs.fragments)


@dataclass(frozen=True)
class _Signs:
    is_empty: bool
    box_fit: float
    area_ratio: float
    stage_agreement: float
    fragments: int


def _look(mask: np.ndarray, found: ObjectResult) -> tuple[_Signs, np.ndarray]:
    """The signs of a mask (H, W) bool alone, and its raster (RASTER, RASTER) uint8."""
    size = mask.shape[1], mask.shape[0]
    box = box_geometry.intersect(found.box, size)
    part = mask[box_region(box_geometry.grow(box, found.box_margin), size)].astype(np.uint8)
    tight = box_geometry.from_mask(mask)
    fit = 0.0 if tight is None else _box_iou(_drawn_in(tight, box, found.box_margin), box)
    # A mask may have all of a pixel of which the box has a corner.
    area = min(1.0, float(np.count_nonzero(mask[box_region(box, size)]) / max(box[2] * box[3], 1e-9)))
    raster = cv2.resize(255 * part, (RASTER, RASTER), interpolation=cv2.INTER_AREA)
    return _Signs(tight is None, fit, area, float(found.stage_agreement), _count_parts(part)), raster


def _drawn_in(tight: np.ndarray, box: np.ndarray, margin: float) -> np.ndarray:
    """The tight box of a mask (4,) without what of it is beyond the given box by up to the margin."""
    most = margin * box[2:]
    before = (box[:2] - tight[:2]).clip(0, most)
    after = (tight[:2] + tight[2:] - box[:2] - box[2:]).clip(0, most)
    return np.concatenate([tight[:2] + before, (tight[2:] - before - after).clip(0)])


def _count_parts(mask: np.ndarray) -> int:
    """Connected parts of a mask (H, W) uint8, 8-connected, without specks."""
    count, _, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    pixels = statistics[1:count, cv2.CC_STAT_AREA]
    return int((pixels >= SPECK * pixels.sum()).sum())


def _box_iou(first: np.ndarray, second: np.ndarray) -> float:
    sides = np.minimum(first[:2] + first[2:], second[:2] + second[2:]) - np.maximum(first[:2], second[:2])
    shared = sides.clip(0).prod()
    return float(shared / (first[2:].prod() + second[2:].prod() - shared))


def _raster_iou(first: np.ndarray, second: np.ndarray) -> float:
    """IoU of two rasters (h, w) uint8 of coverage; two empty ones agree."""
    union = int(np.maximum(first, second).sum(dtype=np.int64))
    return int(np.minimum(first, second).sum(dtype=np.int64)) / union if union else 1.0


def to_csv(rows: Iterable[Row]) -> str:
    """The text of a quality file: a line of column names, then one per mask; a sign that is NaN is an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(["" if value != value else f"{value:.4f}" if isinstance(value, float) else value
                         for value in astuple(row)])
    return text.getvalue()


def read_csv(path: Path) -> list[Row]:
    """The rows of a quality file. Raises `QualityError` for anything else than such a file."""
    try:
        lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        raise QualityError(f"{path}: no such file; generation writes it beside the masks of a sequence") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise QualityError(f"{path}: the file cannot be read as text ({error}); generate the sequence again") from error
    if not lines or tuple(lines[0]) != COLUMNS:
        raise QualityError(f"{path}: expected the columns {','.join(COLUMNS)}; generate the sequence again")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            rows.append(_parse(line))
        except (ValueError, TypeError):
            raise QualityError(f"{path}, line {number}: expected {len(COLUMNS)} fields, a name, an object id, signs "
                               f"from 0 to 1 and a number of fragments, got {shorten(str(line))}; generate the "
                               "sequence again") from None
    return rows


def _parse(line: list[str]) -> Row:
    """The row of the fields of a line. Raises ValueError or TypeError for others than `to_csv` writes."""
    name, object_id, *numbers, fragments = line
    signs = [float(text) if text else math.nan for text in numbers]
    row = Row(name, int(object_id), *signs, int(fragments))
    if math.isnan(row.score) or not all(math.isnan(sign) or 0 <= sign <= 1 for sign in signs):
        raise ValueError("a sign is from 0 to 1, and only the score is always there")
    if not 0 <= row.fragments <= 1 / SPECK:
        raise ValueError("no mask has so many parts that are no specks")
    return row
