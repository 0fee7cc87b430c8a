"""`boxmask evaluate`: results against the truth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from boxmask.cli.options import (
    UsageError,
    add_command,
    add_csv,
    add_json,
    not_negative,
    positive,
    require_two_places,
    tell,
)

if TYPE_CHECKING:
    from boxmask.evaluate.report import Report

MASKS = """J (intersection over union) and F (agreement of the contours) by the rules of DAVIS: mean, recall (the share
of frames above .5) and decay (the first quarter of the frames less the last), on every frame with a true mask. Pixels
of 255 in it are left out."""
BOXES = """AO, SR.50 and SR.75 by the rules of GOT-10k; success AUC, precision (20 pixels) and normalised precision
(0.2) by the rules of LaSOT, in one table. The two differ in which frames count: see docs/evaluation.md."""
MASKS_EXAMPLE = "boxmask evaluate masks --masks davis --truth data/DAVIS --split val --json scores.json"
BOXES_EXAMPLE = "boxmask evaluate boxes got10k --root data/got10k/val --results tracking_results/boxmask/lite"
LAYOUTS = ("got10k", "lasot", "otb")


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `evaluate masks` and `evaluate boxes` to the command line."""
    evaluate = add_command(commands, "evaluate", help="measure results against the truth",
                           description="Prints a line of scores per sequence, the scores over all, and 95 % intervals "
                                       "by bootstrap. `boxmask evaluate WHAT --help` lists the options.",
                           examples=[MASKS_EXAMPLE, BOXES_EXAMPLE])
    kinds = evaluate.add_subparsers(title="what", metavar="WHAT", required=True)
    common = _common_options()
    masks = add_command(kinds, "masks", parents=[common], help="J and F of masks against true masks",
                        description=MASKS, examples=[MASKS_EXAMPLE])
    masks.add_argument("--masks", type=Path, required=True, metavar="DIR", help="DIR/SEQ/*.png, or a DAVIS root")
    masks.add_argument("--truth", type=Path, required=True, metavar="DIR", help="DIR/SEQ/*.png, or a DAVIS root")
    which = masks.add_mutually_exclusive_group()
    which.add_argument("--sequences", nargs="+", metavar="NAME", help="which (default: all in --masks)")
    which.add_argument("--split", help="those of a list of the DAVIS root --truth, such as val")
    masks.add_argument("--skip-ends", action="store_true",
                       help="leave the first and the last frame out, as DAVIS does where the first mask is given "
                            "(semi-supervised)")
    masks.set_defaults(run=_evaluate_masks)

    boxes = add_command(kinds, "boxes", parents=[common], help="overlap of a tracker's boxes with true boxes",
                        description=BOXES, examples=[BOXES_EXAMPLE,
                                                     "boxmask evaluate boxes lasot --root lasot --split test "
                                                     "--masks masks/lasot_test"])
    boxes.add_argument("layout", choices=LAYOUTS, help="how the dataset is laid out")
    boxes.add_argument("--root", type=Path, required=True, help="the dataset's folder")
    results = boxes.add_mutually_exclusive_group(required=True)
    results.add_argument("--results", type=Path, metavar="DIR",
                         help="a tracker's DIR/SEQ.txt, a line x,y,w,h per frame, as pytracking writes them")
    results.add_argument("--masks", type=Path, metavar="DIR", help="DIR/SEQ/*.png, whose tight boxes are taken")
    boxes.add_argument("--sequences", nargs="+", metavar="NAME", help="which (default: all of the dataset)")
    boxes.add_argument("--split", choices=("train", "test"), help="LaSOT: those of its list")
    boxes.add_argument("--first", type=positive, metavar="N", help="only the first N frames of a sequence")
    boxes.add_argument("--every", type=positive, default=1, metavar="N", help="of these, every N-th, from the first")
    boxes.set_defaults(run=_evaluate_boxes)


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    add_csv(common, "a line per object")
    add_json(common, "all scores")
    common.add_argument("--draws", type=not_negative, default=1000, metavar="N",
                        help="bootstrap draws of sequences, for the 95%% intervals; 0 for none (default: %(default)s)")
    common.add_argument("--seed", type=not_negative, default=0, metavar="N", help="of the draws (default: %(default)s)")
    return common


def _evaluate_masks(args: argparse.Namespace) -> int:
    from boxmask.evaluate.folders import evaluate_folders
    from boxmask.readers import davis
    from boxmask.terminal import bar

    require_two_places(args)
    names = args.sequences if args.split is None else davis.open_dataset(args.truth, args.split).sequences
    return _report(evaluate_folders(args.masks, args.truth, names, skip_ends=args.skip_ends, progress=bar), args)


def _evaluate_boxes(args: argparse.Namespace) -> int:
    from boxmask.evaluate.tracking import evaluate_tracking
    from boxmask.generate.source import Source
    from boxmask.terminal import bar

    require_two_places(args)
    arguments = {"root": str(args.root.absolute())}
    if args.split is not None:
        if args.layout != "lasot":
            raise UsageError(f"--split is for lasot; {args.layout} has its splits in folders: name one with --root")
        arguments["split"] = args.split
    # Every frame: LaSOT's reader would else give those that masks are wanted of.
    _, dataset = Source(args.layout, arguments, first=0, every=1).open()
    results, are_masks = (args.results, False) if args.masks is None else (args.masks, True)
    return _report(evaluate_tracking(dataset, results, args.sequences, are_masks=are_masks, first=args.first,
                                     every=args.every, progress=bar), args)


def _report(report: Report, args: argparse.Namespace) -> int:
    from boxmask.evaluate.table import format_report

    interval = report.interval(draws=args.draws, seed=args.seed) if args.draws else None
    tell(format_report(report, interval), report.to_json(interval), args.json, table=report.to_csv(),
         table_file=args.csv)
    return 0
