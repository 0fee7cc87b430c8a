"""The base class of trackers."""

from __future__ import annotations

from typing import Any

import numpy as np

from pytracking.utils.params import TrackerParams
from pytracking.utils.visdom import draw_tracking


class BaseTracker:
    """Follows a target, or several, through the frames of one sequence.

    Images are (H, W, 3) uint8 RGB; boxes [x, y, w, h] in pixels. With several targets boxes are dicts by object id and
    masks (H, W) hold object ids. `multiobj_mode` says who deals with several targets: 'default', the tracker itself;
    'parallel', one tracker for each, whose outputs are then merged.
    """

    multiobj_mode = "default"

    def __init__(self, params: TrackerParams) -> None:
        self.params = params
        self.visdom = None

    def predicts_segmentation_mask(self) -> bool:
        """Whether `track` returns 'segmentation'."""
        return False

    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any] | None:
        """Starts on the first frame.

        info: 'init_bbox', 'init_mask' (uint8, where the dataset has one), 'init_object_ids', 'object_ids',
            'sequence_object_ids'.
        Returns what `track` returns, or None. A tracker that starts from a box alone and returns masks later must
        return 'segmentation' here, too.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to start")

    def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> dict[str, Any]:
        """Follows into the next frame.

        info: 'previous_output', and the 'init_' entries for targets that start in this frame.
        Returns 'target_bbox' and, where there are such, 'segmentation', 'object_presence_score', 'time' (seconds).
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to track")

    def visdom_draw_tracking(self, image: np.ndarray, box: Any, segmentation: np.ndarray | None = None) -> None:
        """Shows a frame in visdom. box: one, a dict by object id, or a list of either."""
        draw_tracking(self.visdom, image, box, segmentation)
