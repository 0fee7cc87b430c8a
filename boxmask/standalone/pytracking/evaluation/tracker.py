"""A tracker with its parameters, run on sequences."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import time
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from contextlib import contextmanager
from typing import Any

import numpy as np

import pytracking.parameter
import pytracking.tracker
from ltr.data.image_loader import opencv_loader
from pytracking.evaluation.data import Sequence
from pytracking.evaluation.environment import env_settings
from pytracking.evaluation.multi_object_wrapper import MultiObjectWrapper
from pytracking.utils.params import TrackerParams
from pytracking.utils.visdom import Visdom, connect

# The box and where it was looked for: what is shown of a frame.
_DRAWN = ("target_bbox", "clf_target_bbox", "clf_search_area", "segm_search_area")
_KEPT = ("target_bbox", "time", "segmentation", "object_presence_score")


def trackerlist(name: str, parameter_name: str, run_ids: int | SequenceOf[int | None] | None = None,
                display_name: str | None = None) -> list[Tracker]:
    """One tracker for each run id."""
    if run_ids is None or isinstance(run_ids, int):
        run_ids = [run_ids]
    return [Tracker(name, parameter_name, run_id, display_name) for run_id in run_ids]


class Tracker:
    """The tracker `pytracking/tracker/<name>` with the parameters `pytracking/parameter/<name>/<parameter_name>.py`.

    run_id: tells apart the results of several runs. `tracker_class` is None where only results are there.
    """

    def __init__(self, name: str, parameter_name: str, run_id: int | None = None,
                 display_name: str | None = None) -> None:
        self.name = name
        self.parameter_name = parameter_name
        self.run_id = run_id
        self.display_name = display_name
        paths = env_settings()
        run = parameter_name if run_id is None else f"{parameter_name}_{run_id:03d}"
        self.results_dir = os.path.join(paths.results_path, name, run)
        self.segmentation_dir = os.path.join(paths.segmentation_path, name, run)
        self.tracker_class: type | None = None
        self.visdom: Visdom | None = None
        if _exists(pytracking.tracker, name):
            self.tracker_class = importlib.import_module(f"pytracking.tracker.{name}").get_tracker_class()

    def __repr__(self) -> str:
        return f"{self.name} {self.parameter_name}" + ("" if self.run_id is None else f" {self.run_id}")

    def get_parameters(self) -> TrackerParams:
        """Runs the parameter file. Raises ValueError for one that does not exist."""
        if not _exists(pytracking.parameter, self.name):
            raise ValueError(f"there are no parameters for the tracker {self.name!r}; "
                             f"there are some for: {_listed(pytracking.parameter)}")
        package = importlib.import_module(f"pytracking.parameter.{self.name}")
        if not _exists(package, self.parameter_name):
            raise ValueError(f"the tracker {self.name!r} has no parameters {self.parameter_name!r}; it has: "
                             f"{_listed(package)}")
        return importlib.import_module(f"{package.__name__}.{self.parameter_name}").parameters()

    def require_class(self) -> type:
        """The tracker's class. Raises ValueError if there is no such tracker."""
        if self.tracker_class is None:
            raise ValueError(f"there is no tracker {self.name!r}; there are: {_listed(pytracking.tracker) or 'none'}")
        return self.tracker_class

    def create_tracker(self, params: TrackerParams) -> Any:
        """A tracker, ready for its first frame."""
        tracker = self.require_class()(params)
        tracker.visdom = self.visdom
        return tracker

    def run_sequence(self, seq: Sequence, visualization: bool | None = None, debug: int | None = None,
                     visdom_info: dict | None = None, multiobj_mode: str | None = None) -> dict[str, list[Any]]:
        """Runs the tracker on a sequence.

        debug: the level a tracker is given as `params.debug`; above 0 visdom shows every frame, where it runs.
        visdom_info: 'use_visdom', 'server', 'port'. visualization: accepted as in pytracking; no window is opened.
        multiobj_mode: 'default' or 'parallel'; by default as parameters or tracker say.
        Returns lists with one entry a frame: 'target_bbox', 'time' and, if the tracker gives them, 'segmentation' and
        'object_presence_score'.
        """
        params = self.get_parameters()
        params.debug = params.get("debug", 0) if debug is None else debug
        params.visualization = False
        self._init_visdom(visdom_info, params.debug)
        mode = multiobj_mode or params.get("multiobj_mode", getattr(self.tracker_class, "multiobj_mode", "default"))
        if mode not in ("default", "parallel"):
            raise ValueError(f"the tracker {self.name!r} has the multi-object mode {mode!r}; there are 'default' and "
                             "'parallel'")
        if mode == "parallel" and seq.multiobj_mode:
            return _track(MultiObjectWrapper(self.require_class(), params, self.visdom), seq, self.visdom)
        return _track(self.create_tracker(params), seq, self.visdom)

    def _init_visdom(self, visdom_info: dict | None, debug: int) -> None:
        self.visdom = connect(debug, visdom_info)


