"""`boxmask quality`: how good generated masks look without the truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from boxmask.cli.options import add_command, add_json, positive, tell


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `quality` to the command line."""
    quality = add_command(commands, "quality", help="how good generated masks look, without the truth",
                          description="Sums up the quality.csv of each sequence, the worst sequences first. The score, "
                                      "0 to 1, is close to J where it was measured; the shares at the end say what "
                                      "--min-quality of `boxmask generate` would mark.",
                          examples=["boxmask quality masks --limit 5", "boxmask quality masks --csv quality.csv"])
    quality.add_argument("out", type=Path, metavar="OUT", help="the --out of `boxmask generate`")
    quality.add_argument("--limit", type=positive, default=20, metavar="N",
                         help="print the N worst sequences (default: %(default)s)")
    quality.add_argument("--csv", type=Path, metavar="FILE", help="also write a line per sequence there")
    add_json(quality, "the figures of all sequences")
    quality.set_defaults(run=_quality)


def _quality(args: argparse.Namespace) -> int:
    from boxmask.report.quality import format_quality, summarise
    from boxmask.terminal import bar

    summary = summarise(args.out, progress=bar)
    if args.csv is not None:
        args.csv.write_text(summary.to_csv(), encoding="utf-8")
    tell(format_quality(summary, args.limit), summary.to_json(), args.json)
    return 0
