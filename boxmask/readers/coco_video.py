"""Boxes in COCO's format for videos (YouTube-VIS, OVIS): one JSON file over folders of frames.

`{"videos": [{"id", "file_names": ["<folder>/00000.jpg", ...]}, ...],
  "annotations": [{"id", "video_id", "bboxes": [[x, y, w, h], null, ...]}, ...]}`, an annotation for every object, null
where it is not to be seen.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from boxmask.readers.annotations import Entry, fit, judge, make_sequence
from boxmask.readers.folders import require_few_objects, require_folder, unique
from boxmask.readers.images import ImageFiles
from boxmask.readers.sequence import Dataset, DatasetError, Sequence, shorten

NAME = "COCO-video"
# By far the largest part of such a file, and not looked at here.
_MASKS = ("segmentations", "areas")


@dataclass
class _Video:
    """What the file has of a video: its frames, and the `bboxes` of its objects in the order of their ids."""

    file_names: list[Any]
    objects: list[tuple[int, Any]] = field(default_factory=list)


def open_dataset(root: str | os.PathLike[str], annotations: str | os.PathLike[str]) -> Dataset:
    """The videos of the file `annotations`, whose `file_names` lead from `root` to the frames.

    A video is called as the folder of its frames, or by its id if they are in `root` itself.
    """
    root = require_folder(Path(root), "the folder that the file names start from", dataset=NAME)
    path = Path(annotations)
    videos = _parse(_load(path), path)
    names = unique(videos, "an entry in 'videos' for each of them", dataset=NAME, file=path)
    return Dataset(NAME, names, partial(read_sequence, root, path, videos))


def read_sequence(root: Path, file: Path, videos: Mapping[str, _Video], name: str) -> Sequence:
    """One video; its objects have the indices 1, 2, ... in the order of the ids of their annotations."""
    video = videos[name]
    if not video.file_names:
        raise DatasetError("it has no frames", dataset=NAME, sequence=name, file=file)
    frames = ImageFiles(tuple(root / _inside(path, name, file) for path in video.file_names))
    length = len(frames.paths)
    objects = [_entries(boxes, length) for _, boxes in sorted(video.objects, key=lambda each: each[0])]
    require_few_objects(len(objects), dataset=NAME, sequence=name, file=file)
    # A video without any object still has frames to account for: one object, nowhere to be seen.
    return make_sequence(NAME, name, frames, dict(enumerate(objects or [[None] * length], start=1)))


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DatasetError("no such file; expected annotations in COCO's format for videos", dataset=NAME, file=path)
    try:
        with open(path, encoding="utf-8-sig") as stream:
            content = json.load(stream, object_hook=_without_masks)
    except OSError as error:
        raise DatasetError(f"the file cannot be read ({error.strerror})", dataset=NAME, file=path) from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"the file is not JSON ({error}); copy it again", dataset=NAME, file=path) from error
    if not _has(content, videos=list, annotations=list):
        raise DatasetError("expected an object with the lists 'videos' and 'annotations'", dataset=NAME, file=path)
    return content


def _without_masks(content: dict[str, Any]) -> dict[str, Any]:
    for key in _MASKS:
        content.pop(key, None)
    return content


def _parse(content: dict[str, Any], path: Path) -> dict[str, _Video]:
    """The videos by name."""
    by_id: dict[int, _Video] = {}
    for number, video in enumerate(content["videos"]):
        if not _has(video, id=int, file_names=list) or video["id"] in by_id:
            raise DatasetError(f"videos[{number}] is not a video with an id of its own and file_names", dataset=NAME,
                               file=path)
        by_id[video["id"]] = _Video(video["file_names"])
    for number, annotation in enumerate(content["annotations"]):
        if not _has(annotation, id=int, video_id=int) or annotation["video_id"] not in by_id:
            raise DatasetError(f"annotations[{number}] is not an object with an id and the video_id of one of the "
                               "videos", dataset=NAME, file=path)
        by_id[annotation["video_id"]].objects.append((annotation["id"], annotation.get("bboxes")))
    names = {identity: _name(identity, video) for identity, video in by_id.items()}
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise DatasetError(f"two videos have their frames in folders called {shorten(twice[0])}, and its masks can be "
                           "there once", dataset=NAME, file=path)
    return {names[identity]: video for identity, video in by_id.items()}


def _has(content: Any, **kinds: type) -> bool:
    """Whether it is a JSON object with entries of these kinds."""
    return isinstance(content, dict) and all(isinstance(content.get(key), kind) for key, kind in kinds.items())


def _name(identity: int, video: _Video) -> str:
    first = video.file_names[0] if video.file_names else ""
    return (PurePosixPath(first).parent.name if isinstance(first, str) else "") or str(identity)


def _inside(path: Any, name: str, file: Path) -> PurePosixPath:
    """A file name of the annotations, which must not lead out of the root."""
    if not isinstance(path, str) or "\\" in path or not path.isprintable() or PurePosixPath(path).is_absolute() \
            or ".." in PurePosixPath(path).parts:
        raise DatasetError(f"{shorten(str(path))} is not the name of a frame: expected <folder>/<frame>.jpg",
                           dataset=NAME, sequence=name, file=file)
    return PurePosixPath(path)


def _entries(boxes: Any, length: int) -> list[Entry]:
    if boxes is None:  # as in the files of validation sets, which have no boxes
        return fit([], length)
    if not isinstance(boxes, list) or len(boxes) > length:
        # Which of them belongs to which frame is not to be known.
        return [f"bboxes is not a list of {length} boxes, one per frame"] * length
    return fit([_entry(box) for box in boxes], length)


def _entry(box: Any) -> Entry:
    if box is None:
        return None
    numbers = isinstance(box, list) and len(box) == 4 and all(type(value) in (int, float) for value in box)
    try:
        entry = judge([float(value) for value in box]) if numbers else "not a box of four numbers"
    except OverflowError:
        entry = "a number beyond any image"
    return f"{shorten(str(box))}: {entry}" if isinstance(entry, str) else entry
