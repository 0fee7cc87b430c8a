"""`boxmask generate`: masks from the boxes of videos."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boxmask.cli.options import (
    STANDARD_OUTPUT,
    UsageError,
    absolute,
    add_command,
    add_json,
    not_negative,
    number,
    positive,
    print_error,
    require_writable,
    tell,
)
from boxmask.generate.defaults import (
    CLAIM_TIMEOUT,
    ITERATIONS,
    METHODS,
    OVERLAP,
    REFINEMENTS,
    SMOOTHING,
    STRIDE,
    WINDOW,
    WINDOWS,
)
from boxmask.view import PORT, SERVER, address

if TYPE_CHECKING:
    from boxmask.generate.job import Job
    from boxmask.generate.ledger import Ledger

BOXES_HELP = ("one line `x,y,w,h` per frame, in pixels from the top left corner of the image, separated by comma, "
              "space or tab; 0,0,0,0 where the target is not in the frame, which then gets an empty mask")
OUT_HELP = ("a sequence appears here under its name when all its masks are written, with a manifest and their quality, "
            "and is kept by the next run; masks are PNG files of the size of the image with a palette and the object's "
            "number, 1 for a single one, as values")
# What a network alone looks at, and its defaults.
OF_NETWORKS = {"checkpoint": None, "windows": WINDOWS, "window": WINDOW, "stride": STRIDE, "overlap": OVERLAP,
               "iterations": ITERATIONS, "search_factor": None, "refinements": None, "smoothing": None,
               "box_margin": 0.0}
# How a user calls each layout.
EXAMPLES = {
    "got10k": "got10k --root data/got10k/train --out masks/got10k_masks --workers 4",
    "lasot": "lasot --root data/lasot --split train --out masks/lasot_masks",
    "trackingnet": "trackingnet --root data/trackingnet --sets TRAIN_0 TRAIN_1 --out masks/trackingnet",
    "otb": "otb --root data/otb --sequences Human7 --out masks/otb",
    "davis": "davis --root data/DAVIS --split val --out davis --checkpoint lite.safetensors",
    "youtubevos": "youtubevos --root data/youtubevos/2019 --out masks/youtubevos --limit 10",
    "coco": "coco --root data/ytvis/JPEGImages --annotations data/ytvis/train.json --out masks/ytvis",
    "folder": "folder --frames video/ --boxes boxes.txt --out mine",
    "video": "video --video car.mp4 --boxes boxes.txt --out mine",
}


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `generate`, with a command for each layout, to the command line."""
    generate = add_command(commands, "generate", help="make masks from the boxes of videos",
                           description="LAYOUT says how frames and boxes lie; `boxmask generate LAYOUT --help` lists "
                                       "the options. The same command again goes on where it was stopped.",
                           examples=[f"boxmask generate {EXAMPLES[name]}" for name in ("got10k", "folder", "lasot")])
    layouts = generate.add_subparsers(title="layouts", metavar="LAYOUT", dest="layout", required=True)
    common, several = _common_options(), _dataset_options()

    def dataset(name: str, help_text: str, description: str) -> argparse.ArgumentParser:
        return add_command(layouts, name, parents=[several, common], help=help_text, description=description,
                           examples=[f"boxmask generate {EXAMPLES[name]}"])

    dataset("got10k", "a GOT-10k split, or a dataset like it",
            "ROOT/SEQ/{00000001.jpg, groundtruth.txt} to OUT/SEQ/00000001.png, as pytracking's Got10kVOS reads them.")
    lasot = dataset("lasot", "LaSOT", "ROOT/CLASS/SEQ/{img/00000001.jpg, groundtruth.txt} to OUT/SEQ/00000001.png: by "
                                      "default every fifth of the first 1000 frames, as pytracking's LasotVOS reads "
                                      "them.")
    lasot.add_argument("--split", choices=("train", "test"), help="the list in ROOT (default: all sequences)")
    trackingnet = dataset("trackingnet", "TrackingNet, or one of its sets",
                          "ROOT/TRAIN_0/{anno/SEQ.txt, frames/SEQ/0.jpg} to OUT/SEQ/0.png.")
    trackingnet.add_argument("--sets", nargs="+", metavar="SET", help="such as TRAIN_0 (default: all)")
    dataset("otb", "folders as OTB and VOT have them",
            "ROOT/SEQ/{img/0001.jpg, groundtruth_rect.txt} or {color/00000001.jpg, groundtruth.txt} to OUT/SEQ/*.png.")
    davis = dataset("davis", "DAVIS: boxes from its masks, for measuring",
                    "ROOT/JPEGImages/480p/SEQ/*.jpg, with the tight boxes of the masks in ROOT/Annotations/480p, to "
                    "OUT/SEQ/*.png.")
    davis.add_argument("--split", help="a list in ROOT/ImageSets/{2017,2016} (default: all sequences)")
    youtubevos = dataset("youtubevos", "YouTube-VOS: boxes from its masks, for measuring",
                         "ROOT/SPLIT/JPEGImages/SEQ/*.jpg, with the tight boxes of the masks in "
                         "ROOT/SPLIT/Annotations/SEQ, to OUT/SEQ/*.png.")
    youtubevos.add_argument("--split", help="the folder in ROOT (default: train)")
    coco = dataset("coco", "COCO-video JSON with boxes",
                   "The frames of the videos in a JSON file, which it names from ROOT, to OUT/SEQ/*.png.")
    coco.add_argument("--annotations", type=Path, required=True, metavar="FILE",
                      help="the JSON file, with videos and annotations that have bboxes")
    _single_layouts(layouts, common)
    generate.set_defaults(run=run)


