"""COCO's JSON for videos (YouTube-VIS): one file with the masks of all objects as run lengths. Needs pycocotools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import boxmask
from boxmask import masks
from boxmask.export.masks import ExportError, SequenceMasks, open_masks
from boxmask.export.whole import whole
from boxmask.terminal import Progress

CATEGORY = {"id": 1, "name": "object", "supercategory": "object"}


def export(out: Path, target: Path, *, unfinished: bool = False,
           progress: Progress = iter) -> int:
    """Writes the file `target` and returns the number of sequences.

    An annotation per object: `segmentations`, `bboxes` (xywh of the mask) and `areas` in pixels, one per frame of its
    video, null where it is not to be seen or its mask is not known or poor. `file_names` are `<sequence>/<frame>.jpg`,
    as in these datasets, whatever the images were; width and height are those of the first frame; each run-length mask
    has its own size. The file is written as it goes: the annotations, then the videos.
    """
    rle = _require_pycocotools()
    videos: list[dict[str, Any]] = []
    next_id = 1
    with whole(target, out) as partial, open(partial, "w", encoding="utf-8") as file:
        file.write(f'{{"info":{json.dumps({"description": f"boxmask {boxmask.__version__}"})},"licenses":[],'
                   f'"categories":[{json.dumps(CATEGORY)}],\n"annotations":[')
        for sequence in open_masks(out, unfinished=unfinished, progress=progress):
            videos.append(_video(sequence, len(videos) + 1))
            for annotation in _annotations(sequence, videos[-1], rle):
                separator = ",\n" if next_id > 1 else "\n"
                file.write(separator + json.dumps({"id": next_id, **annotation}, separators=(",", ":")))
                next_id += 1
        file.write('\n],\n"videos":[\n')
        file.write(",\n".join(json.dumps(video, separators=(",", ":"), ensure_ascii=False) for video in videos))
        file.write("\n]}\n")
    return len(videos)


def _video(sequence: SequenceMasks, video_id: int) -> dict[str, Any]:
    frames = sequence.manifest.frames
    size = next(((frame.width, frame.height) for frame in frames if frame.width is not None), (None, None))
    return {"id": video_id, "width": size[0], "height": size[1], "length": len(frames),
            "file_names": [f"{sequence.name}/{frame.name}.jpg" for frame in frames]}


def _annotations(sequence: SequenceMasks, video: dict[str, Any], rle: Any) -> Iterator[dict[str, Any]]:
    """The annotations of the objects that are to be seen in some frame of a sequence, without ids."""
    found: dict[int, list[dict[str, Any] | None]] = {object_id: [] for object_id in sequence.manifest.object_ids}
    for frame in sequence.manifest.frames:
        shown = [object_id for object_id in found if sequence.shows(frame, object_id)]
        labels = None
        if shown:
            sequence.read(frame)  # to have it checked
            labels = masks.read(sequence.folder / f"{frame.name}.png")
        for object_id, segments in found.items():
            segments.append(_segment(labels == object_id, rle) if object_id in shown else None)
    for segments in found.values():
        if any(segments):
            columns = {key: [segment and segment[key] for segment in segments] for key in ("rle", "box", "area")}
            yield {"video_id": video["id"], "category_id": CATEGORY["id"], "iscrowd": 0, "width": video["width"],
                   "height": video["height"], "length": video["length"], "segmentations": columns["rle"],
                   "bboxes": columns["box"], "areas": columns["area"]}


def _segment(mask: np.ndarray, rle: Any) -> dict[str, Any]:
    """A mask (H, W) bool as run lengths, its box and its pixels."""
    code = rle.encode(np.asfortranarray(mask, dtype=np.uint8))
    segmentation = {"size": list(map(int, code["size"])), "counts": code["counts"].decode("ascii")}
    return {"rle": segmentation, "box": rle.toBbox(code).tolist(), "area": int(rle.area(code))}


def _require_pycocotools() -> Any:
    try:
        from pycocotools import mask
    except ImportError as error:
        raise ExportError("the run lengths of COCO need the package pycocotools: pip install 'boxmask[coco]', or "
                          "pip install pycocotools") from error
    return mask
