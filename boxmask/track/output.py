"""What is left of a tracked video: boxes and masks as pytracking saves them, and pictures to look at."""

from __future__ import annotations

import importlib.util
import logging
import math
import os
import re
import shutil
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from boxmask.report import overlay
from boxmask.track.follow import Tracked
from ltr.data.image_loader import imwrite_indexed

_log = logging.getLogger(__name__)
_PICTURES = 9
_USUAL_RATE = 25.0


class VideoResults:
    """Writes frame by frame into hidden files, which get their names when the last frame was written.

    `<results_dir>/<name>_<id>.txt` (x, y, w, h of each frame; tabs, whole pixels), `<name>_<id>_object_presence_scores
    .txt`, `<name>_time.txt` (seconds); `<segmentation_dir>/<name>/<frame>.png` (palette PNG of object ids);
    `<results_dir>/<name>.mp4` and `.png`, the frames with masks and boxes drawn in. Used in a `with` block: an error in
    it leaves what was there before. What an older run left under these names goes when the new files are there.

    written: the files and the folder of masks that are there after the block.
    """

    def __init__(self, name: str, results_dir: Path, segmentation_dir: Path, frames: tuple[str, ...],
                 rate: float) -> None:
        """frames: their names; rate: of the mp4, in frames per second, 0 where it is not known."""
        self.boxes_folder, self.masks_folder = results_dir, segmentation_dir / name
        self.sheet, self.film = results_dir / f"{name}.png", results_dir / f"{name}.mp4"
        self.written: list[Path] = []
        self._name, self._frames = name, frames
        self._columns: dict[str, list[Any]] = {}
        self._chosen = set(overlay.spread(len(frames), _PICTURES))
        self._pictures: list[np.ndarray] = []
        self._labels: list[str] = []
        self._added = 0
        self._film = _Film(_hidden(self.film), rate or _USUAL_RATE) if _can_film() else None

    def __enter__(self) -> VideoResults:
        self._clear()
        self.boxes_folder.mkdir(parents=True, exist_ok=True)
        _hidden(self.masks_folder).mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            if self._film is not None:
                self._film.close()
            if kind is None:
                self._finish()
        finally:
            self._clear()

    @property
    def box_files(self) -> list[Path]:
        """One for each object."""
        return [path for path, rows in self._tables().items() if rows.ndim > 1]

    def add(self, tracked: Tracked) -> None:
        """Writes the next frame."""
        frame = self._frames[self._added]
        if tracked.mask is not None:
            imwrite_indexed(_hidden(self.masks_folder) / f"{frame}.png", tracked.mask)
        for number, box in tracked.boxes.items():
            self._columns.setdefault(f"_{number}", []).append(box.astype(int))
        for number, score in tracked.scores.items():
            self._columns.setdefault(f"_{number}_object_presence_scores", []).append(score)
        self._columns.setdefault("_time", []).append(tracked.seconds)
        self._draw(frame, tracked)
        self._added += 1

    def _draw(self, frame: str, tracked: Tracked) -> None:
        mask = np.zeros(tracked.image.shape[:2], np.uint8) if tracked.mask is None else tracked.mask
        # The box of an object that is out of sight is only its last place.
        boxes = [box for number, box in tracked.boxes.items() if tracked.mask is None or (mask == number).any()]
        if self._film is not None:
            picture = tracked.image.copy()
            overlay.paint(picture, {number: mask == number for number in tracked.boxes}, boxes)
            self._film.add(picture)
        if self._added in self._chosen:
            self._pictures.append(overlay.draw(tracked.image, mask, np.stack(boxes) if boxes else None))
            scores = " ".join(f"{score:.2f}" for score in tracked.scores.values())
            self._labels.append(f"{frame}   presence {scores}" if scores else frame)

    def _finish(self) -> None:
        """All files are whole, under hidden names, before the first of an older run is replaced."""
        tables = self._tables()
        for path, rows in tables.items():
            np.savetxt(_hidden(path), rows, delimiter="\t", fmt="%d" if rows.ndim > 1 else "%f")
        overlay.save(overlay.contact_sheet(self._pictures, self._labels), _hidden(self.sheet))
        masks = [self.masks_folder] if any(_hidden(self.masks_folder).iterdir()) else []
        film = [self.film] if self._film is not None else []
        shutil.rmtree(self.masks_folder, ignore_errors=True)
        self.written = [*film, self.sheet, *masks, *tables]
        for path in self.written:
            os.replace(_hidden(path), path)
        for path in {self.film, *self._old_tables()}.difference(self.written):
            path.unlink(missing_ok=True)

    def _tables(self) -> dict[Path, np.ndarray]:
        """Boxes (T, 4), scores (T,) and seconds (T,) by their files."""
        return {self.boxes_folder / f"{self._name}{suffix}.txt": np.array(rows)
                for suffix, rows in self._columns.items()}

    def _old_tables(self) -> list[Path]:
        """Those under this name, whoever wrote them; a longer name is another video's."""
        ours = re.compile(re.escape(self._name) + r"_(\d+(_object_presence_scores)?|time)\.txt")
        return [path for path in self.boxes_folder.iterdir() if ours.fullmatch(path.name)]

    def _clear(self) -> None:
        """Removes what is unfinished, of this run or of one that was killed."""
        shutil.rmtree(_hidden(self.masks_folder), ignore_errors=True)
        for path in (self.film, self.sheet, *self._tables()):
            _hidden(path).unlink(missing_ok=True)


def _hidden(path: Path) -> Path:
    """Where a file or folder is while it is not finished."""
    return path.with_name(f".{path.stem}.partial{path.suffix}")


def _can_film() -> bool:
    found = importlib.util.find_spec("av") is not None
    if not found:
        _log.info("no mp4 is written without PyAV: pip install 'boxmask[video]'")
    return found


class _Film:
    """An mp4 file of pictures (H, W, 3) uint8 RGB, H.264, of the size of the first."""

    def __init__(self, path: Path, rate: float) -> None:
        self._path = path
        self._rate = Fraction(rate).limit_denominator(1001)
        self._container: Any = None
        self._stream: Any = None

    def add(self, picture: np.ndarray) -> None:
        import av

        if self._container is None:
            self._container = av.open(str(self._path), "w")
            self._stream = self._container.add_stream("libx264", rate=self._rate, options={"crf": "20"})
            self._stream.pix_fmt = "yuv420p"  # what every player plays; it wants even sides
            self._stream.height, self._stream.width = (2 * math.ceil(side / 2) for side in picture.shape[:2])
        size = self._stream.width, self._stream.height
        if picture.shape[1::-1] != size:
            picture = _fitted(picture, size)
        for packet in self._stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
            self._container.mux(packet)

    def close(self) -> None:
        if self._container is not None:
            for packet in self._stream.encode():
                self._container.mux(packet)
            self._container.close()


def _fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture of another size (W, H): one more row or column, or, of a frame of another size, made anew."""
    right, below = size[0] - picture.shape[1], size[1] - picture.shape[0]
    if {right, below} <= {0, 1}:
        return cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