def _single_layouts(layouts: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    folder = add_command(layouts, "folder", parents=[common], help="a folder of images with a file of boxes",
                         description="The images of a folder, in natural order, to OUT/<name of the folder>/<name of "
                                     "the image>.png.", examples=[f"boxmask generate {EXAMPLES['folder']}"])
    folder.add_argument("--frames", type=Path, required=True, metavar="DIR", help="the images")
    video = add_command(layouts, "video", parents=[common], help="a video file with a file of boxes",
                        description="The frames of a video to OUT/<name of the file>/00000001.png, ....",
                        examples=[f"boxmask generate {EXAMPLES['video']}"])
    video.add_argument("--video", type=Path, required=True, metavar="FILE", help="anything that PyAV decodes")
    for layout in (folder, video):
        layout.add_argument("--boxes", type=Path, required=True, metavar="FILE", help=BOXES_HELP)
        layout.add_argument("--name", help="of the sequence, the folder in OUT (default: that of the folder or file)")


def _dataset_options() -> argparse.ArgumentParser:
    several = argparse.ArgumentParser(add_help=False)
    several.add_argument("--root", type=Path, required=True, help="the dataset's folder")
    chosen = several.add_mutually_exclusive_group()
    chosen.add_argument("--sequences", nargs="+", metavar="NAME", help="only these sequences")
    chosen.add_argument("--only", type=Path, metavar="FILE",
                        help="only the sequences that a file names, one a line, such as a list of `boxmask review`")
    several.add_argument("--limit", type=positive, metavar="N", help="only the first N sequences")
    return several


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--out", type=Path, required=True, metavar="DIR", help=OUT_HELP)
    common.add_argument("--checkpoint", type=Path, metavar="C", help="the network: .safetensors, or .pth.tar of a "
                                                                     "training (default: the boxmask_lite that comes "
                                                                     "with boxmask)")
    common.add_argument("--overwrite", action="store_true", help="make masks again that are already there")
    _add_method_options(common.add_argument_group("how masks are made"))
    _add_run_options(common.add_argument_group("how the run goes"))
    _add_view_options(common.add_argument_group("live view", "It never slows a run down, and never stops one."))
    return common


def _add_method_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--method", choices=METHODS, default=METHODS[0],
                       help="by the network (default), or to compare with, the filled box or OpenCV's GrabCut in it")
    group.add_argument("--windows", choices=("chunk", "sliding"), default=WINDOWS,
                       help="solve each frame once with its window, or a window around each frame, as the reference "
                            "procedure does, several times slower (default: %(default)s)")
    group.add_argument("--window", type=positive, default=WINDOW, metavar="N",
                       help="most frames that are solved together (default: %(default)s)")
    group.add_argument("--stride", type=positive, default=STRIDE, metavar="N",
                       help="about how many frames apart they are (default: %(default)s)")
    group.add_argument("--overlap", type=not_negative, default=OVERLAP, metavar="N",
                       help="frames of the neighbouring windows that a chunk looks at on either side (default: "
                            "%(default)s)")
    group.add_argument("--iterations", type=positive, default=ITERATIONS, metavar="N",
                       help="steps of the solver (default: %(default)s)")
    group.add_argument("--search-factor", type=number("a factor", 1, 100), metavar="F",
                       help="side of what the network sees over side of the box (default: by network)")
    group.add_argument("--refinements", type=not_negative, metavar="N",
                       help="how often the masks are solved for again from what they were "
                            f"({_by_network(REFINEMENTS)})")
    group.add_argument("--smoothing", type=not_negative, metavar="N",
                       help="with how many frames before it and after it a mask is averaged, moved along the optical "
                            f"flow ({_by_network(SMOOTHING)})")
    group.add_argument("--box-margin", type=number("a share", 0, 0.1), default=0.0, metavar="M",
                       help="let masks reach beyond their boxes, by up to M times width and height, for boxes that are "
                            "a few percent off; at most 0.1, which the network always sees (default: %(default)s)")
    group.add_argument("--first", type=not_negative, metavar="N",
                       help="only the first N frames of a sequence, 0 for all (default: all; LaSOT: 1000)")
    group.add_argument("--every", type=positive, metavar="N",
                       help="of these, every N-th, from the first (default: all; LaSOT: 5)")
    group.add_argument("--min-quality", type=number("a quality", 0, 1), metavar="Q",
                       help="mark masks with a quality (0 to 1, see quality.csv) below Q as poor in the manifest, so "
                            "that training can leave them out")
    group.add_argument("--drop-poor", action="store_true", help="and write them empty")


