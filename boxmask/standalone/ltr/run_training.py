"""The command line that trains: `python run_training.py <module> <name>`, on one device or under torchrun."""

from __future__ import annotations

import argparse
import importlib
import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import torch

from ltr.admin import distributed
from ltr.admin.settings import Settings

_log = logging.getLogger(__name__)
_EXPECTED = (ValueError, OSError, ImportError)
INTERRUPTED = 130  # what shells give a program that ended by Ctrl-C


def run_training(train_module: str, train_name: str, cudnn_benchmark: bool = True) -> None:
    """Runs the train settings `ltr/train_settings/<train_module>/<train_name>.py`.

    Raises ValueError for settings that do not exist, and whatever training raises.
    """
    # OpenCV's own threads and those of the loader's workers get in each other's way.
    cv2.setNumThreads(0)
    torch.backends.cudnn.benchmark = cudnn_benchmark
    _require_settings(train_module, train_name)
    module = importlib.import_module(f"ltr.train_settings.{train_module}.{train_name}")
    settings = Settings()
    settings.module_name = train_module
    settings.script_name = train_name
    settings.project_path = f"ltr/{train_module}/{train_name}"
    with distributed.process_group():
        if distributed.rank() != 0:
            logging.getLogger().setLevel(logging.WARNING)
        _log.info("Training:  %s  %s", train_module, train_name)
        module.run(settings)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code: 0, 1 after an error (one line of it), 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    multiprocessing.set_start_method("spawn", force=True)
    try:
        run_training(options.train_module, options.train_name, options.cudnn_benchmark)
    except KeyboardInterrupt:
        return INTERRUPTED
    except _EXPECTED as error:
        if options.debug:
            raise
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"error: {message}  (--debug shows where)", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run_training.py", description="Trains a network as its train settings say.")
    parser.add_argument("train_module", help="folder in ltr/train_settings")
    parser.add_argument("train_name", help="file in that folder, without .py")
    parser.add_argument("--cudnn_benchmark", type=_flag, default=True, metavar="0|1",
                        help="let cuDNN try its algorithms and keep the fastest (default: 1)")
    parser.add_argument("--debug", action="store_true", default=os.environ.get("BOXMASK_DEBUG") == "1",
                        help="show the traceback of an error; BOXMASK_DEBUG=1 does the same")
    return parser


def _flag(text: str) -> bool:
    if text.lower() not in ("0", "1", "false", "true"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither 0 nor 1")
    return text.lower() in ("1", "true")


def _require_settings(module: str, name: str) -> None:
    """Raises ValueError with what there is if there are no such settings."""
    # Looked for as files: an ImportError from within the settings then means what it says.
    package = importlib.import_module("ltr.train_settings")
    modules = _modules(package.__path__)
    if module not in modules:
        raise ValueError(f"there are no train settings {module!r}; there are: {', '.join(modules) or 'none'}")
    names = _names(importlib.import_module(f"ltr.train_settings.{module}").__path__)
    if name not in names:
        raise ValueError(f"{module!r} has no train settings {name!r}; it has: {', '.join(names) or 'none'}")


def _modules(paths: Sequence[str]) -> list[str]:
    return sorted({entry.name for path in paths for entry in Path(path).iterdir()
                   if entry.is_dir() and not entry.name.startswith(("_", "."))})


def _names(paths: Sequence[str]) -> list[str]:
    return sorted({entry.stem for path in paths for entry in Path(path).glob("*.py") if not entry.name.startswith("_")})


if __name__ == "__main__":
    sys.exit(main())
