"""`boxmask export`: generated masks in other layouts."""

from __future__ import annotations

import argparse
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    export = commands.add_parser("export", help="generated masks in other layouts",
                                 description="Masks that are marked as poor, and those of frames that could not be "
                                             "looked at, are left out of youtubevos and coco; zip has all of them, "
                                             "with the manifests that mark them.")
    export.add_argument("masks", type=Path, metavar="OUT", help="the --out of `boxmask generate`")
    export.add_argument("--to", choices=("youtubevos", "coco", "zip"), required=True, dest="layout",
                        help="a YouTube-VOS split: Annotations, meta.json; COCO's JSON for videos, with masks as run "
                             "lengths (needs pycocotools); a zip file")
    export.add_argument("--out", type=Path, required=True, metavar="X", help="the folder or file to write, which must "
                                                                             "not be there yet")
    export.add_argument("--link-frames", action="store_true",
                        help="youtubevos: also JPEGImages, symbolic links to the images that the masks were made from")
    export.add_argument("--unfinished", action="store_true",
                        help="export what is there of a run that has sequences failed or still to do")
    export.set_defaults(run=_export)


def _export(args: argparse.Namespace) -> int:
    from boxmask.export import archive, coco, youtubevos

    options = {"unfinished": args.unfinished}
    if args.layout == "youtubevos":
        options["link_frames"] = args.link_frames
    elif args.link_frames:
        raise ValueError(f"--link-frames is for --to youtubevos; {args.layout} has no frames")
    layouts = {"youtubevos": youtubevos, "coco": coco, "zip": archive}
    count = layouts[args.layout].export(args.masks, args.out, **options)
    print(f"{args.out}: {count} sequences")
    return 0
