"""`boxmask verify`: whether the masks in a folder are whole, and a repair of those that are not."""

from __future__ import annotations

import argparse
from pathlib import Path

from boxmask.cli.options import print_error


def add(commands: argparse._SubParsersAction) -> None:
    verify = commands.add_parser("verify", help="check the masks that were made, and repair them",
                                 description="Reads every file in OUT and compares it with the manifests: damaged, "
                                             "missing and surplus files, unfinished and failed sequences. The exit "
                                             "code is 1 if there is a fault.")
    verify.add_argument("out", type=Path, metavar="OUT", help="the --out folder of `boxmask generate`")
    verify.add_argument("--quick", action="store_true", help="look at the sizes of files, and do not read them")
    verify.add_argument("--repair", action="store_true", help="make the sequences that have a fault again")
    verify.add_argument("--root", type=Path, metavar="DIR", help="where the dataset is now, if it has moved (--repair)")
    verify.add_argument("--checkpoint", type=Path, metavar="C", help="where the network is now, if it has moved "
                                                                     "(--repair)")
    verify.add_argument("--device", help="as for `boxmask generate` (--repair)")
    verify.add_argument("--json", type=Path, metavar="FILE", help="also write what was found there")
    verify.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import json

    from boxmask.generate import verify

    report = verify.verify(args.out, quick=args.quick)
    if args.repair and report.to_repair:
        for fault in report.faults:
            print(fault)
        _repair(args, report.to_repair)
        print()
        report = verify.verify(args.out, quick=args.quick)
    if args.json is not None:
        args.json.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")
    for fault in report.faults:
        print(fault)
    print(report.ledger)
    if not report.faults:
        print(f"{args.out}: no fault" + (", by the sizes of the files" if args.quick else ""))
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

    moved = {name: None if path is None else str(path.absolute())
             for name, path in (("dataset_root", args.root), ("checkpoint", args.checkpoint))}
    for job in verify.repair(args.out, names, **moved, device=args.device):
        run_job(job, overwrite=False, workers=1, log=None)
