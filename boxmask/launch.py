"""What `run_training.py` and `run_tracker.py` do: name the host, then hand over to pytracking's own command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from boxmask import host


def activate_host(arguments: Sequence[str]) -> list[str]:
    """Takes `--pytracking PATH` out of a command line and activates that host; returns the rest.

    The choice goes into the environment as well, which spawned workers inherit.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--pytracking", metavar="PATH")
    options, rest = parser.parse_known_args(arguments)
    if options.pytracking is not None:
        os.environ[host.ROOT_VARIABLE] = options.pytracking
    try:
        host.activate()
    except host.HostError as error:
        sys.exit(f"error: {error}")
    return rest


def training(arguments: Sequence[str]) -> int:
    """`ltr.run_training` of the active host."""
    from ltr import run_training
    return _run(run_training.main, "run_training.py", arguments)


def tracking(arguments: Sequence[str]) -> int:
    """`pytracking.run_tracker` of the active host."""
    from importlib import import_module
    return _run(import_module("pytracking.run_tracker").main, "run_tracker.py", arguments)


def _run(main, program: str, arguments: Sequence[str]) -> int:
    # A checkout's main() takes no arguments and reads sys.argv; ours reads the same.
    sys.argv = [program, *arguments]
    return main() or 0
