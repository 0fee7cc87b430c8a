"""`boxmask completion`: what makes a shell complete boxmask's command lines."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from boxmask.cli.options import add_command

SHELLS = ("bash", "zsh", "tcsh")


def add(commands: argparse._SubParsersAction, build_parser: Callable[[], argparse.ArgumentParser]) -> None:
    """Adds `completion` to the command line. build_parser: makes the whole command line, which is to be completed."""
    completion = add_command(commands, "completion", help="a script that makes a shell complete these commands",
                             description="Prints a script for the shell, which completes commands, options, choices "
                                         "and paths. Print it again after an update of boxmask. Needs shtab.",
                             examples=["boxmask completion bash > ~/.local/share/bash-completion/completions/boxmask",
                                       "boxmask completion zsh > ~/.zfunc/_boxmask    # and fpath+=~/.zfunc "
                                       "before compinit"])
    completion.add_argument("shell", choices=SHELLS, help="which shell")
    completion.set_defaults(run=lambda args: _completion(args, build_parser()))


def _completion(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    try:
        import shtab
    except ImportError as error:
        raise ImportError("shell completion needs shtab: pip install shtab") from error

    _complete_paths(parser, shtab.FILE)
    print(shtab.complete(parser, args.shell))
    return 0


def _complete_paths(parser: argparse.ArgumentParser, files: dict[str, str]) -> None:
    """Says of every option that takes a path that it does, in the commands below too."""
    for action in parser._actions:  # argparse has no other way to go through them; shtab takes it, too
        if action.type is Path:
            action.complete = files
        elif isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                _complete_paths(below, files)
