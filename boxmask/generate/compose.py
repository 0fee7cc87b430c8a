"""The mask of a frame from the scores of its objects. Pure NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boxmask.boxes import grow
from boxmask.crops import paste
from boxmask.generate.masker import Scores
from boxmask.masks import box_region


@dataclass(frozen=True, eq=False)
class Piece:
    """One object of a frame: its id, its box (4,) xywh inside the frame, its scores."""

    object_id: int
    box: np.ndarray
    scores: Scores


def compose(pieces: Sequence[Piece], size: tuple[int, int], box_margin: float = 0.0) -> np.ndarray:
    """The object ids (H, W) uint8 of a frame of `size` (W, H); outside its box an object has no pixel (paper 3.4).

    box_margin: or outside the box with its sides moved out by so much of its width and height.

    Several objects are put together by soft aggregation (Oh et al., STM, ICCV 2019): of p = sigmoid(score) the odds
    p / (1 - p), those of the background from the product of (1 - p), and the greatest wins. It works on logarithms of
    odds, which for an object are its scores.
    """
    labels = np.zeros(size[::-1], np.uint8)
    if not pieces:
        return labels
    if len(pieces) == 1:
        region, scores = _near_box(pieces[0], size, box_margin)
        labels[region][scores > 0] = pieces[0].object_id
        return labels
    best = np.full(labels.shape, -np.inf, np.float32)
    background = np.zeros(labels.shape, np.float32)  # the logarithm of the product
    for piece in pieces:
        region, scores = _near_box(piece, size, box_margin)
        background[region] -= np.logaddexp(0, scores)
        wins = scores > best[region]
        best[region][wins] = scores[wins]
        labels[region][wins] = piece.object_id
    near = labels > 0
    nobody = background[near]
    with np.errstate(divide="ignore"):  # of a background that is certain the odds are infinite
        nobody -= np.log(-np.expm1(nobody))
    labels[near] = np.where(best[near] > nobody, labels[near], 0)
    return labels


def _near_box(piece: Piece, size: tuple[int, int], margin: float) -> tuple[tuple[slice, slice], np.ndarray]:
    """The pixels of a frame that a piece's box with its margin touches, and their scores (h, w) float32."""
    region = box_region(grow(piece.box, margin), size)
    return region, paste(piece.scores.values, piece.scores.window, size, region)
