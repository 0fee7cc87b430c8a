"""Small folders of masks, and small tracking datasets with results."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

SIZE = (64, 48)  # W, H of the images


def write_masks(root, sequences):
    """{sequence: labels (T, H, W)} as `<root>/<sequence>/00000.png`, ...; returns the root."""
    for name, labels in sequences.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for index, label in enumerate(labels):
            Image.fromarray(np.asarray(label, np.uint8)).save(root / name / f"{index:05d}.png")
    return root


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def write_frames(folder, count, digits=8):
    folder.mkdir(parents=True, exist_ok=True)
    data = cv2.imencode(".jpg", np.zeros((SIZE[1], SIZE[0], 3), np.uint8))[1].tobytes()
    for number in range(1, count + 1):
        (folder / f"{number:0{digits}d}.jpg").write_bytes(data)


def label(*boxes):
    """A mask with the boxes x, y, w, h filled with 1, 2, ..."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    for value, (x, y, w, h) in enumerate(boxes, start=1):
        mask[y:y + h, x:x + w] = value
    return mask


@pytest.fixture
def files():
    return SimpleNamespace(SIZE=SIZE, masks=write_masks, lines=write_lines, frames=write_frames, label=label)


@pytest.fixture
def got10k(tmp_path):
    """make(name, boxes, cover=None) -> root: adds a sequence to a GOT-10k split folder."""
    root = tmp_path / "got10k"

    def make(name, boxes, cover=None):
        write_frames(root / name, len(boxes))
        write_lines(root / name / "groundtruth.txt", boxes)
        if cover is not None:
            write_lines(root / name / "cover.label", cover)
        return root

    return make
