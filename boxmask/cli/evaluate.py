"""`boxmask evaluate`: results against the truth."""

from __future__ import annotations

import argparse
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    evaluate = commands.add_parser("evaluate", help="measure results against the truth")
    kinds = evaluate.add_subparsers(title="what", metavar="WHAT", required=True)
    masks = kinds.add_parser("masks", help="J of masks against true masks",
                             description="J (intersection over union, rules of DAVIS; pixels of 255 are left out) on "
                                         "every frame with a true mask, and the share of frames with J above .5.")
    masks.add_argument("--masks", type=Path, required=True, metavar="DIR", help="DIR/SEQ/*.png, or a DAVIS root")
    masks.add_argument("--truth", type=Path, required=True, metavar="DIR", help="DIR/SEQ/*.png, or a DAVIS root")
    masks.add_argument("--sequences", nargs="+", metavar="NAME", help="which (default: all in --masks)")
    masks.add_argument("--json", type=Path, metavar="FILE", help="also write the scores there")
    masks.set_defaults(run=_evaluate_masks)


def _evaluate_masks(args: argparse.Namespace) -> int:
    import json

    from boxmask.evaluate.folders import evaluate_folders
    from boxmask.evaluate.table import format_score

    score = evaluate_folders(args.masks, args.truth, args.sequences)
    if args.json is not None:
        args.json.write_text(json.dumps(score.to_json(), indent=2) + "\n", encoding="utf-8")
    print(format_score(score))
    return 0
