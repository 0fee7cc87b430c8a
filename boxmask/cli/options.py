"""What the commands share: how a command is described, kinds of values, and how results and errors are said."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from boxmask.terminal import RED, paint

STANDARD_OUTPUT = Path("-")


class UsageError(ValueError):
    """Options that do not go together."""


class HelpFormatter(argparse.HelpFormatter):
    """Wraps descriptions, and leaves the lines of examples as they are, to be copied."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if not text.startswith("example"):
            return super()._fill_text(text, width, indent)
        return "".join(f"{indent}{line}" for line in text.splitlines(keepends=True))


def add_command(commands: argparse._SubParsersAction, name: str, *, help: str, description: str,  # noqa: A002
                examples: Sequence[str], parents: Sequence[argparse.ArgumentParser] = ()) -> argparse.ArgumentParser:
    """Adds a command. examples: lines that a user could type, one at least."""
    head = "example:" if len(examples) == 1 else "examples:"
    return commands.add_parser(name, help=help, description=description, parents=list(parents),
                               epilog="\n  ".join([head, *examples]), formatter_class=HelpFormatter)


def add_json(parser: argparse._ActionsContainer, what: str) -> None:
    """Adds --json, the same for every command that has figures to tell; `tell` obeys it."""
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help=f"also write {what} to FILE, as JSON; - prints that in the place of the text")


def add_csv(parser: argparse._ActionsContainer, what: str) -> None:
    """Adds --csv, for commands that have a table; `tell` obeys it."""
    parser.add_argument("--csv", type=Path, metavar="FILE",
                        help=f"also write {what} to FILE, as CSV; - prints that in the place of the text")


def require_writable(*files: Path | None) -> None:
    """Raises `UsageError` or `OSError` for files that could not be written when all is done; makes their folders."""
    for file in files:
        if file is None or file == STANDARD_OUTPUT:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
            raise UsageError(f"{file}: no file can be written there; name another place")


def require_two_places(args: argparse.Namespace) -> None:
    """Raises `UsageError` if --csv and --json are to go to the same place, or to one that cannot be written."""
    require_writable(args.csv, args.json)
    if args.csv is not None and args.csv == args.json:
        raise UsageError(f"--csv {args.csv} and --json {args.json} are the same place; name another for one of them")


def tell(text: str, record: Mapping[str, Any], file: Path | None, *, table: str = "",
         table_file: Path | None = None) -> None:
    """Prints what a command has found out: the text, and with --json the record, to its file or in the text's place.

    table: the same for --csv; its lines end with a line break.
    """
    formatted = json.dumps(record, indent=2) + "\n"
    written = {file: formatted, table_file: table}
    print(written.get(STANDARD_OUTPUT, text + "\n"), end="")
    for path, content in written.items():
        if path not in (None, STANDARD_OUTPUT):
            path.write_text(content, encoding="utf-8")


def absolute(path: Path | None) -> str | None:
    """A path as plain values hold it, which go to other processes and into records.

    Raises `UsageError` for one that is no text.
    """
    text = None if path is None else str(path.absolute())
    if text is not None and text != os.fsencode(text).decode(errors="replace"):
        raise UsageError(f"{ascii(text)}: the path is not UTF-8, and cannot be put on record; rename it, or make a "
                         "link with another name")
    return text


def positive(text: str) -> int:
    """A type of option: a whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {value}")
    return value


def not_negative(text: str) -> int:
    """A type of option: a whole number from 0."""
    return 0 if int(text) == 0 else positive(text)


def number(kind: str, low: float, high: float) -> Callable[[str], float]:
    """A type of option: a number from `low` to `high`; kind: what it is a number of, for the error."""
    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected {kind} from {low:g} to {high:g}, got {text}")
        return value
    parse.__name__ = "number"  # argparse says: invalid number value
    return parse


def print_error(message: str) -> None:
    """Says on the standard error what went wrong, in one line."""
    print(paint("boxmask: error:", RED, sys.stderr), " ".join(message.split()), file=sys.stderr)
