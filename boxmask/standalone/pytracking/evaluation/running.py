"""Running trackers on a dataset: every sequence ends as done, skipped or failed, and none is passed over in silence."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product

from pytracking.evaluation.data import Sequence
from pytracking.evaluation.origin import claim
from pytracking.evaluation.results import results_exist, save_results
from pytracking.evaluation.tracker import Tracker

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """A sequence that a tracker did not get through."""

    tracker: str
    sequence: str
    error: str


def run_sequence(seq: Sequence, tracker: Tracker, debug: int = 0, visdom_info: dict | None = None) -> float | None:
    """Runs a tracker on a sequence and writes the results, unless they are there or debug is on.

    Returns frames per second, or None for a sequence that was skipped.
    """
    if seq.multiobj_mode and not seq.object_ids:
        raise ValueError(f"{seq.dataset} {seq.name}: no object starts in it; look at its masks")
    if results_exist(seq, tracker) and not debug:
        return None
    output = tracker.run_sequence(seq, debug=debug, visdom_info=visdom_info)
    if not debug:
        save_results(seq, tracker, output)
    seconds = sum(sum(value.values()) if isinstance(value, dict) else value for value in output["time"])
    return len(output["time"]) / max(seconds, 1e-9)


def run_dataset(dataset: SequenceOf[Sequence], trackers: SequenceOf[Tracker], debug: int = 0, threads: int = 0,
                visdom_info: dict | None = None) -> list[Failure]:
    """Runs every tracker on every sequence and returns the failures.

    threads: the number of processes; 0 for this one alone. debug: above 0 the first error is raised and nothing is
    written. Raises ValueError for a tracker that does not exist, and for a folder that has results of another network
    or other parameters.
    """
    for tracker in trackers:
        tracker.require_class()
        if not debug:
            claim(tracker)
    jobs = list(product(dataset, trackers))
    _log.info("%d trackers on %d sequences", len(trackers), len(dataset))
    failures = []
    for done, (seq, tracker, outcome) in enumerate(_outcomes(jobs, debug, threads, visdom_info), 1):
        _log.info("[%d / %d] %s, %s: %s", done, len(jobs), tracker, seq.name, _in_words(outcome))
        if isinstance(outcome, Exception):
            failures.append(Failure(repr(tracker), seq.name, _in_words(outcome)))
    for failure in failures:
        _log.error("failed: %s on %s: %s", failure.tracker, failure.sequence, failure.error)
    _log.info("%d of %d done, %d failed", len(jobs) - len(failures), len(jobs), len(failures))
    return failures


def _outcomes(jobs: list[tuple[Sequence, Tracker]], debug: int, processes: int,
              visdom_info: dict | None) -> Iterator[tuple[Sequence, Tracker, float | None | Exception]]:
    """What became of each job, in the order in which they end."""
    if processes == 0:
        for seq, tracker in jobs:
            yield seq, tracker, _attempt(seq, tracker, debug, visdom_info)
        return
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
    try:
        futures = {pool.submit(_attempt, seq, tracker, debug, visdom_info): (seq, tracker) for seq, tracker in jobs}
        for future in as_completed(futures):
            # The future itself fails if its process died, of too little memory for one.
            yield *futures[future], future.exception() or future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _attempt(seq: Sequence, tracker: Tracker, debug: int, visdom_info: dict | None) -> float | None | Exception:
    try:
        return run_sequence(seq, tracker, debug, visdom_info)
    except Exception as error:
        if debug:
            raise
        _log.debug("%s on %s", tracker, seq.name, exc_info=True)
        return error


def _in_words(outcome: float | None | Exception) -> str:
    if outcome is None:
        return "done before"
    if isinstance(outcome, Exception):
        return f"{type(outcome).__name__}: {' '.join(str(outcome).split())}"
    return f"{outcome:.1f} FPS"
