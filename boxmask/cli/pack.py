"""`boxmask pack`: the weights of trainings as one small file."""

from __future__ import annotations

import argparse
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    pack = commands.add_parser("pack", help="a network's weights as a small file to pass on",
                               description="Writes the weights alone, those of convolutions in half precision, as "
                                           ".safetensors, which loads wherever a checkpoint does. Of several "
                                           "checkpoints of one training, the mean of the weights.")
    pack.add_argument("checkpoints", type=Path, nargs="+", metavar="C", help="checkpoints of one training")
    pack.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    pack.set_defaults(run=_pack)


def _pack(args: argparse.Namespace) -> int:
    from boxmask import host, weights

    host.activate()
    from ltr.models.boxmask import checkpoint

    net = checkpoint.load_average(args.checkpoints)
    checkpoint.save(net, args.out, half=True)
    count = len(args.checkpoints)
    print(f"{args.out}: {net.constructor.fun_name}" + (f", the mean of {count} checkpoints" if count > 1 else ""))
    print(f"{args.out.stat().st_size / 1e6:.2f} MB, SHA-256 {weights.checksum(args.out)}")
    return 0
