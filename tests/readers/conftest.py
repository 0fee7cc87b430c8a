"""Writes small datasets as they are laid out on disk."""

import io
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

SIZE = (64, 48)  # W, H of the images
BOX = "10,8,20,16"


def picture(seed=0, size=SIZE) -> np.ndarray:
    """A smooth image (H, W, 3), so that JPEG keeps it."""
    small = np.random.default_rng(seed).integers(0, 255, (4, 5, 3), np.uint8)
    return cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)


def jpeg(image, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def write(path, content):
    """Text, lines, bytes, an array as a PNG, or a picture of a size (W, H)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, tuple):
        content = jpeg(Image.fromarray(picture(0, content)))
    if isinstance(content, np.ndarray):
        content = cv2.imencode(path.suffix, content)[1].tobytes()
    if isinstance(content, list):
        content = "".join(f"{line}\n" for line in content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def frames(folder, names, size=SIZE):
    for name in names:
        write(folder / name, size)


@pytest.fixture
def files():
    return SimpleNamespace(SIZE=SIZE, BOX=BOX, picture=picture, jpeg=jpeg, write=write, frames=frames)
