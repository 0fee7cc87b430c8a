"""What `run_training.py`, `run_tracker.py` and `run_video.py` do: name the host, then hand over.

To pytracking's own command lines; its one for videos needs a window, so that for them we have ours.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import multiprocessing
import os
import shlex
import sys
from collections.abc import Callable, Sequence

from boxmask import host

# Read by `choose` of the train settings; in the environment, because workers and subprocesses inherit that.
SET_VARIABLE = "BOXMASK_SET"
_TRAINING = "run_training.py"  # the one program that takes `--set`
INTERRUPTED = 130  # what shells give a program that ended by Ctrl-C
_FALSE = ("0", "false", "no")
_EXPECTED = (ValueError, OSError, ImportError)


def activate_host(arguments: Sequence[str], *, takes_settings: bool = False) -> list[str]:
    """Takes `--pytracking PATH` and `--set NAME=VALUE` out of a command line and activates the host; returns the rest.

    Both go into the environment as well, which spawned workers inherit. takes_settings: without it `--set` is refused:
    trackers know nothing of it, nor do train settings other than boxmask's. Ends the program, with one line, if the
    host cannot be used.
    """
    options, rest = _parser(takes_settings).parse_known_args(arguments)
    if options.set and "boxmask" not in rest:
        sys.exit(f"error: --set {options.set[0]} is for boxmask's train settings (run_training.py boxmask ...); others "
                 "do not read it: set the number in their file")
    if options.pytracking is not None:
        os.environ[host.ROOT_VARIABLE] = os.path.abspath(os.path.expanduser(options.pytracking))
    if options.set:
        said = os.environ.get(SET_VARIABLE, "")
        os.environ[SET_VARIABLE] = " ".join([*([said] if said else []), shlex.join(options.set)])
    try:
        host.activate()
    except host.HostError as error:
        sys.exit(f"error: {error}")
    return rest


def training(arguments: Sequence[str]) -> int:
    """`ltr.run_training` of the active host; returns the exit code.

    Ends the program, with one line, where torchrun has started several processes on a checkout.
    """
    if not host.activate().is_standalone:
        _refuse_several_processes()
        arguments = _with_empty_for_false(arguments, "--cudnn_benchmark")
    multiprocessing.set_start_method("spawn", force=True)
    return _run("ltr.run_training", _TRAINING, arguments)


def tracking(arguments: Sequence[str]) -> int:
    """`pytracking.run_tracker` of the active host; returns the exit code, 1 also if a sequence has no results."""
    return _run("pytracking.run_tracker", "run_tracker.py", _with_empty_for_false(arguments, "--use_visdom"))


def video(arguments: Sequence[str]) -> int:
    """`boxmask.track.video` on the active host; returns the exit code."""
    return _run("boxmask.track.video", "run_video.py", arguments)


def _refuse_several_processes() -> None:
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1:
        sys.exit(f"error: a pytracking checkout trains in one process; the {processes} of torchrun would overwrite "
                 "each other's checkpoints. Start it without torchrun, or on the host that comes with boxmask")


def _with_empty_for_false(arguments: Sequence[str], option: str) -> list[str]:
    """The arguments, as a checkout reads them: it takes any word after the option for True but an empty one."""
    said = ["", *arguments]
    wanted = ["" if before == option and word.lower() in _FALSE else word
              for before, word in zip(said, arguments, strict=False)]
    in_one_word = {f"{option}={word}" for word in _FALSE}
    return [f"{option}=" if word.lower() in in_one_word else word for word in wanted]


def _run(module: str, program: str, arguments: Sequence[str]) -> int:
    # A checkout's main() takes no arguments and reads sys.argv; ours reads the same.
    sys.argv = [program, *arguments]
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        # By name: in a checkout `pytracking.run_tracker` is a function, too, in the place of the module.
        main = importlib.import_module(module).main
        if {"-h", "--help"} & set(arguments):
            return _help(main, takes_settings=program == _TRAINING)
        return main() or _failed()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except _EXPECTED as error:
        if os.environ.get("BOXMASK_DEBUG") == "1":
            raise
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"error: {message}  (BOXMASK_DEBUG=1 shows where)", file=sys.stderr)
        return 1


def _failed() -> int:
    """1 if a checkout's evaluation, which tells nobody, left sequences without results."""
    evaluation = sys.modules.get("boxmask.compat.evaluation")
    return 1 if evaluation is not None and evaluation.failed() else 0


def _help(main: Callable[[], object], *, takes_settings: bool) -> int:
    try:
        main()
    except SystemExit:
        print("\n" + _parser(takes_settings).format_help().partition("\n\n")[2], end="")
    return 0


def _parser(takes_settings: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    group = parser.add_argument_group("the host")
    group.add_argument("--pytracking", metavar="PATH",
                       help=f"a checkout of visionml/pytracking to use, as it is (default: {host.ROOT_VARIABLE}, or "
                            "the small host that comes with boxmask)")
    group.add_argument("--set", metavar="NAME=VALUE", action="append", type=_assignment if takes_settings else _refused,
                       help="a number or path that boxmask's train settings offer, such as num_workers=2; may be "
                            "repeated" if takes_settings else argparse.SUPPRESS)
    return parser


def _assignment(text: str) -> str:
    name, equals, _ = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"takes NAME=VALUE, got {text!r}")
    return text


def _refused(text: str) -> str:
    raise argparse.ArgumentTypeError(f"{text} is for run_training.py; a tracker's numbers are in its parameter file, "
                                     "pytracking/parameter/<tracker>/<name>.py: write one of your own beside it")
