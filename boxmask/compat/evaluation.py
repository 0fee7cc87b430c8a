"""Trackers that are in our folders, and sequences that failed."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import pkgutil
from functools import wraps
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

from boxmask.compat.mend import mends

_log = logging.getLogger(__name__)
_failed: list[str] = []


def failed() -> list[str]:
    """Tracker and sequence of every run in this process that left no results."""
    return list(_failed)


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


@mends("results", "pytracking.evaluation.running")
def failed_sequences_are_told(module: ModuleType) -> bool:
    """`run_dataset` prints an exception, ends at one that comes out of saving, and nobody knows afterwards: it goes on
    after both, and the sequences without results are told and noted.
    """
    run_sequence_alone, run_all = module.run_sequence, module.run_dataset

    @wraps(run_sequence_alone)
    def run_sequence(seq: Any, tracker: Any, debug: Any = False, visdom_info: Any = None) -> None:
        try:
            run_sequence_alone(seq, tracker, debug=debug, visdom_info=visdom_info)
        except Exception:
            if debug:
                raise
            _log.exception("%s %s on %s", tracker.name, tracker.parameter_name, seq.name)
            # Half of a result would be taken for a whole one, now and by the next run.
            for path in _result_files(seq, tracker):
                path.unlink(missing_ok=True)

    @wraps(run_all)
    def run_dataset(dataset: Any, trackers: Any, debug: Any = False, *args: Any, **keywords: Any) -> None:
        for tracker in trackers:
            _require_class(tracker)
        run_all(dataset, trackers, debug, *args, **keywords)
        # With debug on nothing is written, and the first exception ends it.
        without = [f"{tracker.name} {tracker.parameter_name} on {seq.name}"
                   for seq, tracker in product(dataset, trackers)
                   if not debug and not all(path.is_file() for path in _result_files(seq, tracker))]
        if without:
            _failed.extend(without)
            _log.error("no results of %d runs: %s", len(without), "; ".join(without))

    module.run_sequence, module.run_dataset = run_sequence, run_dataset
    return True


def _require_class(tracker: Any) -> None:
    if tracker.tracker_class is None:
        package = importlib.import_module("pytracking.tracker")
        names = sorted(one.name for one in pkgutil.iter_modules(package.__path__) if one.name != "base")
        raise ValueError(f"there is no tracker {tracker.name!r}; there are: {', '.join(names)}")


def _exists(package: ModuleType, name: str) -> bool:
    return importlib.util.find_spec(f"{package.__name__}.{name}") is not None


def _result_files(seq: Any, tracker: Any) -> list[Path]:
    """The files of boxes that pytracking writes for a sequence, and by which it knows that it was done."""
    if seq.dataset == "oxuva":
        names = ["_".join(seq.name.split("_")[:2]) + ".csv"]
    elif seq.object_ids is None or not seq.multiobj_mode:
        names = [f"{seq.name}.txt"]
    else:
        names = [f"{seq.name}_{object_id}.txt" for object_id in seq.object_ids]
    return [Path(tracker.results_dir, name) for name in names]
