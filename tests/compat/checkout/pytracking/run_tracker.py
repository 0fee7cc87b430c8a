import argparse

from pytracking.evaluation.running import run_dataset
from pytracking.evaluation.tracker import Tracker


class Sequence:
    dataset, object_ids, multiobj_mode = "toy", None, False

    def __init__(self, name):
        self.name = name


def run_tracker(tracker_name, tracker_param, threads):
    run_dataset([Sequence("good"), Sequence("bad"), Sequence("unsaved"), Sequence("last")],
                [Tracker(tracker_name, tracker_param)], threads=threads)


def main():
    parser = argparse.ArgumentParser(description="Run a tracker.")
    parser.add_argument("tracker_name")
    parser.add_argument("tracker_param")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    run_tracker(options.tracker_name, options.tracker_param, options.threads)
