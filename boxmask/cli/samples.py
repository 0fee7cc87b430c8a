"""`boxmask samples`: synthetic videos to try everything on."""

from __future__ import annotations

import argparse
from pathlib import Path

from boxmask.cli.options import add_command, positive


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `samples` to the command line."""
    samples = add_command(commands, "samples", help="synthetic videos with boxes and true masks, to try all this on",
                          description="Writes sample clips, photographs as moving textured objects: "
                                      "OUT/frames/SEQ/{00000001.jpg, groundtruth.txt} as GOT-10k has them, and "
                                      "OUT/truth/SEQ/00000001.png. The same numbers give the same files.",
                          examples=["boxmask samples --out videos --num-sequences 4"])
    samples.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that is new or empty")
    samples.add_argument("--num-sequences", type=positive, default=6, metavar="N", help="(default: %(default)s)")
    samples.add_argument("--num-frames", type=positive, default=20, metavar="N", help="of each (default: %(default)s)")
    samples.add_argument("--split", choices=("train", "val"), default="val",
                         help="those to train on, or others to measure with, of other photographs (default: "
                              "%(default)s)")
    samples.set_defaults(run=_samples)


def _samples(args: argparse.Namespace) -> int:
    from boxmask import samples

    frames, truth = samples.write(args.out, args.num_sequences, num_frames=args.num_frames, split=args.split)
    print(f"frames and boxes: {frames}\ntrue masks: {truth}")
    return 0
