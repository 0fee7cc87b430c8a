"""`boxmask quality`: how good generated masks look without the truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from boxmask.cli.options import add_command, add_csv, add_json, positive, require_two_places, tell


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
    add_csv(quality, "a line per sequence")
    add_json(quality, "the figures of all sequences")
    quality.set_defaults(run=_quality)


def _quality(args: argparse.Namespace) -> int:
    from boxmask.report.quality import format_quality, summarise
    from boxmask.terminal import bar

    require_two_places(args)
    summary = summarise(args.out, progress=bar)
    tell(format_quality(summary, args.limit), summary.to_json(), args.json, table=summary.to_csv(), table_file=args.csv)
    return 0
