import argparse
import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), ".."))

from pytracking.evaluation.data import SequenceList  # noqa: E402 -- as in pytracking
from pytracking.evaluation.running import run_dataset  # noqa: E402
from pytracking.evaluation.tracker import Tracker  # noqa: E402


class Sequence:
    dataset, object_ids, multiobj_mode = "toy", None, False

    def __init__(self, name):
        self.name = name


def run_tracker(tracker_name, tracker_param, sequence, threads):
    dataset = SequenceList([Sequence("good"), Sequence("bad"), Sequence("unsaved"), Sequence("last")])
    if sequence is not None:
        dataset = [dataset[sequence]]
    trackers = [Tracker(tracker_name, tracker_param)]
    run_dataset(dataset, trackers, threads=threads)


def main():
    parser = argparse.ArgumentParser(description="Run a tracker.")
    parser.add_argument("tracker_name")
    parser.add_argument("tracker_param")
    parser.add_argument("--sequence")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    run_tracker(options.tracker_name, options.tracker_param, options.sequence, options.threads)


if __name__ == "__main__":
    main()
