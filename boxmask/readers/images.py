"""Frames of a dataset as arrays. OpenCV decodes; what it would pass over in silence is found before.

Pillow reads sizes, since OpenCV has no way to read a header alone.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})

# The EXIF tag that says how to turn an image, and its first value that makes rows of columns.
_ORIENTATION, _FIRST_TRANSPOSED = 0x112, 5
# No memory, no file left to open, or a server that does not answer now.
_NOT_OF_THE_FILE = {errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN, errno.EINTR,
                    errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ECONNRESET}
_PNG = b"\x89PNG\r\n\x1a\n"
_AROUND_CHUNK = 12  # bytes of a PNG's chunk before and after what it holds
_NO_IMAGE = "the file is not an image that OpenCV reads; copy the frame from the dataset again"


class ImageError(ValueError):
    """An image file that cannot be read whole; the caller adds which one."""


@dataclass(frozen=True)
class ImageFiles:
    """The frames of a sequence as image files, which need not exist: `load` and `size` then raise `ImageError`."""

    paths: tuple[Path, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(path.stem for path in self.paths)

    def load(self, index: int) -> np.ndarray:
        """Frame `index`, (H, W, 3) uint8 RGB. Raises `ImageError` if it cannot be read."""
        return read(self.paths[index])

    def size(self, index: int) -> tuple[int, int]:
        """The (W, H) of frame `index`, from its header. Raises `ImageError` if it cannot be read."""
        return size(self.paths[index])


def read(path: Path) -> np.ndarray:
    """An image file as (H, W, 3) uint8 RGB, turned as its EXIF says, grey and CMYK files included."""
    _require_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _cannot_open(error) from error
    if _is_cut_short(data):
        raise ImageError(f"the image is truncated after {len(data)} bytes; copy the frame from the dataset again")
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # a header that promises more pixels than OpenCV takes
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(f"{path}: there is no memory to decode the image") from error
        decoded = None
    if decoded is None:
        raise ImageError(_NO_IMAGE)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def size(path: Path) -> tuple[int, int]:
    """The (W, H) that `read` would give for an image file, from its header: the pixels may be cut short."""
    _require_file(path)
    try:
        with Image.open(path) as image:
            width, height = image.size
            # Where there is none in the header, PNG files would be decoded to look for it behind the pixels.
            turned = "exif" in image.info and image.getexif().get(_ORIENTATION, 1) >= _FIRST_TRANSPOSED
    except (OSError, SyntaxError, ValueError, TypeError, struct.error, Image.DecompressionBombError) as error:
        if not is_of_the_file(error):
            raise
        raise ImageError(_NO_IMAGE) from error
    return (height, width) if turned else (width, height)


def is_of_the_file(error: Exception) -> bool:
    """Whether it is a file's own fault that it cannot be read, and not one of this process or a server."""
    return getattr(error, "errno", None) not in _NOT_OF_THE_FILE


def _cannot_open(error: OSError | ValueError) -> Exception:
    """What to raise for it: a frame is lost only by a fault of its own."""
    if not is_of_the_file(error):
        return error
    return ImageError(f"the image cannot be opened ({getattr(error, 'strerror', error)})")


def _require_file(path: Path) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise ImageError("no such image; copy the frame from the dataset again") from None
    except (OSError, ValueError) as error:
        raise _cannot_open(error) from error
    if not stat.S_ISREG(found.st_mode):  # reading from a pipe would wait for ever
        raise ImageError("this is no file; copy the frame from the dataset again")
    if not found.st_size:
        raise ImageError("the image is empty (0 bytes); copy the frame from the dataset again")


def _is_cut_short(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end. Decoders fill the missing part with grey and only warn, and OpenCV takes
    memory and seconds for what a PNG's chunk says it holds, if it is there or not."""
    if data.startswith(b"\xff\xd8"):
        # The end marker follows the last scan; an end marker before it is a thumbnail's.
        return data.rfind(b"\xff\xd9") <= data.rfind(b"\xff\xda")
    if data.startswith(_PNG):
        return not _reaches_end(data)
    return False


def _reaches_end(png: bytes) -> bool:
    """Whether the chunks of a PNG lead to its last one."""
    place = len(_PNG)
    while place + _AROUND_CHUNK <= len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        place += _AROUND_CHUNK + length
        if kind == b"IEND":
            return place <= len(png)
    return False


def list_folder(folder: Path) -> list[Path]:
    """The image files of a folder in natural order: frame2.jpg before frame10.jpg."""
    with os.scandir(folder) as entries:
        # A link that leads nowhere is a frame that cannot be read, not one that is not there.
        files = [folder / entry.name for entry in entries if not entry.name.startswith(".") and not is_folder(entry)]
    return sorted((path for path in files if path.suffix.lower() in SUFFIXES), key=_natural_key)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether something in a folder is a folder, or a link to one; a link to itself is neither."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part.lower()) for part in parts], path.name
