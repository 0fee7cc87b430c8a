"""Trackers that are in our folders, sequences that failed, and results that are whole and of this run's networks."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import logging
import os
import pkgutil
import shutil
import sys
from collections.abc import Callable
from functools import wraps
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from boxmask import host
from boxmask.compat.hook import ImportHook
from boxmask.compat.mend import mends, replace

_ORIGIN = "pytracking.evaluation.origin"
_log = logging.getLogger(__name__)
_failed: list[str] = []


def failed() -> list[str]:
    """Tracker and sequence of every run in this process that left no results."""
    return list(_failed)


def serve(hook: ImportHook) -> None:
    """Has the record of what made results, which a checkout does not have."""
    hook.serve(_ORIGIN, host.STANDALONE.joinpath(*_ORIGIN.split(".")).with_suffix(".py"))


class NoSequenceError(IndexError, ValueError):
    """A dataset has no sequence of that name or number."""


@mends("sequences", "pytracking.evaluation.data")
def a_sequence_that_is_not_there_is_told(module: ModuleType) -> bool:
    """A name that no sequence has is an IndexError, which a command line shows as a traceback."""
    if not hasattr(module, "SequenceList"):
        return False
    original = module.SequenceList.__getitem__

    @wraps(original)
    def __getitem__(self: Any, item: Any) -> Any:  # noqa: N807 -- becomes the class's
        try:
            return original(self, item)
        except IndexError:
            first = f", the first of them {next(iter(self)).name}" if self else ""
            raise NoSequenceError(f"the dataset has no sequence {item!r}; it has {len(self)}{first}") from None

    module.SequenceList.__getitem__ = __getitem__
    return True


@mends("trackers", "pytracking.evaluation.tracker")
def trackers_in_other_folders(module: ModuleType) -> bool:
    """`Tracker` looks for a tracker's class only if `pytracking/tracker/<name>` is a folder of the checkout itself."""
    original = module.Tracker.__init__

    @wraps(original)
    def __init__(self: Any, name: str, *args: Any, **keywords: Any) -> None:  # noqa: N807 -- becomes the class's
        original(self, name, *args, **keywords)
        package = importlib.import_module("pytracking.tracker")
        if self.tracker_class is None and name.isidentifier() and _exists(package, name):
            self.tracker_class = importlib.import_module(f"{package.__name__}.{name}").get_tracker_class()

    module.Tracker.__init__ = __init__
    return True


@mends("drawing", "pytracking.evaluation.tracker")
def a_single_box_can_be_drawn(module: ModuleType) -> bool:
    """With debug and without visdom, `visualize` is given one box first, and takes its four numbers for boxes."""
    if not hasattr(module.Tracker, "visualize"):
        return False
    original = module.Tracker.visualize

    @wraps(original)
    def visualize(self: Any, image: Any, state: Any, segmentation: Any = None) -> None:
        is_box = isinstance(state, list) and len(state) == 4 and all(np.isscalar(side) for side in state)
        original(self, image, [state] if is_box else state, segmentation)

    module.Tracker.visualize = visualize
    return True


@mends("results", "pytracking.evaluation.tracker")
def errors_say_where(module: ModuleType) -> bool:
    """What goes wrong in a sequence is printed without the sequence, and a missing image as OpenCV's assertion."""
    if not hasattr(module.Tracker, "_read_image"):
        return False
    read, run = module.Tracker._read_image, module.Tracker.run_sequence

    @wraps(read)
    def _read_image(self: Any, image_file: str) -> Any:
        self.latest_image = image_file
        try:
            return read(self, image_file)
        except cv2.error:
            problem = "not an image that OpenCV reads" if Path(image_file).is_file() else "there is no such image"
            raise ValueError(f"{image_file}: {problem}; copy the frame from the dataset again") from None

    @wraps(run)
    def run_sequence(self: Any, seq: Any, *args: Any, **keywords: Any) -> Any:
        self.latest_image = None
        try:
            return run(self, seq, *args, **keywords)
        except Exception as error:
            _log.error("%s %s on %s%s: %s: %s", self.name, self.parameter_name, seq.name,
                       _where(seq, self.latest_image), type(error).__name__, error)
            raise

    module.Tracker._read_image, module.Tracker.run_sequence = _read_image, run_sequence
    return True


def _where(seq: Any, image: str | None) -> str:
    """The frame, and the file of the mask that an object starts with in it."""
    if image is None:
        return ""
    mask = seq.init_data.get(seq.frames.index(image), {}).get("mask")
    return f", frame {image}" + (f", with the mask {mask}" if mask is not None else "")


