"""`boxmask review`: a page to look through masks and to mark them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from boxmask.cli.options import absolute, add_command, add_json, not_negative, positive, tell


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `review` to the command line."""
    review = add_command(commands, "review", help="a page to look through masks, and to accept or reject them",
                         description="Writes a page for a browser, without a server or a network: every sequence with "
                                     "its quality, worst first, its pictures with mask and box, and a mark, accepted "
                                     "or rejected. The lists of the marks are for `boxmask generate --only` and "
                                     "GeneratedMasks. The same command again draws only what has changed.",
                         examples=["boxmask review masks", "boxmask review masks --frames 0 --out page"])
    review.add_argument("masks", type=Path, metavar="OUT", help="the --out of `boxmask generate`")
    review.add_argument("--out", type=Path, metavar="DIR", help="the page's folder, to which its index.html and "
                                                                "pictures go (default: OUT-review beside OUT)")
    review.add_argument("--frames", type=not_negative, default=24, metavar="N",
                        help="about how many frames of a sequence to show, the worst among them; 0 for all (default: "
                             "%(default)s)")
    review.add_argument("--root", type=Path, metavar="DIR",
                        help="where the dataset is now, or one of several videos, if it has moved")
    review.add_argument("--workers", type=positive, default=os.cpu_count() or 1, metavar="N",
                        help="sequences drawn at the same time (default: one a processor)")
    add_json(review, "where the page is and how many sequences it has")
    review.set_defaults(run=_review)


def _review(args: argparse.Namespace) -> int:
    from boxmask.review.site import build
    from boxmask.terminal import bar

    masks = args.masks if args.masks.name.strip(".") else args.masks.resolve()
    built = build(args.masks, args.out or masks.with_name(f"{masks.name}-review"), frames=args.frames,
                  dataset_root=absolute(args.root), workers=args.workers,
                  progress=bar)
    tell(f"{built.page}: {built.sequences} sequence{'' if built.sequences == 1 else 's'}, {built.drawn} drawn"
         + (f", {built.without} without pictures" if built.without else ""),
         {"page": str(built.page), "sequences": built.sequences, "drawn": built.drawn, "without": built.without},
         args.json)
    return 0
