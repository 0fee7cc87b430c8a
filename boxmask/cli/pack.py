"""`boxmask pack`: the weights of trainings as one small file."""

from __future__ import annotations

import argparse
from pathlib import Path

from boxmask.cli.options import add_command, add_json, tell


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `pack` to the command line."""
    pack = add_command(commands, "pack", help="a network's weights as a small file to pass on",
                       description="Writes the weights alone, those of convolutions in half precision, as "
                                   ".safetensors, which loads wherever a checkpoint does. Of several checkpoints of "
                                   "one training, the mean of the weights.",
                       examples=["boxmask pack BoxMaskNet_ep0029.pth.tar BoxMaskNet_ep0030.pth.tar --out "
                                 "lite.safetensors"])
    pack.add_argument("checkpoints", type=Path, nargs="+", metavar="C", help="checkpoints of one training")
    pack.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors", help="the file to write")
    add_json(pack, "its size and SHA-256")
    pack.set_defaults(run=_pack)


def _pack(args: argparse.Namespace) -> int:
    from boxmask import host, weights

    host.activate()
    from ltr.models.boxmask import checkpoint

    net = checkpoint.load_average(args.checkpoints)
    checkpoint.save(net, args.out, half=True)
    count, size, checksum = len(args.checkpoints), args.out.stat().st_size, weights.checksum(args.out)
    mean = f", the mean of {count} checkpoints" if count > 1 else ""
    tell(f"{args.out}: {net.constructor.fun_name}{mean}\n{size / 1e6:.2f} MB, SHA-256 {checksum}",
         {"out": str(args.out), "network": net.constructor.fun_name, "checkpoints": count, "bytes": size,
          "sha256": checksum}, args.json)
    return 0
