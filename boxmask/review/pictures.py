"""Frames of a sequence with mask and box, as sheets of small pictures of one size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from boxmask import masks
from boxmask.generate.manifest import Frame
from boxmask.masks import MaskError
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import Sequence
from boxmask.report import overlay

# Pixels of a picture, whatever its aspect; and pictures of a sheet, which is what a browser loads at once.
AREA = 360 * 202
COLUMNS, CELLS = 6, 24
THUMB_WIDTH = 160
_JPEG_QUALITY = 80
_PAPER = (40, 40, 40)
_INK = (200, 200, 200)


@dataclass(frozen=True)
class Cell:
    """A picture (h, w, 3) uint8 RGB, and why it is not what it should be, else ''."""

    picture: np.ndarray
    problem: str = ""


def known_size(frames: Items[Frame]) -> tuple[int, int]:
    """The (W, H) of the first frame whose size is known."""
    return next(((frame.width, frame.height) for frame in frames if frame.width and frame.height), (16, 9))


def cell_size(size: tuple[int, int]) -> tuple[int, int]:
    """The (W, H) of the picture of a frame of `size` (W, H)."""
    aspect = min(max(size[0] / size[1], 1 / 3), 3.0)
    return round(math.sqrt(AREA * aspect)), round(math.sqrt(AREA / aspect))


def draw_cells(sequence: Sequence, folder: Path, frames: Items[Frame], size: tuple[int, int]) -> Iterator[Cell]:
    """A picture of `size` (W, H) for each frame, with its mask in `folder` and its boxes in `sequence`.

    What cannot be read is an empty picture.
    """
    position = {name: index for index, name in enumerate(sequence.frames.names)}
    for frame in frames:
        index = position.get(frame.name)
        try:
            if index is None:
                raise ImageError("the dataset has no such frame any more")
            yield Cell(_fit(_draw(sequence, index, folder / f"{frame.name}.png"), size))
        except (ImageError, MaskError, ValueError) as error:
            yield Cell(empty_cell(size), str(error))


def _draw(sequence: Sequence, index: int, mask: Path) -> np.ndarray:
    image = sequence.frames.load(index)
    boxes = sequence.boxes[index]
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    width = cell_size((image.shape[1], image.shape[0]))[0]
    return overlay.draw(image, masks.read(mask), boxes if len(boxes) else None, width)


def empty_cell(size: tuple[int, int]) -> np.ndarray:
    """A picture of `size` (W, H) that says that there is none."""
    cell = np.full((size[1], size[0], 3), _PAPER, np.uint8)
    cv2.putText(cell, "no picture", (size[0] // 2 - 48, size[1] // 2 + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.55, _INK, 1,
                cv2.LINE_AA)
    return cell


def _fit(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture on one of `size` (W, H), made smaller where it must be, in its middle."""
    height, width = picture.shape[:2]
    scale = min(1.0, size[0] / width, size[1] / height)
    width, height = max(1, int(scale * width)), max(1, int(scale * height))
    if (width, height) == size == picture.shape[1::-1]:
        return picture
    cell = np.full((size[1], size[0], 3), _PAPER, np.uint8)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    cell[top:top + height, left:left + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return cell


def sheet(cells: Items[np.ndarray], columns: int) -> np.ndarray:
    """Pictures of one size in rows of `columns`, without a gap: (H, W, 3) uint8 RGB."""
    height, width = cells[0].shape[:2]
    paper = np.full((-(-len(cells) // columns) * height, columns * width, 3), _PAPER, np.uint8)
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        paper[row * height:(row + 1) * height, column * width:(column + 1) * width] = cell
    return paper


def thumb(cell: np.ndarray) -> np.ndarray:
    """A small picture of a picture, for the list."""
    height = max(1, round(cell.shape[0] * THUMB_WIDTH / cell.shape[1]))
    return cv2.resize(cell, (THUMB_WIDTH, height), interpolation=cv2.INTER_AREA)


def encode(picture: np.ndarray) -> bytes:
    """A JPEG of a picture (H, W, 3) RGB."""
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)[1].tobytes()
