"""What is shown on a terminal alone: colours, and bars of progress. In files and pipes neither is written."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
# What a long piece of work gives the names of its sequences to, to have them back one after the other: `bar`, or `iter`
# where nobody looks.
Progress = Callable[[Sequence[str]], Iterable[str]]

RED, GREEN, YELLOW = "31", "32", "33"


def has_colours(stream: TextIO) -> bool:
    """Whether colours may be written to a stream: a terminal that has them, and NO_COLOR (no-color.org) is not set."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def paint(text: str, colour: str, stream: TextIO) -> str:
    """The text in one of this module's colours, if the stream that it is for has them; else as it is."""
    return coloured(text, colour) if has_colours(stream) else text


def coloured(text: str, colour: str) -> str:
    """The text in one of this module's colours, for a terminal."""
    return f"\x1b[{colour}m{text}\x1b[0m"


def leave_pipe() -> None:
    """After a BrokenPipeError, as of `| head`: what is still to be printed goes nowhere, without another error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def bar(items: Iterable[Item], total: int | None = None, *, unit: str = "seq") -> Iterable[Item]:
    """The items one after the other, with a bar on the standard error while they are gone through.

    total: their number, where it cannot be asked for.
    """
    return tqdm(items, total=total, unit=unit, leave=False, disable=None)
