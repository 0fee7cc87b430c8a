"""A launcher as `run_training.py` and `run_tracker.py`, with the toy folders in the host's packages."""

import importlib
import sys
from pathlib import Path

import boxmask.host

_HERE = Path(__file__).parent


def activate_toys():
    boxmask.host.activate()
    for package in ("ltr.models", "ltr.train_settings", "pytracking.tracker", "pytracking.parameter"):
        path = importlib.import_module(package).__path__
        folder = str(_HERE / package.rpartition(".")[2])
        if folder not in path:
            path.append(folder)


activate_toys()

if __name__ == "__main__":
    sys.exit(importlib.import_module(sys.argv[1]).main(sys.argv[2:]))