def _by_network(defaults: Mapping[str, int]) -> str:
    return "default: by network: " + ", ".join(f"{value} for {name}" for name, value in defaults.items())


def _add_run_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU if there is one)")
    group.add_argument("--batch", type=positive, metavar="N",
                       help="windows that are solved at once (default: by device)")
    group.add_argument("--workers", type=positive, default=1, metavar="N",
                       help="processes on this machine, which share its processors and take its GPUs in turn. The same "
                            "command under torchrun, in a Slurm array or on another machine helps too")
    group.add_argument("--claim-timeout", type=number("seconds", 1, 1e6), default=CLAIM_TIMEOUT, metavar="S",
                       help="seconds without a sign of life after which the sequence of a worker on another machine is "
                            "given to another (default: %(default)s)")
    group.add_argument("--log", type=Path, metavar="FILE", help="add what happens to it, as JSON lines")
    add_json(group, "what became of sequences and frames")


def _add_view_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--use_visdom", nargs="?", const=True, default=False, metavar="True|False",
                       type=lambda text: text.lower() not in ("", "0", "false"),
                       help="show clips with boxes and masks, their quality and the speed in visdom")
    group.add_argument("--visdom_server", default=SERVER, metavar="HOST",
                       help="where it runs (default: %(default)s)")
    group.add_argument("--visdom_port", type=positive, default=PORT, metavar="PORT",
                       help="its port (default: %(default)s)")
    group.add_argument("--tensorboard", type=Path, metavar="DIR", help="write the same here, for TensorBoard")


def run(args: argparse.Namespace) -> int:
    """Makes the masks, says what became of them, and returns the exit code."""
    if args.drop_poor and args.min_quality is None:
        raise UsageError("--drop-poor needs --min-quality, which says what is poor")
    idle = [f"--{name.replace('_', '-')}" for name, usual in OF_NETWORKS.items() if getattr(args, name) != usual]
    if args.method != "network" and idle:
        raise UsageError(f"{', '.join(idle)} would change nothing: the method {args.method} is no network; leave out "
                         "these options, or --method")
    if args.overwrite and (int(os.environ.get("WORLD_SIZE", 1)) > 1 or "SLURM_ARRAY_TASK_ID" in os.environ):
        raise UsageError("--overwrite is for one command, as the second would overwrite what the first has just made; "
                         "use --workers, or start once with --overwrite and the others without")
    figures = None if args.json == STANDARD_OUTPUT else args.json
    for path, what in ((args.log, "the log"), (figures, "the JSON file"), (args.tensorboard, "files for TensorBoard")):
        if path is not None and args.out.absolute() in (path.absolute(), *path.absolute().parents):
            raise UsageError(f"{path}: {what} would be among the masks; choose another place")
    require_writable(args.json)
    return finish(run_job(_job(args), overwrite=args.overwrite, workers=args.workers, log=args.log), args.out,
                  args.json)