def _track(tracker: Any, seq: Sequence, visdom: Visdom | None) -> dict[str, list[Any]]:
    outputs: list[dict[str, Any]] = []
    previous: dict[str, Any] = {}
    for number, path in enumerate(seq.frames):
        with _named(seq, number):
            image = opencv_loader(path)
            info = seq.frame_info(number)
            _require_size(info, image)
            start = time.perf_counter()
            if number == 0:
                previous = dict(tracker.initialize(image, info) or {})
                given = {"target_bbox": info.get("init_bbox"), "time": time.perf_counter() - start,
                         "segmentation": info.get("init_mask"), "object_presence_score": 1.0}
                outputs.append({**given, **{key: value for key, value in previous.items() if value is not None}})
            else:
                previous = dict(tracker.track(image, {**info, "previous_output": previous}))
                if previous.get("target_bbox") is None:
                    raise ValueError("the tracker returned no 'target_bbox'")
                outputs.append({"time": time.perf_counter() - start, **previous})
        _show(visdom, tracker, image, outputs[-1])
    return _by_key(outputs, seq)


@contextmanager
def _named(seq: Sequence, number: int) -> Iterator[None]:
    """Lets a ValueError from the block say in which sequence, frame and files it was."""
    try:
        yield
    except ValueError as error:
        mask = seq.init_data.get(number, {}).get("mask")
        files = f"image {seq.frames[number]}" + ("" if mask is None else f", first mask {mask}")
        raise ValueError(f"{seq.dataset} {seq.name}, frame {number}: {error} ({files})") from error


def _require_size(info: dict[str, Any], image: np.ndarray) -> None:
    mask = info.get("init_mask")
    if mask is not None and mask.shape != image.shape[:2]:
        raise ValueError(f"the mask is {mask.shape[1]}x{mask.shape[0]} and the image {image.shape[1]}x"
                         f"{image.shape[0]}; make the mask at the image's size")


def _show(visdom: Visdom | None, tracker: Any, image: np.ndarray, output: dict[str, Any]) -> None:
    if visdom is None:
        return
    boxes = [output[key] for key in _DRAWN if output.get(key) is not None]
    tracker.visdom_draw_tracking(image, boxes, output.get("segmentation"))
    visdom.wait_while_paused()


def _by_key(outputs: list[dict[str, Any]], seq: Sequence) -> dict[str, list[Any]]:
    """Lists by key; a key that only the first frame has comes from the dataset and is left out."""
    lists: dict[str, list[Any]] = {}
    for key in _KEPT:
        values = [output[key] for output in outputs if output.get(key) is not None]
        if len(values) == len(outputs) and (len(outputs) == 1 or any(key in output for output in outputs[1:])):
            lists[key] = values
        elif len(values) > 1:
            without = next(number for number, output in enumerate(outputs) if output.get(key) is None)
            hint = "; without a mask to start from, initialize() must return it, too" if without == 0 else ""
            raise ValueError(f"{seq.dataset} {seq.name}: the tracker returned {key!r} for {len(values)} of "
                             f"{len(outputs)} frames, not for frame {without}{hint}")
    return lists


def _exists(package: Any, name: str) -> bool:
    return name.isidentifier() and importlib.util.find_spec(f"{package.__name__}.{name}") is not None


def _listed(package: Any) -> str:
    return ", ".join(sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "base"))
