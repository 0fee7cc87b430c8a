"""A tracker: in each frame the box-to-mask network looks around the last box, and the mask's tight box is the next.

In a folder `follow` of pytracking/tracker, `__init__.py` has `get_tracker_class`, and pytracking/parameter/follow one
file of parameters: `python run_tracker.py follow default --dataset_name otb`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from boxmask import boxes
from boxmask.crops import paste
from boxmask.generate.network import NetworkMasker
from pytracking.tracker.base import BaseTracker

GROWTH = 1.1  # of the box in which the target is looked for in the next frame


class Follow(BaseTracker):
    """params.net: a box-to-mask network, as `ltr.models.boxmask.checkpoint.load` gives it."""

    multiobj_mode = "parallel"

    def predicts_segmentation_mask(self) -> bool:
        """True: every frame has a mask."""
        return True

    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        """image (H, W, 3) uint8 RGB; info['init_bbox'] xywh."""
        self._masker = NetworkMasker(self.params.net)
        self._box = np.asarray(info["init_bbox"], dtype=float)
        return self._look(image, self._box)

    def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> dict[str, Any]:
        """Follows into the next image (H, W, 3) uint8 RGB."""
        x, y, w, h = self._box
        grown = np.array([x - w * (GROWTH - 1) / 2, y - h * (GROWTH - 1) / 2, w * GROWTH, h * GROWTH])
        return self._look(image, grown)

    def _look(self, image: np.ndarray, box: np.ndarray) -> dict[str, Any]:
        size = (image.shape[1], image.shape[0])
        [[scores]] = self._masker.solve([[self._masker.view(image, box)]], [0])
        mask = paste(scores.values, scores.window, size) > 0
        found = boxes.from_mask(mask)
        self._box = self._box if found is None else found
        return {"target_bbox": self._box.tolist(), "segmentation": mask.astype(np.uint8),
                "object_presence_score": float(found is not None)}
