"""The masks of several objects put together, one of which every pixel belongs to at most. Pure NumPy."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from pytracking.tracker.boxmask.search import box_of

_LEAST_PROBABILITY = 1e-6


def merge(outputs: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """One output of those of the trackers of single objects, by object id.

    'segmentation' (H, W) uint8 holds ids; everything else is a dict by id. A box follows its mask where other objects
    took pixels from that.
    """
    names = list(outputs)
    probabilities = aggregate(np.stack([outputs[name]["segmentation_raw"] for name in names]))
    winner = np.concatenate((1 - probabilities.sum(axis=0, keepdims=True), probabilities)).argmax(axis=0)
    merged = {key: OrderedDict((name, outputs[name][key]) for name in names if key in outputs[name])
              for key in outputs[names[0]]}
    for place, name in enumerate(names, 1):
        own = winner == place
        if own.any() and not np.array_equal(own, outputs[name]["segmentation"] > 0):
            merged["target_bbox"][name] = box_of(own).tolist()
    merged["segmentation"] = np.array([0, *map(int, names)], dtype=np.uint8)[winner]
    merged["segmentation_raw"] = OrderedDict(zip(names, probabilities, strict=True))
    return merged


def aggregate(probabilities: np.ndarray) -> np.ndarray:
    """Soft aggregation (Oh et al., STM, ICCV 2019) of the probabilities (N, H, W) of N objects, each on its own.

    Shares of the odds p / (1 - p), the background's from the product of all (1 - p). One object's stay as they are.
    """
    if len(probabilities) == 1:
        return probabilities
    certain = np.clip(probabilities, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    background = np.clip((1 - certain).prod(axis=0), _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    odds = certain / (1 - certain)
    return (odds / (odds.sum(axis=0) + background / (1 - background))).astype(np.float32)
