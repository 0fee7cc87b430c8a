"""The command line `boxmask`: one module a command.

Heavy imports wait until a command needs them.
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
from pathlib import Path

import boxmask
from boxmask.cli import (
    bench,
    checkout,
    completion,
    demo,
    evaluate,
    export,
    generate,
    overlay,
    pack,
    quality,
    review,
    samples,
    verify,
)
from boxmask.cli.options import HelpFormatter, UsageError, print_error
from boxmask.terminal import leave_pipe

DESCRIPTION = "Masks from boxes for tracking videos, in the layout that pytracking's loaders read."
EXAMPLES = """examples:
  boxmask generate got10k --root data/got10k/train --out masks
  boxmask generate folder --frames video/ --boxes boxes.txt --out mine
  boxmask generate davis --root data/DAVIS --split val --out davis --checkpoint lite.safetensors
  boxmask evaluate masks --masks davis --truth data/DAVIS --split val --json scores.json
  boxmask evaluate boxes got10k --root data/got10k/val --results tracking_results/boxmask/lite
  boxmask review masks
  boxmask overlay --frames video/ --masks mine/video --boxes boxes.txt --out overlay.png
  boxmask demo

`boxmask COMMAND --help` has more on each. A network is trained with: python run_training.py boxmask default
exit codes: 0 all done, 1 an error or a failed sequence, 2 wrong usage, 130 interrupted
NO_COLOR=1 writes no colours on a terminal"""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns the exit code; what argparse itself refuses leaves through it, with 2."""
    args = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # In the environment, so that processes that a command starts use the same host.
    if args.pytracking is not None:
        os.environ["PYTRACKING_ROOT"] = str(args.pytracking)
    try:
        code = args.run(args)
        sys.stdout.flush()  # here, where a reader that is gone is no error
        return code
    except KeyboardInterrupt:
        print("boxmask: interrupted; what is finished stays", file=sys.stderr)
        return 130
    except BrokenPipeError:
        leave_pipe()
        return 1
    except (ValueError, OSError, ImportError, RuntimeError, MemoryError) as error:
        if args.debug:
            raise
        print_error(_explain(error))
        return 2 if isinstance(error, UsageError) else 1


def _explain(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return f"out of memory ({error}); use fewer --workers, or end other programs, and start again"
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error) or type(error).__name__
    place = f"{error.filename}: " if error.filename is not None else ""
    if error.errno == errno.ENOSPC:
        return f"{place}the disk is full; free some space and start again: what is finished stays"
    return f"{place}{error.strerror}"


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; every command sets `run`, a function of the parsed arguments to an exit code."""
    parser = argparse.ArgumentParser(prog="boxmask", description=DESCRIPTION, epilog=EXAMPLES,
                                     formatter_class=HelpFormatter)
    parser.add_argument("--version", action="version", version=f"boxmask {boxmask.__version__}")
    parser.add_argument("--pytracking", metavar="PATH", type=Path,
                        help="a pytracking checkout to work with (default: $PYTRACKING_ROOT, or the host that comes "
                             "with boxmask)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (generate, verify, quality, review, export, evaluate, overlay, demo, samples, pack, bench, checkout):
        command.add(commands)
    completion.add(commands, build_parser)
    return parser
