"""The command line `boxmask`; the only module that parses arguments. Heavy imports wait until a command needs them."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boxmask
from boxmask.generate.defaults import ITERATIONS, STRIDE, WINDOW

if TYPE_CHECKING:
    from boxmask.generate.engine import Masker
    from boxmask.generate.run import Summary, Windows
    from boxmask.readers.sequence import Dataset

DESCRIPTION = "Masks from boxes for tracking videos, in the layout that pytracking's loaders read."
EXAMPLES = """examples:
  boxmask generate got10k --root data/got10k/train --out masks --checkpoint lite.safetensors
  boxmask generate folder --frames video/ --boxes boxes.txt --out masks --checkpoint lite.safetensors
  boxmask generate davis --root data/DAVIS --split val --out masks --checkpoint lite.safetensors
  boxmask evaluate masks --masks masks --truth data/DAVIS --json scores.json
  boxmask overlay --frames video/ --masks masks --boxes boxes.txt --out overlay.png
  boxmask demo

A network is trained with: python run_training.py boxmask default
exit codes: 0 all done, 1 an error or a failed sequence, 2 wrong usage, 130 interrupted"""
BOXES_HELP = ("one line `x,y,w,h` per frame, in pixels from the top left corner of the image, separated by comma, "
              "space or tab; 0,0,0,0 where the target is not in the frame, which then gets an empty mask")
OUT_HELP = ("a sequence appears under its name when all its masks are written, and is kept by the next run; masks are "
            "PNG files of the size of the image with a palette and the values 0 and 1")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns the exit code; wrong usage leaves through argparse with 2."""
    args = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # In the environment, so that processes that a command starts use the same host.
    if args.pytracking is not None:
        os.environ["PYTRACKING_ROOT"] = str(args.pytracking)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        print("boxmask: interrupted; what is finished stays", file=sys.stderr)
        return 130
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        if args.debug:
            raise
        _print_error(_explain(error))
        return 1


def _explain(error: Exception) -> str:
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error) or type(error).__name__
    place = f"{error.filename}: " if error.filename is not None else ""
    if error.errno == errno.ENOSPC:
        return f"{place}the disk is full; free some space and start again: what is finished stays"
    return f"{place}{error.strerror}"


def _print_error(message: str) -> None:
    print("boxmask: error:", " ".join(message.split()), file=sys.stderr)


def _generate_dataset(args: argparse.Namespace) -> int:
    from boxmask.generate.run import generate_dataset
    from boxmask.generate.writer import require_apart

    require_apart(args.out, args.root)
    dataset = _open_dataset(args)
    names = _choose(dataset, args.sequences, args.limit)
    summary = generate_dataset(dataset, names, _masker(args), args.out, windows=_windows(args),
                               overwrite=args.overwrite)
    return _finish(summary, args.out)


def _generate_folder(args: argparse.Namespace) -> int:
    from boxmask.generate.run import Summary, generate_sequence
    from boxmask.generate.writer import require_apart
    from boxmask.readers import folder

    require_apart(args.out, args.frames, inside=False)
    sequence = folder.read_sequence(args.frames, args.boxes)
    done = generate_sequence(sequence, _masker(args), args.out, windows=_windows(args), overwrite=args.overwrite)
    return _finish(Summary(done=[done]), args.out)


def _finish(summary: Summary, out: Path) -> int:
    print(summary)
    if summary.done:
        print(f"masks: {out}")
    for message in summary.failed.values():
        _print_error(message)
    return 1 if summary.failed else 0


def _open_dataset(args: argparse.Namespace) -> Dataset:
    from boxmask.readers import davis, got10k

    return davis.open_dataset(args.root, args.split) if args.layout == "davis" else got10k.open_dataset(args.root)


def _choose(dataset: Dataset, names: list[str] | None, limit: int | None) -> list[str]:
    unknown = [name for name in names or () if name not in dataset.sequences]
    if unknown:
        raise ValueError(f"{dataset.name}: there is no sequence {unknown[0]}; it has {len(dataset.sequences)}, the "
                         f"first is {dataset.sequences[0]}")
    return list(names or dataset.sequences)[:limit]


def _masker(args: argparse.Namespace) -> Masker:
    from boxmask import host
    from boxmask.evaluate import baselines

    if args.method != "network":
        return {"box": baselines.filled_box, "grabcut": baselines.grabcut}[args.method]
    if args.checkpoint is None:
        raise ValueError("no --checkpoint: train a network with `python run_training.py boxmask default` and name its "
                         "file, or choose --method box or grabcut")
    host.activate(args.pytracking)
    from boxmask.generate.network import load_masker
    return load_masker(args.checkpoint, device=args.device, search_factor=args.search_factor,
                       iterations=args.iterations)


def _windows(args: argparse.Namespace) -> Windows:
    from boxmask.generate.run import Windows
    return Windows(args.window, args.stride)


def _evaluate_masks(args: argparse.Namespace) -> int:
    import json

    from boxmask.evaluate.folders import evaluate_folders
    from boxmask.evaluate.table import format_score

    score = evaluate_folders(args.masks, args.truth, args.sequences)
    if args.json is not None:
        args.json.write_text(json.dumps(score.to_json(), indent=2) + "\n", encoding="utf-8")
    print(format_score(score))
    return 0


def _overlay(args: argparse.Namespace) -> int:
    from boxmask.report import overlay

    sheet = overlay.overlay_folder(args.frames, args.masks, args.boxes, count=args.count)
    overlay.save(sheet, args.out)
    print(f"{args.out}: {sheet.shape[1]}x{sheet.shape[0]}")
    return 0


