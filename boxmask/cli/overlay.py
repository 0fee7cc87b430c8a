"""`boxmask overlay`: a picture of the masks of a sequence."""

from __future__ import annotations

import argparse
from pathlib import Path

from boxmask.cli.options import add_command, positive


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `overlay` to the command line."""
    overlay = add_command(commands, "overlay", help="a picture of the masks of a sequence",
                          description="Frames spread over a sequence, close enough to see the mask, which is tinted "
                                      "and outlined, and the box.",
                          examples=["boxmask overlay --frames video/ --masks masks/video --boxes boxes.txt --out "
                                    "overlay.png"])
    overlay.add_argument("--frames", type=Path, required=True, metavar="DIR", help="the images, GOT-10k or any folder")
    overlay.add_argument("--masks", type=Path, required=True, metavar="DIR",
                         help="<name of the image>.png, of some images or all")
    overlay.add_argument("--boxes", type=Path, metavar="FILE", help="boxes to draw (default: DIR/groundtruth.txt if "
                                                                    "there)")
    overlay.add_argument("--out", type=Path, required=True, metavar="FILE.png", help="the picture")
    overlay.add_argument("--count", type=positive, default=8, metavar="N", help="frames shown (default: %(default)s)")
    overlay.set_defaults(run=_overlay)


def _overlay(args: argparse.Namespace) -> int:
    from boxmask.report import overlay

    sheet = overlay.overlay_folder(args.frames, args.masks, args.boxes, count=args.count)
    overlay.save(sheet, args.out)
    print(f"{args.out}: {sheet.shape[1]}x{sheet.shape[0]}")
    return 0
