"""The masks of several objects put together, one of which every pixel belongs to at most. Arrays alone, no network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boxmask.crops import OUTSIDE_SCORE
from pytracking.tracker.boxmask.search import box_of

# A score above 0.5 says that an object is seen. Where several share a pixel, one may win it with less than half.
_LEAST_SEEN_SCORE = 0.501
# Below it, the logarithm of a probability is not a number that a float32 holds.
_LEAST_PROBABILITY = 1e-30


@dataclass(frozen=True, eq=False)
class Claim:
    """What an object claims of a frame, beside its own output.

    logits (H, W) float32; last_box (4,) xywh: where it was seen before; has_started: in this frame, from a mask or a
    box that was given.
    """

    logits: np.ndarray
    last_box: np.ndarray
    has_started: bool = False


def merge(outputs: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """One output of those of the trackers of single objects, by object id.

    'segmentation' (H, W) uint8 holds ids; everything else is a dict by id, without 'claim'. Where other objects took
    pixels from a mask, box and score follow what is left; where nothing is left, the box is the last known one. An
    object that starts in this frame keeps its mask against those that are followed, and its box and score.
    """
    names = list(outputs)
    claims = [outputs[name]["claim"] for name in names]
    shares = aggregate(_logits(claims))
    winner = np.concatenate((1 - shares.sum(axis=0, keepdims=True), shares)).argmax(axis=0)
    merged = {key: OrderedDict((name, outputs[name][key]) for name in names if key in outputs[name])
              for key in outputs[names[0]] if key != "claim"}
    for place, (name, claim) in enumerate(zip(names, claims, strict=True)):
        own = winner == place + 1
        if np.array_equal(own, outputs[name]["segmentation"] > 0) or (own.any() and claim.has_started):
            continue
        merged["target_bbox"][name] = (box_of(own) if own.any() else claim.last_box).tolist()
        merged["object_presence_score"][name] = _score(shares[place], own)
    merged["segmentation"] = np.array([0, *map(int, names)], dtype=np.uint8)[winner]
    merged["segmentation_raw"] = OrderedDict(zip(names, shares, strict=True))
    return merged


def aggregate(logits: np.ndarray) -> np.ndarray:
    """Soft aggregation (Oh et al., STM, ICCV 2019) of the logits (N, H, W) float32 of N objects, each on its own.

    Returns probabilities: shares of the odds p / (1 - p), the background's from the product of all (1 - p). One
    object's is what it is alone. Of logits, because those of two that are both sure still differ.
    """
    if len(logits) == 1:
        return sigmoid(logits)
    none = -_softplus(logits).sum(axis=0)
    background = none - np.log(np.maximum(-np.expm1(none), _LEAST_PROBABILITY))
    top = np.maximum(background, logits.max(axis=0))
    odds = np.exp(logits - top)
    return odds / (odds.sum(axis=0) + np.exp(background - top))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Of float32 logits; the tanh does not overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * logits)


def _softplus(logits: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)); never exp(-100), a denormal number, which processors are slow at."""
    return np.maximum(logits, 0) + np.log1p(np.exp(-np.minimum(np.abs(logits), 80)))


def _logits(claims: Sequence[Claim]) -> np.ndarray:
    """Those of all (N, H, W): none is followed into the mask of an object that starts."""
    logits = np.stack([claim.logits for claim in claims])
    started = np.array([claim.has_started for claim in claims])
    if started.any():
        logits[~started] = np.where((logits[started] > 0).any(axis=0), OUTSIDE_SCORE, logits[~started])
    return logits


def _score(share: np.ndarray, mask: np.ndarray) -> float:
    """Of presence: the mean probability in the mask, above 0.5; without a pixel the greatest of all, not above it."""
    if not mask.any():
        return min(float(share.max()), 0.5)
    return max(float(share[mask].mean()), _LEAST_SEEN_SCORE)
