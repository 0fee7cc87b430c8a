"""The first mask of an object: the one that is given, or that of the box-to-mask network."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from boxmask.boxes import from_mask, intersect, is_valid
from boxmask.crops import OUTSIDE_SCORE, paste
from boxmask.generate.network import NetworkMasker
from boxmask.masks import box_region
from pytracking.tracker.boxmask.networks import box_network
from pytracking.utils.params import TrackerParams

_log = logging.getLogger(__name__)
_INSIDE_SCORE = -OUTSIDE_SCORE  # certainly the object


def given_mask(image: np.ndarray, info: Mapping[str, Any]) -> np.ndarray | None:
    """The mask (H, W) bool that the sequence starts with; None if there is none, or it is empty.

    Raises ValueError for one of another size than the image.
    """
    mask = info.get("init_mask")
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.shape != image.shape[:2]:
        raise ValueError(f"the first mask has the shape {mask.shape} and the image {image.shape[:2]}: both are (H, W), "
                         "and must be the same; make the mask at the image's size")
    return mask > 0 if mask.any() else None


def given_box(image: np.ndarray, info: Mapping[str, Any], mask: np.ndarray | None) -> np.ndarray | None:
    """The part inside the image of the box (4,) that the sequence starts with; without one, that of its mask, if any.

    A box that is empty or wholly outside counts as none where there is a mask: pytracking's evaluation takes the last
    column minus the first for the width, 0 for an object one pixel wide. Raises ValueError for such a box without a
    mask, and for several boxes.
    """
    box = info.get("init_bbox")
    if box is None:
        return None if mask is None else from_mask(mask)
    if isinstance(box, Mapping):
        raise ValueError(f"{len(box)} objects for one tracker: leave multiobj_mode at 'parallel', which makes one for "
                         "each")
    size = (image.shape[1], image.shape[0])
    box = np.asarray(box, dtype=float)
    inside = intersect(box, size) if is_valid(box) else box
    if is_valid(inside):
        return inside
    if mask is not None:
        return from_mask(mask)
    raise ValueError(f"the first box is {box.tolist()}: expected left, top, width and height of a box with some pixels "
                     f"of the image, which has {size[0]}x{size[1]}; draw a box with a width and a height, or correct "
                     "it in the sequence's annotation")


def logits_from_box(params: TrackerParams, image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Logits (H, W) float32 of the object in a box (4,), its mask ending there, as masks are generated (paper 3.4)."""
    masker = NetworkMasker(box_network(params), search_factor=params.get("box_search_factor", None),
                           iterations=params.box_iterations)
    scores = masker.solve([[masker.view(image, box)]], [0])[0][0]
    size = (image.shape[1], image.shape[0])
    region = box_region(box, size)
    logits = np.full(image.shape[:2], OUTSIDE_SCORE, np.float32)
    logits[region] = paste(scores.values, scores.window, size, region)
    if not (logits > 0).any():
        _log.warning("the box-to-mask network saw no object in the first box %s; the whole box is taken for its mask",
                     box.tolist())
        logits[region] = _INSIDE_SCORE
    return logits


def start(params: TrackerParams, image: np.ndarray, info: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The mask's logits (H, W) float32 and the box (4,) xywh of an object in its first frame."""
    mask = given_mask(image, info)
    box = given_box(image, info, mask)
    if box is None:
        raise ValueError("nothing to start from: the first frame has neither a box nor a mask with a pixel in it")
    has_box = info.get("init_bbox") is not None
    if mask is None or (has_box and params.get("ignore_init_mask", False)):
        return logits_from_box(params, image, box), box
    return np.where(mask, _INSIDE_SCORE, OUTSIDE_SCORE).astype(np.float32), box
