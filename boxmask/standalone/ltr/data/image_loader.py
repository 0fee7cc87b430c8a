"""Reading images and id images, writing id images.

Interfaces of pytracking's `ltr/data/image_loader.py`, on OpenCV and Pillow alone: there is no jpeg4py, and
`default_image_loader` is `opencv_loader`. Different on purpose: what cannot be read whole is an error that
names the file, where pytracking prints and returns None, and OpenCV decodes a truncated JPEG into grey
without a word.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

_JPEG, _JPEG_SCAN, _JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_PNG, _PNG_END = b"\x89PNG", b"IEND"


class ImageError(ValueError):
    """An image file cannot be read; the message names it."""


def _davis_palette() -> np.ndarray:
    """(256, 3) uint8: the colours of PASCAL VOC for the first 22 ids, with 191 for 192 as in pytracking; then greys."""
    palette = np.repeat(np.arange(256)[:, None], 3, axis=1).astype(np.uint8)
    for number in range(22):
        # Each colour channel collects every third bit of the id, from the highest bit of the byte downwards.
        colour = [sum(((number >> (3 * bit + channel)) & 1) << (7 - bit) for bit in range(3)) for channel in range(3)]
        palette[number] = [min(level, 191) for level in colour]
    return palette


davis_palette = _davis_palette()


def opencv_loader(path: str | os.PathLike[str]) -> np.ndarray:
    """An image as (H, W, 3) uint8 RGB, whatever its file holds (grey, palette, CMYK).

    Raises `ImageError` for a file that is missing, empty, truncated or no image.
    """
    data = _read_bytes(path)
    if _is_truncated(data):
        raise ImageError(f"{path}: the image file is truncated ({len(data)} bytes); fetch it again")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ImageError(f"{path}: not an image that OpenCV can decode; fetch it again or convert it to JPEG")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def default_image_loader(path: str | os.PathLike[str]) -> np.ndarray:
    """`opencv_loader`."""
    return opencv_loader(path)


def imread_indexed(filename: str | os.PathLike[str]) -> np.ndarray:
    """The ids (H, W) of a palette or single-channel image; the first channel of any other."""
    data = _read_bytes(filename)
    if _is_truncated(data):
        raise ImageError(f"{filename}: the mask file is truncated ({len(data)} bytes); fetch or write it again")
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.atleast_3d(np.asarray(image))[..., 0]
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ImageError(f"{filename}: the mask cannot be read ({error}); fetch or write it again") from error


def imwrite_indexed(filename: str | os.PathLike[str], array: np.ndarray,
                    color_palette: np.ndarray | None = None) -> None:
    """Writes ids (H, W) as a palette PNG; under its final name it is whole or not there.

    color_palette (256, 3) uint8, by default that of DAVIS.
    """
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2:
        raise ValueError(f"an id image has the shape (H, W), got {array.shape} for {filename}")
    image = Image.fromarray(array.astype(np.uint8))
    palette = davis_palette if color_palette is None else np.asarray(color_palette)
    image.putpalette(palette.astype(np.uint8).tobytes())
    path = Path(filename)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        image.save(unfinished, format="PNG")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _read_bytes(path: str | os.PathLike[str]) -> bytes:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: the file cannot be read ({error.strerror})") from error
    if not data:
        raise ImageError(f"{path}: the image file is empty; fetch it again")
    return data


def _is_truncated(data: bytes) -> bool:
    """Whether a JPEG or PNG ends before its end mark.

    Inside the compressed pixels of a JPEG the byte ff is escaped, so the end mark after the last scan is the
    real one; an embedded preview has its own, earlier.
    """
    if data.startswith(_JPEG):
        return data.rfind(_JPEG_END) < data.rfind(_JPEG_SCAN)
    return data.startswith(_PNG) and _PNG_END not in data
