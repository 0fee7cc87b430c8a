"""`boxmask export`: generated masks in other layouts."""

from __future__ import annotations

import argparse
from pathlib import Path

from boxmask.cli.options import UsageError, absolute, add_command, add_json, tell


def add(commands: argparse._SubParsersAction) -> None:
    """Adds `export` to the command line."""
    export = add_command(commands, "export", help="generated masks in other layouts",
                         description="Masks that are marked as poor, and those of frames that could not be looked at, "
                                     "are left out of youtubevos and coco; zip has all of them, with the manifests "
                                     "that mark them.",
                         examples=["boxmask export masks --to youtubevos --out youtubevos/2019/train --link-frames",
                                   "boxmask export masks --to coco --out masks.json"])
    export.add_argument("masks", type=Path, metavar="OUT", help="the --out of `boxmask generate`")
    export.add_argument("--to", choices=("youtubevos", "coco", "zip"), required=True, dest="layout",
                        help="a YouTube-VOS split: Annotations, meta.json; COCO's JSON for videos, with masks as run "
                             "lengths (needs pycocotools); a zip file")
    export.add_argument("--out", type=Path, required=True, metavar="X", help="the folder or file to write, which must "
                                                                             "not be there yet")
    export.add_argument("--link-frames", action="store_true",
                        help="youtubevos: also JPEGImages, symbolic links to the images that the masks were made from")
    export.add_argument("--root", type=Path, metavar="DIR",
                        help="where the dataset is now, or one of several videos, if it has moved (--link-frames)")
    export.add_argument("--unfinished", action="store_true",
                        help="export what is there of a run that has sequences failed or still to do")
    add_json(export, "where it is and how many sequences it has")
    export.set_defaults(run=_export)


def _export(args: argparse.Namespace) -> int:
    from boxmask.export import archive, coco, youtubevos
    from boxmask.terminal import bar

    if args.link_frames and args.layout != "youtubevos":
        raise UsageError(f"--link-frames is for --to youtubevos; {args.layout} has no frames")
    if args.root is not None and not args.link_frames:
        raise UsageError("--root says where the frames for --link-frames are; give both or neither")
    options = {"unfinished": args.unfinished, "progress": bar}
    if args.link_frames:
        options |= {"link_frames": True, "dataset_root": absolute(args.root)}
    layouts = {"youtubevos": youtubevos, "coco": coco, "zip": archive}
    count = layouts[args.layout].export(args.masks, args.out, **options)
    tell(f"{args.out}: {count} sequence{'' if count == 1 else 's'}",
         {"out": str(args.out), "layout": args.layout, "sequences": count}, args.json)
    return 0
