"""The tracker: one mask from the box of the first frame, then few-shot video object segmentation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from boxmask.boxes import Window
from boxmask.crops import OUTSIDE_SCORE, paste
from pytracking.tracker.base import BaseTracker
from pytracking.tracker.boxmask.merge import Claim, merge, sigmoid
from pytracking.tracker.boxmask.networks import find, vos_network
from pytracking.tracker.boxmask.search import SearchRegion, Sight
from pytracking.tracker.boxmask.segmenter import Segmenter
from pytracking.tracker.boxmask.start import start
from pytracking.utils.params import TrackerParams

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Latest:
    """The last frame: what was seen in it, and what it takes to learn from it."""

    sight: Sight
    probabilities: np.ndarray
    features: Tensor
    window: Window


class BoxMaskTracker(BaseTracker):
    """Follows one object from a box, or from a mask where the sequence has one; several by one tracker each.

    A frame is learned from when the next one comes: by then `info['previous_output']` tells which pixels other objects
    have taken. Parameters are those of `pytracking/parameter/boxmask/default.py`.
    """

    multiobj_mode = "parallel"

    @staticmethod
    def network_files(params: TrackerParams) -> dict[str, Path | None]:
        """The checkpoints in use, for the record beside the results; None without one that only boxes need.

        Raises FileNotFoundError where the VOS network's is not there.
        """
        try:
            box = find(params, "box_network")
        except FileNotFoundError:
            box = None
        return {"box_network": box, "vos_network": find(params, "vos_network")}

    def predicts_segmentation_mask(self) -> bool:
        """True: every frame has a mask."""
        return True

    def initialize_features(self) -> None:
        """Loads the networks before the first frame is there; all trackers of a process share them."""
        vos_network(self.params)

    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        """Starts on an image (H, W, 3) uint8 RGB.

        info: 'init_bbox' xywh, 'init_mask' (H, W), either or both; 'object_ids' in a sequence of several objects.
        Returns what `track` returns. Raises ValueError for an image, box or mask that cannot be used, FileNotFoundError
        for a checkpoint that is not there.
        """
        _require_image(image)
        net = vos_network(self.params)
        self._leave_drawing(info)
        self._object_id = info["object_ids"][0] if info.get("object_ids") else None
        logits, box = start(self.params, image, info)
        probabilities = sigmoid(logits)
        mask = probabilities > 0.5
        self._region = SearchRegion(box, np.count_nonzero(mask), net.input_spec.size, factor=self.params.search_factor,
                                    growth=self.params.search_growth, max_scale_change=self.params.max_scale_change)
        window = self._region.window(mask.shape[::-1])
        self._segmenter = Segmenter(net, self.params, image, probabilities, window)
        self._latest: _Latest | None = None
        self._frame = 0
        self._draw(probabilities, 1.0)
        return _output(Sight(mask, box, 1.0), probabilities, Claim(logits, box, has_started=True), window)

    def track(self, image: np.ndarray, info: dict[str, Any] | None = None) -> dict[str, Any]:
        """Follows into the next image (H, W, 3) uint8 RGB.

        Returns 'target_bbox' [x, y, w, h], the last known one where the object is absent; 'segmentation' (H, W) uint8,
        1 where it is; 'segmentation_raw' (H, W) float32, its probability; 'object_presence_score' in [0, 1], above 0.5
        where there is a mask; 'segm_search_area' [x, y, w, h], the part of the image that was looked at; 'claim', for
        `merge_results`. Raises ValueError for an image that cannot be used.
        """
        _require_image(image)
        self._settle((info or {}).get("previous_output") or {})
        self._frame += 1
        size = (image.shape[1], image.shape[0])
        window = self._region.window(size)
        logits, features = self._segmenter.segment(image, window)
        logits = paste(logits, window, size)
        probabilities = sigmoid(logits)
        sight = self._region.look(probabilities)
        self._draw(probabilities, sight.score)
        others = ~sight.mask & (probabilities > 0.5)
        probabilities[others], logits[others] = 0, OUTSIDE_SCORE
        self._latest = _Latest(sight, probabilities, features, window)
        return _output(sight, probabilities, Claim(logits, self._region.box), window)

    def merge_results(self, out_all: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
        """One output of several trackers' by object id: called by pytracking's `MultiObjectWrapper`."""
        return merge(out_all)

    def _settle(self, previous: Mapping[str, Any]) -> None:
        """Moves the search region and learns from the last frame, after the other objects' claims in it."""
        if self._latest is None:
            return
        latest = self._latest
        probabilities, sight = latest.probabilities, latest.sight
        others = previous.get("segmentation_raw")
        if isinstance(others, Mapping) and self._object_id in others:
            probabilities = others[self._object_id]
            sight = self._region.look(probabilities)
        self._region.update(sight)
        if sight.box is not None and sight.score >= self.params.least_score_to_learn:
            self._segmenter.remember(latest.features, probabilities, latest.window)

    def _leave_drawing(self, info: Mapping[str, Any]) -> None:
        """Without visdom pytracking draws with matplotlib, and fails where boxes are dicts by object id."""
        if "init_other" in info and self.visdom is None and self.params.get("visualization", False):
            _log.warning("frames of a sequence with object ids are drawn in visdom only, which is not running")
            self.params.visualization = False

    def _draw(self, probabilities: np.ndarray, score: float) -> None:
        """Shows probabilities and memory in visdom, where pytracking has started it (`--debug`)."""
        if self.visdom is None:
            return
        name = "" if self._object_id is None else f" {self._object_id}"
        memory = self._segmenter.memory
        status = {"frame": self._frame, "presence score": round(score, 3), "frames absent": self._region.absent,
                  "frames in memory": len(memory)}
        self.visdom.register(status, "info_dict", 1, f"Status{name}")
        self.visdom.register(torch.from_numpy(probabilities), "heatmap", 2, f"Probability{name}")
        self.visdom.register((memory.shares, memory.ages), "lineplot", 2, f"Memory, share by age{name}")


def _require_image(image: Any) -> None:
    if not (isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8):
        got = f"{image.shape} {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f"expected an image (H, W, 3) uint8 RGB, got {got}")


def _output(sight: Sight, probabilities: np.ndarray, claim: Claim, window: Window) -> dict[str, Any]:
    box = claim.last_box if sight.box is None else sight.box
    return {"target_bbox": [float(side) for side in box], "segmentation": sight.mask.astype(np.uint8),
            "segmentation_raw": probabilities, "object_presence_score": sight.score, "claim": claim,
            "segm_search_area": [window.x, window.y, window.width, window.height]}
