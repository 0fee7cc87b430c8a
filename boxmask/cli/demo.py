"""`boxmask demo`: the whole way on sample clips."""

from __future__ import annotations

import argparse
from pathlib import Path

from boxmask.cli.options import add_command, positive


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `demo` to the command line."""
    demo = add_command(commands, "demo", help="train, make masks, measure and draw them, on synthetic sample clips",
                       description="Trains boxmask_lite on built-in sample clips (synthetic: photographs as moving "
                                   "textured objects), makes masks for unseen ones, prints J beside that of filled "
                                   "boxes and GrabCut, and writes pictures. Under 15 minutes on two cores. The host is "
                                   "always the one that comes with boxmask.",
                       examples=["boxmask demo", "boxmask demo --checkpoint lite.safetensors --num-sequences 2"])
    demo.add_argument("--out", type=Path, default=Path("demo_output"), metavar="DIR",
                      help="clips, training, masks and pictures (default: %(default)s)")
    demo.add_argument("--checkpoint", type=Path, metavar="C", help="a trained network; skips the training")
    demo.add_argument("--num-sequences", type=positive, default=6, metavar="N",
                      help="sequences to make masks of (default: %(default)s)")
    demo.set_defaults(run=_demo)


def _demo(args: argparse.Namespace) -> int:
    from boxmask.generate.helpers import let_idle_threads_sleep

    let_idle_threads_sleep()  # the training's too, which is a process of its own
    from boxmask import demo

    return demo.run(args.out, checkpoint=args.checkpoint, num_sequences=args.num_sequences)
