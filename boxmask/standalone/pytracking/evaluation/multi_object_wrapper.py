"""Several targets by one tracker each."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from pytracking.utils.params import TrackerParams
from pytracking.utils.visdom import draw_tracking


class MultiObjectWrapper:
    """A tracker for several targets made of trackers for one, whose outputs are merged in every frame.

    The trackers' own `merge_results(out_all)` merges if they have it; otherwise each pixel goes to the target whose
    'segmentation_soft' (or 'segmentation') is largest there, if it is above `params.segmentation_threshold` (0.5), and
    everything else becomes a dict by object id.
    """

    def __init__(self, base_tracker_class: Callable[[TrackerParams], Any], params: TrackerParams,
                 visdom: Any = None) -> None:
        self.base_tracker_class = base_tracker_class
        self.params = params
        self.visdom = visdom
        self.trackers: OrderedDict[str, Any] = OrderedDict()

    def initialize(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        """Starts the targets of the first frame."""
        self.trackers = OrderedDict()
        return self._merge(self._start(image, info))

    def track(self, image: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        """Follows the targets that have started, and starts those of this frame."""
        outputs: OrderedDict[str, dict[str, Any]] = OrderedDict()
        starts = _split(info) if info.get("init_object_ids") else {}
        others = {**info, "init_other": next(iter(starts.values()))["init_other"]} if starts else info
        for name, tracker in self.trackers.items():
            outputs[name] = _timed(tracker.track, image, others)
        outputs.update(self._start(image, info))
        return self._merge(outputs)

    def visdom_draw_tracking(self, image: np.ndarray, box: Any, segmentation: np.ndarray | None = None) -> None:
        """Shows a frame with the boxes of all targets and their masks."""
        draw_tracking(self.visdom, image, box, segmentation)

    def _start(self, image: np.ndarray, info: dict[str, Any]) -> OrderedDict[str, dict[str, Any]]:
        outputs: OrderedDict[str, dict[str, Any]] = OrderedDict()
        if not info.get("init_object_ids"):
            return outputs
        for name, own in _split(info).items():
            if "previous_output" in info:
                own["previous_output"] = info["previous_output"]
            self.trackers[name] = self.base_tracker_class(self.params)
            self.trackers[name].visdom = self.visdom
            output = _timed(self.trackers[name].initialize, image, own)
            given = {"target_bbox": own.get("init_bbox"), "segmentation": own.get("init_mask")}
            outputs[name] = {**given, **{key: value for key, value in output.items() if value is not None}}
        return outputs

    def _merge(self, outputs: OrderedDict[str, dict[str, Any]]) -> dict[str, Any]:
        if not outputs:
            return {}
        tracker = next(iter(self.trackers.values()))
        if hasattr(tracker, "merge_results"):
            return tracker.merge_results(outputs)
        keys = [key for key in next(iter(outputs.values())) if key != "segmentation"]
        merged: dict[str, Any] = {
            key: OrderedDict((name, output[key]) for name, output in outputs.items() if key in output) for key in keys}
        if all(output.get("segmentation") is not None for output in outputs.values()):
            merged["segmentation"] = self._merge_masks(outputs)
        return merged

    def _merge_masks(self, outputs: OrderedDict[str, dict[str, Any]]) -> np.ndarray:
        scores = np.stack([output.get("segmentation_soft", output["segmentation"]) for output in outputs.values()])
        ids = np.array([int(name) for name in outputs], dtype=np.uint8)
        above = scores.max(axis=0) > self.params.get("segmentation_threshold", 0.5)
        return np.where(above, ids[scores.argmax(axis=0)], 0).astype(np.uint8)


def _split(info: dict[str, Any]) -> OrderedDict[str, dict[str, Any]]:
    """The start of each target, which also tells of the starts of the others ('init_other')."""
    others: OrderedDict[str, dict[str, Any]] = OrderedDict((name, {}) for name in info["init_object_ids"])
    for name, start in others.items():
        if "init_bbox" in info:
            start["init_bbox"] = info["init_bbox"][name]
        if "init_mask" in info:
            start["init_mask"] = (info["init_mask"] == int(name)).astype(np.uint8)
    return OrderedDict((name, {**start, "object_ids": [name], "init_other": others,
                               "sequence_object_ids": info["sequence_object_ids"]}) for name, start in others.items())


def _timed(call: Callable[..., dict[str, Any] | None], *arguments: Any) -> dict[str, Any]:
    start = time.perf_counter()
    output = call(*arguments) or {}
    return {"time": time.perf_counter() - start, **output}
