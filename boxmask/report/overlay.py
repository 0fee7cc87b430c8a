"""A contact sheet of a sequence: frames spread over it, each around its box, its mask tinted and outlined."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from boxmask import masks
from boxmask.boxes import from_mask
from boxmask.readers import folder as folder_reader
from boxmask.readers import got10k, images
from boxmask.readers.folders import require_folder
from boxmask.readers.sequence import DatasetError

CELL_WIDTH = 480
ZOOM = 1.8
_GAP = 6
_LABEL_HEIGHT = 24
_PAPER = (24, 24, 24)
_INK = (230, 230, 230)
# Of the objects, in turn; the first is a single object's.
_MASKS = ((255, 64, 129), (0, 200, 255), (118, 255, 3), (255, 145, 0), (213, 128, 255))
_BOX = (255, 214, 0)
_TINT = 0.4


def spread(length: int, count: int) -> list[int]:
    """`count` indices spread evenly over `length` frames with both ends, or all if there are fewer."""
    return sorted(set(np.linspace(0, length - 1, min(count, length)).round().astype(int).tolist()))


def view(box: np.ndarray | None, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a frame of `size` (W, H) to show for a box: `ZOOM` times as large, its aspect the frame's.

    Without a box, and for one too large for that, the whole frame.
    """
    frame_width, frame_height = size
    if box is None:
        return slice(0, frame_height), slice(0, frame_width)
    x, y, w, h = (float(value) for value in box)
    share = min(1.0, max(ZOOM * w / frame_width, ZOOM * h / frame_height))
    width, height = max(1, round(share * frame_width)), max(1, round(share * frame_height))
    left = int(np.clip(round(x + w / 2 - width / 2), 0, frame_width - width))
    top = int(np.clip(round(y + h / 2 - height / 2), 0, frame_height - height))
    return slice(top, top + height), slice(left, left + width)


def draw(image: np.ndarray, mask: np.ndarray, boxes: np.ndarray | None, width: int = CELL_WIDTH) -> np.ndarray:
    """One frame (H, W, 3) RGB around its boxes, `width` pixels wide, with its mask (H, W) and its boxes xywh.

    boxes: (4,) or (O, 4), None for none: then it is drawn around the mask. The picture has the aspect of the frame.
    """
    if mask.shape != image.shape[:2]:
        raise ValueError(f"the mask is {mask.shape[1]}x{mask.shape[0]} and its image {image.shape[1]}x{image.shape[0]}")
    size = width, max(1, round(image.shape[0] * width / image.shape[1]))
    boxes = np.zeros((0, 4)) if boxes is None else np.atleast_2d(boxes)
    rows, columns = view(_around(boxes) if len(boxes) else from_mask(mask), (image.shape[1], image.shape[0]))
    scale = np.divide(size, (columns.stop - columns.start, rows.stop - rows.start))
    is_smaller = scale[0] < 1
    picture = cv2.resize(image[rows, columns], size, interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC)
    part = mask[rows, columns]
    # The edge of a smooth resize at one half; nearest neighbours would make stairs of a small mask. In a smaller
    # picture a line of one pixel covers as little as half the scale of a pixel, and has to be seen.
    least, kind = (0.49 * scale[0], cv2.INTER_AREA) if is_smaller else (0.5, cv2.INTER_LINEAR)
    covers = {identity: cv2.resize((part == identity).astype(np.float32), size, interpolation=kind) > least
              for identity in np.unique(part[part > 0]).tolist()}
    paint(picture, covers, (boxes - (columns.start, rows.start, 0, 0)) * np.tile(scale, 2))
    return picture


def _around(boxes: np.ndarray) -> np.ndarray:
    """The smallest box xywh around boxes (O, 4)."""
    start, end = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    return np.concatenate((start, end - start))


def paint(picture: np.ndarray, covers: Mapping[int, np.ndarray], boxes: Iterable[np.ndarray]) -> None:
    """Draws into a picture (H, W, 3) RGB: the pixels (H, W) bool that each object id covers, and boxes xywh."""
    colours = {identity: _MASKS[(identity - 1) % len(_MASKS)] for identity in covers}
    for identity, covered in covers.items():
        tinted = (1 - _TINT) * picture[covered] + _TINT * np.array(colours[identity])
        picture[covered] = tinted.astype(np.uint8)
    for x, y, w, h in boxes:
        corners = (round(float(x)), round(float(y))), (round(float(x + w)), round(float(y + h)))
        cv2.rectangle(picture, *corners, (0, 0, 0), 4, cv2.LINE_AA)
        cv2.rectangle(picture, *corners, _BOX, 2, cv2.LINE_AA)
    for identity, covered in covers.items():
        outline, _ = cv2.findContours(covered.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outline, -1, colours[identity], 2, cv2.LINE_AA)


