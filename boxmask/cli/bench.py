"""`boxmask bench`: how fast this machine makes masks, and what holds it back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from boxmask.cli.options import UsageError, add_command, add_json, positive, tell
from boxmask.generate.defaults import WINDOWS

if TYPE_CHECKING:
    from boxmask.generate.source import Source

LAYOUTS = ("got10k", "lasot", "trackingnet", "otb", "davis", "youtubevos")


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `bench` to the command line."""
    bench = add_command(commands, "bench", help="how fast this machine makes masks, and what holds it back",
                        description="Times each step of `boxmask generate` alone, and the command on the same frames; "
                                    "prints the limit min(processors / host time, device, disk), the rate reached, "
                                    "their ratio and what binds. Close other programs first.",
                        examples=["boxmask bench --size 1280x720",
                                  "boxmask bench --layout got10k --root got10k/val --against reference"])
    frames = bench.add_argument_group("frames")
    frames.add_argument("--size", type=_size, default=(1920, 1080), metavar="WxH",
                        help="drawn frames of this size (default: 1920x1080)")
    frames.add_argument("--layout", choices=LAYOUTS, help="frames of a dataset instead, as `boxmask generate` reads it")
    frames.add_argument("--root", type=Path, help="its folder")
    frames.add_argument("--frames", type=Path, metavar="DIR", help="the images of a folder instead")
    frames.add_argument("--boxes", type=Path, metavar="FILE", help="their boxes, a line `x,y,w,h` each")
    frames.add_argument("--num-frames", type=positive, default=120, metavar="N",
                        help="about so many, in sequences of 60 (default: %(default)s)")
    bench.add_argument("--checkpoint", type=Path, metavar="C", help="the network (default: the boxmask_lite that comes "
                                                                    "with boxmask)")
    bench.add_argument("--network", choices=("boxmask_lite", "boxmask_resnet50"), default="boxmask_lite",
                       help="without --checkpoint; of boxmask_resnet50 with random weights, which are as fast "
                            "(default: %(default)s)")
    bench.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU if there is one)")
    bench.add_argument("--windows", choices=("chunk", "sliding"), default=WINDOWS,
                       help="as for `boxmask generate` (default: %(default)s)")
    bench.add_argument("--rounds", type=positive, default=3, metavar="N",
                       help="how often all is measured (default: %(default)s)")
    bench.add_argument("--against", choices=("reference",),
                       help="also time the reference procedure, which runs the network on nine frames for each mask")
    bench.add_argument("--out", type=Path, metavar="DIR",
                       help="measure the disk of this folder; nothing stays in it (default: temporary files)")
    add_json(bench, "every figure of every round")
    bench.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measures, prints the table, and returns the exit code."""
    source = _source(args)
    if args.out is not None and not args.out.is_dir():
        raise FileNotFoundError(f"{args.out}: no such folder; name one on the disk that masks are to go to")

    from boxmask.generate.helpers import let_idle_threads_sleep
    let_idle_threads_sleep()
    from boxmask.bench.run import Options
    from boxmask.bench.run import run as measure
    from boxmask.generate.plan import WindowOptions

    report = measure(Options(source, args.size, args.num_frames, args.network, args.checkpoint, args.device,
                             WindowOptions(args.windows), args.rounds, args.against == "reference", args.out,
                             None if args.pytracking is None else str(args.pytracking)))
    tell(str(report), report.to_json(), args.json)
    return 0


def _source(args: argparse.Namespace) -> Source | None:
    from boxmask.generate.source import Source

    for one, other in (("layout", "root"), ("frames", "boxes")):
        if (getattr(args, one) is None) != (getattr(args, other) is None):
            raise UsageError(f"--{one} and --{other} belong together")
    if args.layout is not None and args.frames is not None:
        raise UsageError("name either a dataset with --layout, or a folder with --frames")
    if args.layout is not None:
        return Source(args.layout, {"root": str(args.root.absolute())})
    if args.frames is not None:
        return Source("folder", {"frames": str(args.frames.absolute()), "boxes": str(args.boxes.absolute())})
    return None


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and all(16 <= int(side) <= 1 << 14 for side in (width, height))):
        raise argparse.ArgumentTypeError(f"expected a size such as 1920x1080, each side from 16 to 16384, got {text!r}")
    return int(width), int(height)
