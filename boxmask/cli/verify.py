"""`boxmask verify`: whether the masks in a folder are whole, and a repair of those that are not."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from boxmask.cli.options import (
    UsageError,
    absolute,
    add_command,
    add_json,
    print_error,
    require_writable,
    tell,
)


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `verify` to the command line."""
    verify = add_command(commands, "verify", help="check the masks that were made, and repair them",
                         description="Reads every file in OUT and compares it with the manifests: damaged, missing and "
                                     "surplus files, unfinished and failed sequences. The exit code is 1 if there is a "
                                     "fault.",
                         examples=["boxmask verify masks", "boxmask verify masks --repair --root data/got10k/train"])
    verify.add_argument("out", type=Path, metavar="OUT", help="the --out of `boxmask generate`")
    verify.add_argument("--quick", action="store_true", help="look at the sizes of files, and do not read them")
    verify.add_argument("--repair", action="store_true", help="make the sequences that have a fault again")
    verify.add_argument("--root", type=Path, metavar="DIR",
                        help="where the dataset is now, or one of several videos, if it has moved (--repair)")
    verify.add_argument("--checkpoint", type=Path, metavar="C", help="where the network is now, if it has moved "
                                                                     "(--repair)")
    verify.add_argument("--device", help="as for `boxmask generate` (--repair)")
    add_json(verify, "what was found")
    verify.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Verifies, repairs where that is asked for, and returns the exit code."""
    from boxmask.generate import verify
    from boxmask.terminal import bar

    idle = [f"--{name}" for name in ("root", "checkpoint", "device") if getattr(args, name) is not None]
    if idle and not args.repair:
        raise UsageError(f"{', '.join(idle)} says how to make sequences again; give --repair too")
    require_writable(args.json)
    report = verify.verify(args.out, quick=args.quick, progress=bar)
    if args.repair and report.to_repair:
        for fault in report.faults:
            print(fault, file=sys.stderr)
        _repair(args, report.to_repair)
        report = verify.verify(args.out, quick=args.quick, progress=bar)
    lines = [*map(str, report.faults), str(report.ledger)]
    if not report.faults:
        lines.append(f"{args.out}: no fault" + (", by the sizes of the files" if args.quick else ""))
    tell("\n".join(lines), report.to_json(), args.json)
    if not report.faults:
        return 0
    sequences = len(report.to_repair)
    print_error(f"{args.out}: {_count(len(report.faults), 'fault')} in {_count(sequences, 'sequence')}"
                + ("" if args.repair else "; --repair makes these sequences again"))
    return 1


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _repair(args: argparse.Namespace, names: tuple[str, ...]) -> None:
    from boxmask.cli.generate import run_job
    from boxmask.generate import verify

    for job in verify.repair(args.out, names, dataset_root=absolute(args.root), checkpoint=absolute(args.checkpoint),
                             device=args.device):
        run_job(job, overwrite=False, workers=1, log=None)
