"""`boxmask generate`: masks from the boxes of videos."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from boxmask.cli.options import factor, positive, print_error
from boxmask.generate.defaults import ITERATIONS, STRIDE, WINDOW

if TYPE_CHECKING:
    from boxmask.generate.engine import Masker
    from boxmask.generate.run import Summary, Windows
    from boxmask.readers.sequence import Dataset

BOXES_HELP = ("one line `x,y,w,h` per frame, in pixels from the top left corner of the image, separated by comma, "
              "space or tab; 0,0,0,0 where the target is not in the frame, which then gets an empty mask")
OUT_HELP = ("a sequence appears under its name when all its masks are written, and is kept by the next run; masks are "
            "PNG files of the size of the image with a palette and the values 0 and 1")


def add(commands: argparse._SubParsersAction) -> None:
    generate = commands.add_parser("generate", help="make masks from the boxes of videos")
    layouts = generate.add_subparsers(title="layouts", metavar="LAYOUT", dest="layout", required=True)
    common = _generation_options()
    several = argparse.ArgumentParser(add_help=False)
    several.add_argument("--root", type=Path, required=True, help="the dataset's folder")
    several.add_argument("--sequences", nargs="+", metavar="NAME", help="only these sequences")
    several.add_argument("--limit", type=positive, metavar="N", help="only the first N sequences")
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
    common.add_argument("--window", type=positive, default=WINDOW, metavar="N",
                        help="most frames that are solved together (default: %(default)s)")
    common.add_argument("--stride", type=positive, default=STRIDE, metavar="N",
                        help="about how many frames apart they are (default: %(default)s)")
    common.add_argument("--iterations", type=positive, default=ITERATIONS, metavar="N",
                        help="steps of the solver (default: %(default)s)")
    common.add_argument("--search-factor", type=factor, metavar="F",
                        help="side of what the network sees over side of the box (default: by network)")
    common.add_argument("--overwrite", action="store_true", help="make masks again that are already there")
    return common


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
        print_error(message)
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
