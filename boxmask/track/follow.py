"""A tracker of either host over the frames of a video, one frame in memory at a time. Needs the host."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boxmask.boxes import intersect, is_valid
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import Frames
from pytracking.evaluation.multi_object_wrapper import MultiObjectWrapper
from pytracking.evaluation.tracker import Tracker


class VideoError(ValueError):
    """A video that cannot be tracked: the message names the file, and the frame or box."""


@dataclass(frozen=True, eq=False)
class Tracked:
    """What a tracker says of a frame (H, W, 3) uint8 RGB.

    boxes: xywh by object id; mask (H, W) of object ids, None from trackers that give boxes alone; scores of presence
    by object id, empty where there are none; seconds that it took.
    """

    image: np.ndarray
    boxes: dict[int, np.ndarray]
    mask: np.ndarray | None
    scores: dict[int, float]
    seconds: float


def follow(host_tracker: Tracker, name: str, frames: Frames, boxes: Sequence[Sequence[float]], *, debug: int = 0,
           visdom_info: Mapping[str, Any] | None = None) -> Iterator[Tracked]:
    """Every frame, after the tracker has seen it.

    name: of the video, for errors. boxes: xywh in the first frame, of objects 1, 2, ...; debug, visdom_info: as of
    pytracking's `run_sequence`. Raises VideoError for a box outside the frame and a frame that cannot be read, and
    whatever the tracker raises.
    """
    params = host_tracker.get_parameters()
    params.debug, params.visualization = debug, False  # without visdom, pytracking draws into windows of matplotlib
    params.tracker_name, params.param_name = host_tracker.name, host_tracker.parameter_name
    host_tracker._init_visdom(visdom_info, debug)
    tracker = _make(host_tracker, params, several=len(boxes) > 1)
    previous: dict[str, Any] = {}
    for number in range(len(frames.names)):
        image = _load(name, frames, number)
        if number == 0:
            _require_inside(boxes, image, name)
        start = time.perf_counter()
        if number == 0:
            info = _start(boxes)
            previous = {"target_bbox": info["init_bbox"], **(tracker.initialize(image, info) or {})}
        else:
            previous = dict(tracker.track(image, {"previous_output": previous}))
        seconds = time.perf_counter() - start
        if host_tracker.visdom is not None:
            found = previous["target_bbox"]
            tracker.visdom_draw_tracking(image, OrderedDict(found) if isinstance(found, Mapping) else [found],
                                         previous.get("segmentation"))
        yield _tracked(image, previous, seconds)


def _make(host_tracker: Tracker, params: Any, *, several: bool) -> Any:
    mode = getattr(params, "multiobj_mode", getattr(host_tracker.tracker_class, "multiobj_mode", "default"))
    if several and mode == "parallel":
        return MultiObjectWrapper(host_tracker.tracker_class, params, host_tracker.visdom)
    return host_tracker.create_tracker(params)


def _start(boxes: Sequence[Sequence[float]]) -> dict[str, Any]:
    """What `initialize` is given: as for a sequence of one object, or of several."""
    if len(boxes) == 1:
        return {"init_bbox": [float(side) for side in boxes[0]]}
    by_id = {str(number): [float(side) for side in box] for number, box in enumerate(boxes, 1)}
    names = list(by_id)
    return {"init_bbox": by_id, "init_object_ids": names, "object_ids": names, "sequence_object_ids": names}


def _tracked(image: np.ndarray, output: Mapping[str, Any], seconds: float) -> Tracked:
    mask = output.get("segmentation")
    return Tracked(image, {key: np.asarray(box, dtype=float) for key, box in _by_id(output["target_bbox"]).items()},
                   None if mask is None else np.asarray(mask).astype(np.uint8),
                   {key: float(score) for key, score in _by_id(output.get("object_presence_score")).items()}, seconds)


def _by_id(value: Any) -> dict[int, Any]:
    if value is None:
        return {}
    return {int(key): one for key, one in value.items()} if isinstance(value, Mapping) else {1: value}


def _load(name: str, frames: Frames, number: int) -> np.ndarray:
    try:
        return frames.load(number)
    except ImageError as error:
        raise VideoError(f"{name}, frame {frames.names[number]}: {error}") from error


def _require_inside(boxes: Sequence[Sequence[float]], image: np.ndarray, name: str) -> None:
    size = (image.shape[1], image.shape[0])
    for box in boxes:
        if not is_valid(box) or not is_valid(intersect(box, size)):
            raise VideoError(f"{name}: the box {' '.join(f'{side:g}' for side in box)} has no pixel of the first "
                             f"frame, which has {size[0]}x{size[1]}; expected left, top, width and height")