def contact_sheet(pictures: Sequence[np.ndarray], labels: Sequence[str], *, columns: int | None = None) -> np.ndarray:
    """Pictures of one width in rows, of `columns` or about a square, each with its label above: (H, W, 3) uint8 RGB."""
    square = math.ceil(math.sqrt(len(pictures)))
    columns = columns or min((square, square + 1), key=lambda number: -len(pictures) % number)
    rows = [pictures[start:start + columns] for start in range(0, len(pictures), columns)]
    heights = [max(picture.shape[0] for picture in row) + _LABEL_HEIGHT for row in rows]
    width = pictures[0].shape[1]
    size = sum(heights) + _GAP * (len(rows) + 1), columns * width + _GAP * (columns + 1)
    sheet = np.full((*size, 3), _PAPER, np.uint8)
    for index, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        row, column = divmod(index, columns)
        left = _GAP + column * (width + _GAP)
        top = _GAP + sum(heights[:row]) + row * _GAP
        cv2.putText(sheet, label, (left + 2, top + _LABEL_HEIGHT - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1,
                    cv2.LINE_AA)
        top += _LABEL_HEIGHT
        sheet[top:top + picture.shape[0], left:left + width] = picture
    return sheet


def overlay_folder(frames: Path, masks_folder: Path, boxes: Path | None = None, *, count: int) -> np.ndarray:
    """The contact sheet of a folder of frames and its folder of masks, `<frame stem>.png`, of the frames that have one.

    boxes: a file with one `x,y,w,h` line per frame; without it GOT-10k's `groundtruth.txt`, if the frames have one.
    """
    name = folder_reader.NAME
    paths = images.list_folder(require_folder(frames, "a folder of images", dataset=name))
    if not paths:
        raise DatasetError("no images in it", dataset=name, file=frames)
    masked = {path.stem for path in masks_folder.glob("*.png")}
    paths = [path for path in paths if path.stem in masked]
    if not paths:
        raise masks.MaskError(f"{masks_folder}: no mask of these frames in it; name the folder of their sequence, "
                              "OUT/<sequence> of `boxmask generate`")
    known = _boxes(frames, boxes)
    pictures, labels = [], []
    for index in spread(len(paths), count):
        stem = paths[index].stem
        mask = masks.read(masks_folder / f"{stem}.png")
        try:
            pictures.append(draw(images.read(paths[index]), mask, known.get(stem)))
        except ValueError as error:
            raise DatasetError(str(error), dataset=name, sequence=frames.resolve().name, frame=stem,
                               file=paths[index]) from error
        labels.append(f"{stem}   {_share(mask)}")
    return contact_sheet(pictures, labels)


def _share(mask: np.ndarray) -> str:
    share = np.count_nonzero(mask) / mask.size
    if not share:
        return "empty"
    return f"{share:.1%} of the frame" if share >= 0.001 else "less than 0.1% of the frame"


def _boxes(frames: Path, boxes: Path | None) -> dict[str, np.ndarray]:
    """The box of each frame, by its name, where there is one: of the first object."""
    beside = frames / "groundtruth.txt"
    if boxes is None and not beside.is_file():
        return {}
    if not (frames / "00000001.jpg").is_file():
        sequence = folder_reader.read_sequence(frames, boxes or beside)
    elif boxes is None:
        sequence = got10k.read_sequence(frames.resolve().parent, frames.resolve().name)
    else:
        sequence = got10k.read_frames(frames, boxes)
    return {name: box for name, box in zip(sequence.frames.names, sequence.boxes[:, 0], strict=True)
            if np.isfinite(box).all()}


def save(sheet: np.ndarray, path: Path) -> None:
    """Writes a picture (H, W, 3) RGB in the format that the suffix names.

    Raises `ValueError` for an unknown one, and for a picture that is too large for it.
    """
    try:
        is_written, encoded = cv2.imencode(path.suffix or ".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    except cv2.error:
        raise ValueError(f"{path}: pictures are written as .png or .jpg") from None
    if not is_written:
        raise ValueError(f"{path}: a picture of {sheet.shape[1]}x{sheet.shape[0]} is too large for {path.suffix}; "
                         "write it as .png")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded.tobytes())
