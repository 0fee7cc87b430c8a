"""`boxmask quality`: how good generated masks look without the truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from boxmask.cli.options import positive


def add(commands: argparse._SubParsersAction) -> None:
    quality = commands.add_parser("quality", help="how good generated masks look, without the truth",
                                  description="Sums up the quality.csv of each sequence, the worst sequences first. "
                                              "The score, 0 to 1, is close to J where it was measured; the shares at "
                                              "the end say what --min-quality of `boxmask generate` would mark.")
    quality.add_argument("out", type=Path, metavar="OUT", help="the --out of `boxmask generate`")
    quality.add_argument("--limit", type=positive, default=20, metavar="N",
                         help="print the N worst sequences (default: %(default)s)")
    quality.add_argument("--csv", type=Path, metavar="FILE", help="also write a line per sequence there")
    quality.add_argument("--json", type=Path, metavar="FILE", help="also write all of it there")
    quality.set_defaults(run=_quality)


def _quality(args: argparse.Namespace) -> int:
    import json

    from boxmask.report.quality import format_quality, summarise

    summary = summarise(args.out)
    if args.csv is not None:
        args.csv.write_text(summary.to_csv(), encoding="utf-8")
    if args.json is not None:
        args.json.write_text(json.dumps(summary.to_json(), indent=2) + "\n", encoding="utf-8")
    print(format_quality(summary, args.limit))
    return 0
