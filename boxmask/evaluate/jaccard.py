"""J, the intersection over union of masks, by the rules of DAVIS (Perazzi et al., CVPR 2016). Pure NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A frame counts as found where J is above it.
RECALL_THRESHOLD = 0.5


def jaccard(mask: np.ndarray, truth: np.ndarray, void: np.ndarray | None = None) -> float:
    """J of two masks (H, W) bool; pixels of `void` (H, W) bool count for neither. Two empty masks have J = 1."""
    if mask.shape != truth.shape:
        raise ValueError(f"masks of different sizes, (H, W) = {mask.shape} and {truth.shape}, have no J")
    if void is not None:
        mask, truth = mask & ~void, truth & ~void
    union = np.count_nonzero(mask | truth)
    return 1.0 if union == 0 else np.count_nonzero(mask & truth) / union


@dataclass(frozen=True)
class SequenceScore:
    """J of each object in each frame of a sequence: per_object (objects, frames) float."""

    name: str
    per_object: np.ndarray

    @property
    def frames(self) -> int:
        return self.per_object.shape[1]

    @property
    def mean(self) -> float:
        """J averaged over frames, then objects."""
        return float(self.per_object.mean())

    @property
    def recall(self) -> float:
        """The share of frames with J above one half, averaged over objects."""
        return float((self.per_object > RECALL_THRESHOLD).mean())


@dataclass(frozen=True)
class Score:
    """The scores of several sequences. As in DAVIS 2017 every object counts the same, however long its sequence."""

    sequences: tuple[SequenceScore, ...]

    @property
    def mean(self) -> float:
        return float(np.concatenate([score.per_object.mean(axis=1) for score in self.sequences]).mean())

    @property
    def recall(self) -> float:
        found = [(score.per_object > RECALL_THRESHOLD).mean(axis=1) for score in self.sequences]
        return float(np.concatenate(found).mean())

    def to_json(self) -> dict:
        """What `boxmask evaluate masks --json` writes."""
        return {"J_mean": self.mean, "J_recall": self.recall,
                "sequences": {score.name: {"J_mean": score.mean, "J_recall": score.recall, "frames": score.frames}
                              for score in self.sequences}}