@mends("results", "pytracking.evaluation.running")
def failed_sequences_are_told(module: ModuleType) -> bool:
    """`run_dataset` prints an exception, ends at one that comes out of saving, takes a sequence without objects for
    done, and nobody knows afterwards: it goes on, and the sequences without results are told and noted. What its
    workers print into a pipe or a file it loses when it terminates them: they write it out after each sequence.

    In a linked checkout pytracking's own program has it by name before anything of ours is imported. What that exits
    with is said here, for nothing comes after.
    """
    run_sequence_alone, run_all = module.run_sequence, module.run_dataset

    @wraps(run_sequence_alone)
    def run_sequence(seq: Any, tracker: Any, debug: Any = False, visdom_info: Any = None) -> None:
        if not _result_files(seq, tracker):
            _log.error("%s %s on %s: no object starts in it; look at its masks", tracker.name, tracker.parameter_name,
                       seq.name)
            return
        try:
            run_sequence_alone(seq, tracker, debug=debug, visdom_info=visdom_info)
        except Exception:
            if debug:
                raise
            _log.exception("%s %s on %s", tracker.name, tracker.parameter_name, seq.name)
            # Half of a result would be taken for a whole one, now and by the next run.
            for path in _result_files(seq, tracker):
                path.unlink(missing_ok=True)
        finally:
            sys.stdout.flush()

    @wraps(run_all)
    def run_dataset(dataset: Any, trackers: Any, debug: Any = False, *args: Any, **keywords: Any) -> None:
        for tracker in trackers:
            _require_class(tracker)
            if not debug:
                # Results of the checkout's own trackers may be older than this record.
                importlib.import_module(_ORIGIN).claim(tracker, others_may_stay=not _is_of_ours(tracker))
        run_all(dataset, trackers, debug, *args, **keywords)
        # With debug on nothing is written, and the first exception ends it.
        without = [f"{tracker.name} {tracker.parameter_name} on {seq.name}"
                   for seq, tracker in product(dataset, trackers)
                   if not debug and not _is_done(_result_files(seq, tracker))]
        if without:
            _failed.extend(without)
            _log.error("no results of %d runs: %s", len(without), "; ".join(without))
            if _is_pytrackings_program():
                sys.exit(1)

    replace(module, "run_sequence", run_sequence)
    replace(module, "run_dataset", run_dataset)
    return True


@mends("results", "pytracking.evaluation.running")
def results_appear_whole(module: ModuleType) -> bool:
    """A sequence counts as done when its boxes are there, and they are written before its masks: a run that is killed
    in between leaves half of them for good. Written elsewhere, they get their names when all are there, boxes last.
    """
    names = [name for name in ("_save_tracker_output", "_save_tracker_output_oxuva") if hasattr(module, name)]
    for name in names:
        setattr(module, name, _whole(getattr(module, name)))
    return bool(names)


def _whole(save: Callable[..., None]) -> Callable[..., None]:
    @wraps(save)
    def save_whole(seq: Any, tracker: Any, output: Any) -> None:
        boxes, masks = Path(tracker.results_dir), Path(tracker.segmentation_dir)
        partial = [folder / f".{seq.name}.partial" for folder in (boxes, masks)]
        try:
            for folder in partial:
                shutil.rmtree(folder, ignore_errors=True)
            tracker.results_dir, tracker.segmentation_dir = map(str, partial)
            save(seq, tracker, output)
            for made in partial[1].iterdir() if partial[1].is_dir() else ():
                shutil.rmtree(masks / made.name, ignore_errors=True)
                os.replace(made, masks / made.name)
            last = {path.name for path in _result_files(seq, tracker)}
            for made in sorted(partial[0].iterdir(), key=lambda path: path.name in last):
                os.replace(made, boxes / made.name)
        finally:
            tracker.results_dir, tracker.segmentation_dir = str(boxes), str(masks)
            for folder in partial:
                shutil.rmtree(folder, ignore_errors=True)

    return save_whole


def _is_pytrackings_program() -> bool:
    """Whether a file of the checkout's `pytracking` runs, such as `run_tracker.py`, and not one of ours."""
    program = getattr(sys.modules.get("__main__"), "__file__", None)
    package = importlib.import_module("pytracking").__path__[0]
    return program is not None and Path(program).resolve().parent == Path(package).resolve()


def _is_of_ours(tracker: Any) -> bool:
    return Path(inspect.getfile(tracker.tracker_class)).resolve().is_relative_to(host.overlay_root())


def _require_class(tracker: Any) -> None:
    if tracker.tracker_class is None:
        package = importlib.import_module("pytracking.tracker")
        names = sorted(one.name for one in pkgutil.iter_modules(package.__path__) if one.name != "base")
        raise ValueError(f"there is no tracker {tracker.name!r}; there are: {', '.join(names)}")


def _exists(package: ModuleType, name: str) -> bool:
    return importlib.util.find_spec(f"{package.__name__}.{name}") is not None


def _is_done(files: list[Path]) -> bool:
    return bool(files) and all(path.is_file() for path in files)


def _result_files(seq: Any, tracker: Any) -> list[Path]:
    """The files of boxes that pytracking writes for a sequence, and by which it knows that it was done."""
    if seq.dataset == "oxuva":
        names = ["_".join(seq.name.split("_")[:2]) + ".csv"]
    elif seq.object_ids is None or not seq.multiobj_mode:
        names = [f"{seq.name}.txt"]
    else:
        names = [f"{seq.name}_{object_id}.txt" for object_id in seq.object_ids]
    return [Path(tracker.results_dir, name) for name in names]
