"""What the commands share: kinds of values, and how an error is said."""

from __future__ import annotations

import argparse
import sys


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {value}")
    return value


def factor(text: str) -> float:
    value = float(text)
    if not 1 <= value < 100:
        raise argparse.ArgumentTypeError(f"expected a factor from 1 to 100, got {value}")
    return value


def print_error(message: str) -> None:
    print("boxmask: error:", " ".join(message.split()), file=sys.stderr)

