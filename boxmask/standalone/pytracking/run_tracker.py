"""The command line that runs a tracker: `python run_tracker.py <tracker> <parameters> --dataset_name <name>`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence as SequenceOf

from pytracking.evaluation.data import SequenceList
from pytracking.evaluation.datasets import dataset_dict, get_dataset
from pytracking.evaluation.running import Failure, run_dataset
from pytracking.evaluation.tracker import Tracker

_EXPECTED = (ValueError, OSError, ImportError)
INTERRUPTED = 130  # what shells give a program that ended by Ctrl-C


def run_tracker(tracker_name: str, tracker_param: str, run_id: int | None = None, dataset_name: str = "otb",
                sequence: int | str | None = None, debug: int = 0, threads: int = 0,
                visdom_info: dict | None = None) -> list[Failure]:
    """Runs a tracker on a dataset, or on one sequence of it (name or number), and returns the failures."""
    dataset = get_dataset(dataset_name)
    if sequence is not None:
        dataset = SequenceList([_pick(dataset, dataset_name, sequence)])
    return run_dataset(dataset, [Tracker(tracker_name, tracker_param, run_id)], debug, threads, visdom_info)


def main(argv: SequenceOf[str] | None = None) -> int:
    """Runs the command line and returns the exit code: 0, 1 after an error or a failed sequence, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    visdom = {"use_visdom": options.use_visdom, "server": options.visdom_server, "port": options.visdom_port}
    try:
        failures = run_tracker(options.tracker_name, options.tracker_param, options.runid, options.dataset_name,
                               options.sequence, options.debug, options.threads, visdom)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on with the sequences that have no results", file=sys.stderr)
        return INTERRUPTED
    except _EXPECTED as error:
        if options.debug or os.environ.get("BOXMASK_DEBUG") == "1":
            raise
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"error: {message}  (--debug 1 shows where)", file=sys.stderr)
        return 1
    return 1 if failures else 0


def _pick(dataset: SequenceList, dataset_name: str, sequence: int | str) -> object:
    """A sequence by its name, or by its number if none has that name."""
    if isinstance(sequence, str) and any(one.name == sequence for one in dataset):
        return dataset[sequence]
    if str(sequence).isdecimal() and int(sequence) < len(dataset):
        return dataset[int(sequence)]
    raise ValueError(f"{dataset_name} has no sequence {sequence!r}; it has {len(dataset)}, the first of them "
                     f"{dataset[0].name}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run_tracker.py", description="Runs a tracker on a dataset or a sequence.")
    parser.add_argument("tracker_name", help="folder in pytracking/tracker")
    parser.add_argument("tracker_param", help="file in pytracking/parameter/<tracker>, without .py")
    parser.add_argument("--runid", type=int, help="number that tells apart the results of several runs")
    parser.add_argument("--dataset_name", default="otb", help=f"{', '.join(sorted(dataset_dict))} (default: otb)")
    parser.add_argument("--sequence", help="name or number of one sequence (default: all)")
    parser.add_argument("--debug", type=int, default=0,
                        help="debug level; above 0 visdom shows what is going on, nothing is written, and errors are "
                             "shown in full")
    parser.add_argument("--threads", type=int, default=0, help="number of processes; 0 for this one alone")
    parser.add_argument("--use_visdom", type=lambda text: text.lower() not in ("", "0", "false"), default=True,
                        metavar="True|False", help="whether --debug looks for a visdom server (default: True)")
    parser.add_argument("--visdom_server", default="127.0.0.1")
    parser.add_argument("--visdom_port", type=int, default=8097)
    return parser


if __name__ == "__main__":
    sys.exit(main())