def run_job(job: Job, *, overwrite: bool, workers: int, log: Path | None) -> Ledger:
    """Runs a job with its progress on the screen and in a log."""
    from boxmask.generate import workers as processes
    from boxmask.generate.helpers import let_idle_threads_sleep
    from boxmask.generate.progress import JsonLog, Progress
    from boxmask.view.generation import RunView
    from boxmask.view.sinks import open_view

    let_idle_threads_sleep()
    with ExitStack() as stack:
        listeners = []
        if _speaks():
            listeners.append(stack.enter_context(closing(Progress())).tell)
            view = stack.enter_context(open_view(visdom=job.visdom, tensorboard=job.tensorboard, name="run"))
            if view:
                listeners.append(RunView(view, Path(job.out)).tell)
        if log is not None:
            listeners.append(stack.enter_context(closing(JsonLog(log))).tell)

        def tell(event: Mapping[str, Any]) -> None:
            for listener in listeners:
                listener(event)

        ledger = processes.run(job, workers=workers, overwrite=overwrite, tell=tell)
        tell({"event": "end", **ledger.to_json()})
    return ledger


def finish(ledger: Ledger, out: Path, file: Path | None = None) -> int:
    """Prints the ledger, writes it to the file of --json, and gives the exit code."""
    if not _speaks():
        # The failures are for the one that speaks to tell, which torchrun would end when another has an error.
        return 1 if ledger.open else 0
    for failure in ledger.failed.values():
        print_error(failure.reason)
    if ledger.open:
        print_error(f"{len(ledger.open)} sequences are not done, the first is {ledger.open[0]}; run the same command "
                    "again, without --overwrite")
    tell(f"{ledger}\nmasks: {out}" if ledger.done else str(ledger), {"out": str(out), **ledger.to_json()}, file)
    return 0 if ledger.is_complete else 1


def _speaks() -> bool:
    """Of many workers under torchrun, one speaks for all."""
    return os.environ.get("RANK", "0") == "0"


def _job(args: argparse.Namespace) -> Job:
    from boxmask.generate.job import Job
    from boxmask.generate.plan import WindowOptions
    from boxmask.generate.source import Source

    source = Source(args.layout, _source_arguments(args), args.first, args.every)
    return Job(source, absolute(args.out), _names(args), getattr(args, "limit", None), method=args.method,
               checkpoint=absolute(args.checkpoint), device=args.device,
               windows=WindowOptions(args.windows, args.window, args.stride, args.overlap),
               iterations=args.iterations, search_factor=args.search_factor, refinements=args.refinements,
               smoothing=args.smoothing, box_margin=args.box_margin, batch=args.batch, min_quality=args.min_quality,
               drop_poor=args.drop_poor, claim_timeout=args.claim_timeout, host=absolute(args.pytracking),
               visdom=address(args.visdom_server, args.visdom_port) if args.use_visdom else None,
               tensorboard=absolute(args.tensorboard))


def _names(args: argparse.Namespace) -> tuple[str, ...] | None:
    """The sequences that were named; layouts of a single one have no such options."""
    if getattr(args, "only", None) is not None:
        from boxmask.readers.folders import read_names
        return read_names(args.only, dataset="--only")
    names = getattr(args, "sequences", None)
    return None if names is None else tuple(names)


def _source_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """What the layout's reader takes, of what was given."""
    names = ("root", "split", "sets", "annotations", "frames", "video", "boxes", "name")
    given = {name: getattr(args, name, None) for name in names}
    return {name: absolute(value) if isinstance(value, Path) else value for name, value in given.items()
            if value is not None}
