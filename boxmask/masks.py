"""The mask PNG: one channel, palette indices that are the object ids, exactly 0 and 1 for a single object.

pytracking's loaders take the indices as the target without a threshold (`ltr/dataset/got10kvos.py`), so a 255 in the
place of a 1 would train on 255. The palette only serves the eye: read the indices with Pillow; OpenCV turns a palette
image into its colours.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

# Background black and the dark red of object 1 in DAVIS. Two entries, so that Pillow writes one bit a pixel.
PALETTE = (0, 0, 0, 128, 0, 0)
# DAVIS and YouTube-VOS mark pixels that are nobody's with it.
VOID = 255


class MaskError(ValueError):
    """A mask file that cannot be read as object ids; the message names it."""


def encode(mask: np.ndarray) -> bytes:
    """The PNG of a mask (H, W), bool or integers that are 0 or 1."""
    if mask.ndim != 2:
        raise ValueError(f"expected a mask (H, W), got an array of shape {mask.shape}")
    if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
        raise ValueError(f"expected a mask of 0 and 1, got the values {np.unique(mask)[:5].tolist()}")
    image = Image.fromarray(mask.astype(np.uint8))
    image.putpalette(PALETTE)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", bits=1)
    return buffer.getvalue()


def read(path: str | os.PathLike[str]) -> np.ndarray:
    """The object ids of a mask file: (H, W) uint8. Raises `MaskError` for anything else than such a file."""
    path = Path(path)
    try:
        with Image.open(path) as image:
            if image.mode not in ("1", "L", "P"):
                raise MaskError(f"{path}: expected a mask of one channel or with a palette, got an image of mode "
                                f"{image.mode}; save the object ids, not their colours")
            return np.array(image).astype(np.uint8)
    except FileNotFoundError:
        raise MaskError(f"{path}: no such mask") from None
    except (OSError, SyntaxError) as error:  # Pillow reports a broken PNG chunk as a SyntaxError
        raise MaskError(f"{path}: the mask cannot be read ({error}); write it again") from error


def object_ids(labels: Iterable[np.ndarray]) -> list[int]:
    """The object ids in the masks of a sequence, without background and void.

    DAVIS 2016 has its only object at 255: where nothing else is in the sequence, 255 is an object.
    """
    ids: set[int] = set()
    for label in labels:
        ids.update(np.flatnonzero(np.bincount(label.ravel(), minlength=1)).tolist())
    ids.discard(0)
    return sorted(ids - {VOID}) or sorted(ids)


def box_region(box: ArrayLike, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the pixels that a box touches, however little, in a frame of `size` (W, H).

    Both slices are empty for a box outside the frame.
    """
    x, y, w, h = np.asarray(box, dtype=float)
    width, height = size
    # Rounded to a millionth first: 0.1 + 0.2 must not reach into the next pixel.
    left, top = np.floor(np.round((x, y), 6))
    right, bottom = np.ceil(np.round((x + w, y + h), 6))
    columns = slice(int(np.clip(left, 0, width)), int(np.clip(right, 0, width)))
    rows = slice(int(np.clip(top, 0, height)), int(np.clip(bottom, 0, height)))
    return rows, columns
