"""Frames of a dataset as arrays. OpenCV decodes; what it would pass over in silence is found before."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


class ImageError(ValueError):
    """An image file that cannot be read whole; the caller adds which one."""


def read(path: Path) -> np.ndarray:
    """An image file as (H, W, 3) uint8 RGB, grey and CMYK files included."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ImageError("no such image; copy the frame from the dataset again") from None
    except OSError as error:
        raise ImageError(f"the image cannot be opened ({error.strerror})") from error
    if not data:
        raise ImageError("the image is empty (0 bytes); copy the frame from the dataset again")
    if _is_cut_short(data):
        raise ImageError(f"the image is truncated after {len(data)} bytes; copy the frame from the dataset again")
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise ImageError("the file is not an image that OpenCV reads; copy the frame from the dataset again")
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def _is_cut_short(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end. Decoders fill the missing part with grey and only warn."""
    if data.startswith(b"\xff\xd8"):
        # The end marker follows the last scan; an end marker before it is a thumbnail's.
        return data.rfind(b"\xff\xd9") <= data.rfind(b"\xff\xda")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data.rfind(b"IEND") < 0
    return False


def list_folder(folder: Path) -> list[Path]:
    """The image files of a folder in natural order: frame2.jpg before frame10.jpg."""
    files = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
    return sorted((path for path in files if path.is_file()), key=_natural_key)


def _natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part.lower()) for part in parts], path.name
