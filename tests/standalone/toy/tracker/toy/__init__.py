"""A tracker that moves its box to the right and fails on a sequence whose first pixel is white."""

import numpy as np

from pytracking.tracker.base import BaseTracker


class Toy(BaseTracker):
    multiobj_mode = "parallel"

    def initialize(self, image, info):
        if image[0, 0].min() > 250:
            raise RuntimeError("white\nframe")
        self.box = np.array(info["init_bbox"], dtype=float)
        return {"segmentation": self._mask(image)} if "init_mask" in info else None

    def track(self, image, info=None):
        self.box[0] += self.params.speed
        output = {"target_bbox": self.box.tolist(), "object_presence_score": 0.5}
        if "segmentation" in info["previous_output"]:
            output["segmentation"] = self._mask(image)
        return output

    def _mask(self, image):
        x, y, w, h = self.box.astype(int)
        mask = np.zeros(image.shape[:2], np.uint8)
        mask[y:y + h, x:x + w] = 1
        return mask


def get_tracker_class():
    return Toy
