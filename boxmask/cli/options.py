"""What the commands share: kinds of values, and how an error is said."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {value}")
    return value


def not_negative(text: str) -> int:
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
    print("boxmask: error:", " ".join(message.split()), file=sys.stderr)
