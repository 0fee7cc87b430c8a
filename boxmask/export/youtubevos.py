"""A YouTube-VOS tree: `Annotations/<sequence>/<frame>.png`, `JPEGImages/<sequence>/<frame>.jpg`, `meta.json`."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boxmask.export.masks import ExportError, SequenceMasks, open_masks
from boxmask.export.whole import whole
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.settings import read_record
from boxmask.generate.source import Opened, Source, Sources
from boxmask.readers.sequence import DatasetError
from boxmask.terminal import Progress

logger = logging.getLogger(__name__)

# What the objects are is not known.
CATEGORY = "object"


def export(out: Path, target: Path, *, link_frames: bool = False, dataset_root: str | None = None,
           unfinished: bool = False, progress: Progress = iter) -> int:
    """Writes the folder `target`, a split of YouTube-VOS (`.../2019/train`), and returns the number of sequences.

    Masks of frames that could not be looked at, and poor ones, are left out; their frames are not. So are
    sequences in which no object is to be seen, of which a warning tells: loaders look for an object's first frame.
    link_frames: also JPEGImages, symbolic links to the images that the masks were made from; dataset_root: as the
    `root` of `Sources`. Raises `ExportError` where masks or images are missing.
    """
    videos: dict[str, Any] = {}
    with whole(target, out) as partial:
        images = _Images(out, dataset_root) if link_frames else None
        for sequence in open_masks(out, unfinished=unfinished, progress=progress):
            if not _is_any_seen(sequence):
                logger.warning("%s is left out: there is no object to be seen in it", sequence.name)
                continue
            names = frame_names(sequence)
            videos[sequence.name] = {"objects": _write_masks(sequence, names, partial / "Annotations" / sequence.name)}
            if images is not None:
                images.link(sequence, names, partial / "JPEGImages" / sequence.name)
        (partial / "meta.json").write_text(json.dumps({"videos": videos}, ensure_ascii=False), encoding="utf-8")
    return len(videos)


def frame_names(sequence: SequenceMasks) -> list[str]:
    """The names of the frames in the tree: as they are, or numbered where their order as text is another.

    Loaders of YouTube-VOS sort names as text, which would put TrackingNet's frame 10 before frame 2.
    """
    names = [frame.name for frame in sequence.manifest.frames]
    return names if names == sorted(names) else [f"{index:05d}" for index in range(len(names))]


def _is_any_seen(sequence: SequenceMasks) -> bool:
    return any(sequence.shows(frame, object_id) for frame in sequence.manifest.frames
               for object_id in sequence.manifest.object_ids)


def _write_masks(sequence: SequenceMasks, names: list[str], folder: Path) -> dict[str, Any]:
    """Writes the masks of a sequence; returns what `meta.json` says of its objects."""
    folder.mkdir(parents=True)
    shown: dict[int, list[str]] = {object_id: [] for object_id in sequence.manifest.object_ids}
    for frame, name in zip(sequence.manifest.frames, names, strict=True):
        if sequence.is_known(frame):
            (folder / f"{name}.png").write_bytes(sequence.read(frame))
        for object_id, frames in shown.items():
            if sequence.shows(frame, object_id):
                frames.append(name)
    # Loaders look for an object's first frame, and an object that is nowhere has none.
    return {str(object_id): {"category": CATEGORY, "frames": frames} for object_id, frames in shown.items() if frames}


class _Images:
    """The images that the masks of an output folder were made from, found by its record."""

    def __init__(self, out: Path, dataset_root: str | None) -> None:
        self.out = out
        record = read_record(OutFolder(out))
        if record is None:
            raise ExportError(f"{out} has no .boxmask/run.json to say where its frames are; leave out --link-frames, "
                              "and put the frames into JPEGImages yourself")
        try:
            self.sources = Sources((Source(**each) for each in record.sources), dataset_root)
        except DatasetError as error:
            raise ExportError(f"{error}; if the dataset has moved, name with --root where it is, or leave out "
                              "--link-frames") from error

    def link(self, sequence: SequenceMasks, names: list[str], folder: Path) -> None:
        """Links the images of a sequence; one that is missing is left out with a warning."""
        folder.mkdir(parents=True)
        paths = self._paths(sequence)
        for frame, name in zip(sequence.manifest.frames, names, strict=True):
            path = paths.get(frame.name)
            if path is None or not path.is_file():
                logger.warning("%s, frame %s: there is no image to link", sequence.name, frame.name)
                continue
            if path.suffix.lower() not in (".jpg", ".jpeg"):
                raise ExportError(f"{path}: the frames of YouTube-VOS are JPEG files; leave out --link-frames")
            os.symlink(path.resolve(), folder / f"{name}.jpg")

    def _paths(self, sequence: SequenceMasks) -> Mapping[str, Path]:
        opened = self._find(sequence.name)
        frames = opened.dataset.read(sequence.name).frames
        paths = getattr(frames, "paths", None)
        if paths is None:
            raise ExportError(f"{sequence.name}: its frames are in a video file; leave out --link-frames, and take "
                              "them apart yourself")
        return dict(zip(frames.names, paths, strict=True))

    def _find(self, name: str) -> Opened:
        try:
            opened = self.sources.find(name)
        except DatasetError as error:
            raise ExportError(f"{error}; leave out --link-frames") from error
        if opened is None:
            raise ExportError(f"{name}: the frames are no longer where {self.out} has them from; name with --root "
                              "where they are, or leave out --link-frames")
        return opened
