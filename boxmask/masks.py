"""The mask PNG: one channel, palette indices that are the object ids, exactly 0 and 1 for a single object.

pytracking's loaders take the indices as the target without a threshold (`ltr/dataset/got10kvos.py`), so a 255 in the
place of a 1 would train on 255. The palette only serves the eye: read the indices with Pillow; OpenCV turns a palette
image into its colours.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

# DAVIS and YouTube-VOS mark pixels that are nobody's with it.
VOID = 255
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The PNG standard's numbers for images of palette indices, and for rows as differences to the row above.
_PALETTE_COLOURS, _UP = 3, 2
# Below it, the bytes of all rows, the best compression costs nothing.
_SMALL = 1 << 14


class MaskError(ValueError):
    """A mask file that cannot be read as object ids; the message names it."""


def palette(count: int) -> np.ndarray:
    """The colours (count, 3) uint8 of the object ids from 0, as DAVIS and PASCAL VOC have them: black, dark red, ...

    >>> palette(3).tolist()
    [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    """
    ids = np.arange(count)
    # Bit 3 * k + c of an id is bit 7 - k of its colour's channel c.
    channels = [sum(((ids >> (3 * k + c)) & 1) << (7 - k) for k in range(3)) for c in range(3)]
    return np.stack(channels, axis=1).astype(np.uint8)


def encode(mask: np.ndarray, *, highest: int = 1) -> bytes:
    """The PNG of a mask (H, W), bool or integers from 0 to `highest`, the highest object id of its sequence.

    A pixel takes 1, 2, 4 or 8 bits, as few as `highest` needs. The same mask gives the same bytes wherever zlib is the
    same.
    """
    if mask.ndim != 2 or not mask.size:
        raise ValueError(f"expected a mask (H, W), got an array of shape {mask.shape}")
    if not 1 <= highest <= VOID:
        raise ValueError(f"expected a highest object id from 1 to {VOID}, got {highest}")
    if mask.dtype != bool and (mask.dtype.kind not in "iu" or mask.min() < 0 or mask.max() > highest):
        raise ValueError(f"expected a mask of integers from 0 to {highest}, got {mask.dtype} with the values "
                         f"{np.unique(mask)[:5].tolist()}")
    bits = next(bits for bits in (1, 2, 4, 8) if highest < 1 << bits)
    height, width = mask.shape
    header = struct.pack(">IIBBBBB", width, height, bits, _PALETTE_COLOURS, 0, 0, 0)
    return b"".join((_SIGNATURE, _chunk(b"IHDR", header),
                     _chunk(b"PLTE", palette(highest + 1).tobytes()),
                     _chunk(b"IDAT", _compress(_filtered(_packed(mask.astype(np.uint8, copy=False), bits)))),
                     _chunk(b"IEND", b"")))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _packed(mask: np.ndarray, bits: int) -> np.ndarray:
    """Rows of pixels (H, ceil(W * bits / 8)) uint8, the first pixel in the highest bits of its byte."""
    if bits == 8:
        return mask
    if bits == 1:
        return np.packbits(mask, axis=1)
    per_byte = 8 // bits
    padded = np.pad(mask, ((0, 0), (0, -mask.shape[1] % per_byte)))
    # One multiplication moves all pixels of a byte to their places, above the bits that are cut off.
    places = sum(1 << (8 + bits) * place for place in range(per_byte))
    return (padded.view(f"<u{per_byte}") * places >> 8 * (per_byte - 1)).astype(np.uint8)


def _filtered(rows: np.ndarray) -> np.ndarray:
    """Rows as a PNG has them: the filter of each in a byte, then its bytes.

    A row that is as the one above gets the filter "up" and zeros, an empty one or any other none: of all other rows
    the differences take more room than the bytes.
    """
    filtered = np.zeros((len(rows), rows.shape[1] + 1), np.uint8)
    filtered[:, 1:] = rows
    repeats = np.zeros(len(rows), bool)
    repeats[1:] = (rows[1:] == rows[:-1]).all(axis=1)
    repeats &= rows.any(axis=1)
    filtered[repeats] = 0
    filtered[repeats, 0] = _UP
    return filtered


def _compress(rows: np.ndarray) -> bytes:
    """The zlib stream of a PNG's rows.

    Masks are runs of equal bytes, so zlib looks for nothing else (`Z_RLE`): on masks of 1920x1080 that is several times
    as fast as its usual search and costs a fifth in size (docs/performance.md). What is no such mask, a pattern of
    stripes, say, gets the usual search.
    """
    if rows.size >= _SMALL:
        deflate = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 8, zlib.Z_RLE)
        stream = deflate.compress(rows) + deflate.flush()
        if len(stream) < rows.size >> 4:
            return stream
    return zlib.compress(rows, 9 if rows.size < _SMALL else 6)


def read(path: str | os.PathLike[str]) -> np.ndarray:
    """The object ids of a mask file: (H, W) uint8. Raises `MaskError` for anything else than such a file."""
    path = Path(path)
    try:
        with Image.open(path, formats=("PNG",)) as image:  # of others, EPS files run a program
            mode = image.mode
            ids = np.array(image).astype(np.uint8) if mode in ("1", "L", "P") else None
    except FileNotFoundError:
        raise MaskError(f"{path}: no such mask; `boxmask generate` makes it") from None
    # Pillow reports broken PNG chunks as the second and third, and a header that promises too much as the last.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise MaskError(f"{path}: the mask cannot be read ({error}); write it again") from error
    if ids is None:
        raise MaskError(f"{path}: expected a mask of one channel or with a palette, got an image of mode {mode}; save "
                        "the object ids, not their colours")
    return ids


def object_ids(labels: Iterable[np.ndarray]) -> list[int]:
    """The object ids in the masks of a sequence, without background and void.

    DAVIS 2016 has its only object at 255: where nothing else is in the sequence, 255 is an object.

    >>> object_ids([np.array([[0, 2], [1, 255]], np.uint8)])
    [1, 2]
    """
    ids: set[int] = set()
    for label in labels:
        ids.update(np.flatnonzero(np.bincount(label.ravel(), minlength=1)).tolist())
    ids.discard(0)
    return sorted(ids - {VOID}) or sorted(ids)


def box_region(box: ArrayLike, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the pixels that a box touches, however little, in a frame of `size` (W, H).

    Both slices are empty for a box outside the frame.

    >>> box_region([1.5, 2, 3, 2.1], (640, 360))
    (slice(2, 5, None), slice(1, 5, None))
    """
    x, y, w, h = np.asarray(box, dtype=float)
    width, height = size
    # Rounded to a millionth first: 0.1 + 0.2 must not reach into the next pixel.
    left, top = np.floor(np.round((x, y), 6))
    right, bottom = np.ceil(np.round((x + w, y + h), 6))
    columns = slice(int(np.clip(left, 0, width)), int(np.clip(right, 0, width)))
    rows = slice(int(np.clip(top, 0, height)), int(np.clip(bottom, 0, height)))
    return rows, columns