def _demo(args: argparse.Namespace) -> int:
    from boxmask import demo

    return demo.run(args.out, checkpoint=args.checkpoint, num_sequences=args.num_sequences)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {value}")
    return value


def _factor(text: str) -> float:
    value = float(text)
    if not 1 <= value < 100:
        raise argparse.ArgumentTypeError(f"expected a factor from 1 to 100, got {value}")
    return value


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; every command sets `run`, a function of the parsed arguments to an exit code."""
    parser = argparse.ArgumentParser(prog="boxmask", description=DESCRIPTION, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"boxmask {boxmask.__version__}")
    parser.add_argument("--pytracking", metavar="PATH", type=Path,
                        help="a pytracking checkout to work with (default: $PYTRACKING_ROOT, or the host that comes "
                             "with boxmask)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_generate(commands)
    _add_evaluate(commands)
    _add_overlay(commands)
    _add_demo(commands)
    return parser


def _add_generate(commands: argparse._SubParsersAction) -> None:
    generate = commands.add_parser("generate", help="make masks from the boxes of videos")
    layouts = generate.add_subparsers(title="layouts", metavar="LAYOUT", dest="layout", required=True)
    common = _generation_options()
    several = argparse.ArgumentParser(add_help=False)
    several.add_argument("--root", type=Path, required=True, help="the dataset's folder")
    several.add_argument("--sequences", nargs="+", metavar="NAME", help="only these sequences")
    several.add_argument("--limit", type=_positive, metavar="N", help="only the first N sequences")
    got10k = layouts.add_parser("got10k", parents=[several, common], help="a GOT-10k split, or a dataset like it",
                                description="ROOT/SEQ/{00000001.jpg, groundtruth.txt} to OUT/SEQ/00000001.png, as "
                                            "pytracking's Got10kVOS reads them.")
    davis = layouts.add_parser("davis", parents=[several, common], help="DAVIS: boxes from its masks, for measuring",
                               description="ROOT/JPEGImages/480p/SEQ/*.jpg, with the tight boxes of the masks in "
                                           "ROOT/Annotations/480p, to OUT/SEQ/*.png.")
    davis.add_argument("--split", help="a list in ROOT/ImageSets/{2017,2016} (default: all sequences)")
    for layout in (got10k, davis):
        layout.set_defaults(run=_generate_dataset)
    folder = layouts.add_parser("folder", parents=[common], help="a folder of images with a file of boxes",
                                description="The images of a folder in natural order to OUT/<name of the image>.png.")
    folder.add_argument("--frames", type=Path, required=True, metavar="DIR", help="the images")
    folder.add_argument("--boxes", type=Path, required=True, metavar="FILE", help=BOXES_HELP)
    folder.set_defaults(run=_generate_folder)


def _generation_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--out", type=Path, required=True, metavar="DIR", help=OUT_HELP)
    common.add_argument("--checkpoint", type=Path, metavar="C", help="the network: .safetensors, or .pth.tar of a "
                                                                     "training")
    common.add_argument("--method", choices=("network", "box", "grabcut"), default="network",
                        help="how masks are made: by the network (default), or to compare with, the filled box or "
                             "OpenCV's GrabCut in it")
    common.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU if there is one)")
    common.add_argument("--window", type=_positive, default=WINDOW, metavar="N",
                        help="most frames that are solved together (default: %(default)s)")
    common.add_argument("--stride", type=_positive, default=STRIDE, metavar="N",
                        help="about how many frames apart they are (default: %(default)s)")
    common.add_argument("--iterations", type=_positive, default=ITERATIONS, metavar="N",
                        help="steps of the solver (default: %(default)s)")
    common.add_argument("--search-factor", type=_factor, metavar="F",
                        help="side of what the network sees over side of the box (default: by network)")
    common.add_argument("--overwrite", action="store_true", help="make masks again that are already there")
    return common


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
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


def _add_overlay(commands: argparse._SubParsersAction) -> None:
    overlay = commands.add_parser("overlay", help="a picture of the masks of a sequence",
                                  description="Frames spread over a sequence, close enough to see the mask, which is "
                                              "tinted and outlined, and the box.")
    overlay.add_argument("--frames", type=Path, required=True, metavar="DIR", help="the images, GOT-10k or any folder")
    overlay.add_argument("--masks", type=Path, required=True, metavar="DIR", help="<name of the image>.png")
    overlay.add_argument("--boxes", type=Path, metavar="FILE", help="boxes to draw (default: DIR/groundtruth.txt if "
                                                                    "there)")
    overlay.add_argument("--out", type=Path, required=True, metavar="FILE.png", help="the picture")
    overlay.add_argument("--count", type=_positive, default=8, metavar="N", help="frames shown (default: %(default)s)")
    overlay.set_defaults(run=_overlay)


def _add_demo(commands: argparse._SubParsersAction) -> None:
    demo = commands.add_parser("demo", help="train, make masks, measure and draw them, on synthetic sample clips",
                               description="Trains boxmask_lite on built-in sample clips (synthetic: photographs as "
                                           "moving textured objects), makes masks for unseen ones, prints J beside "
                                           "that of filled boxes and GrabCut, and writes pictures. Under 15 minutes on "
                                           "two cores. The host is always the one that comes with boxmask.")
    demo.add_argument("--out", type=Path, default=Path("demo_output"), metavar="DIR", help="(default: %(default)s)")
    demo.add_argument("--checkpoint", type=Path, metavar="C", help="a trained network; skips the training")
    demo.add_argument("--num-sequences", type=_positive, default=6, metavar="N", help="(default: %(default)s)")
    demo.set_defaults(run=_demo)
