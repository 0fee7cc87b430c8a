"""Frames to measure with, where no dataset is given: drawn from a seed, with nothing to download."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from boxmask import boxes

_SEED = 0
_JPEG_QUALITY = 92
# Blobs per frame width in the layers of the background, coarse to fine, so that a JPEG is about as large as a photo's.
_LAYERS = (6, 24, 96, 384)
_LOBES = 7  # of the target's outline, which is about as long as an animal's


def write(root: Path, size: tuple[int, int], num_frames: int, num_sequences: int) -> None:
    """Writes `num_sequences` sequences of about `num_frames / num_sequences` frames of `size` (W, H), as GOT-10k."""
    background = _background(size)
    for number, frames in enumerate(np.array_split(np.arange(num_frames), num_sequences), start=1):
        folder = root / f"Bench_{number:06d}"
        folder.mkdir(parents=True)
        lines = []
        for place, frame in enumerate(frames, start=1):
            mask = target(size, int(frame))
            image = np.roll(background, (int(frame), 2 * int(frame)), (0, 1))
            image[mask > 0] = 255 - image[mask > 0]
            jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
            (folder / f"{place:08d}.jpg").write_bytes(jpeg.tobytes())
            lines.append(",".join(f"{value:.2f}" for value in boxes.from_mask(mask)))
        (folder / "groundtruth.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (root / "list.txt").write_text("".join(f"{path.name}\n" for path in sorted(root.iterdir())), encoding="utf-8")


def target(size: tuple[int, int], frame: int) -> np.ndarray:
    """The mask (H, W) uint8 of the target in a frame of `size` (W, H): a shape with lobes that moves and turns, about
    a tenth of the frame.
    """
    width, height = size
    angles = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    radius = 0.2 * np.sqrt(width * height) * (1 + 0.3 * np.sin(_LOBES * angles + 0.1 * frame))
    centre = np.array([width, height]) * (0.5 + 0.1 * np.sin([0.05 * frame, 0.03 * frame]))
    outline = centre + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return mask


def _background(size: tuple[int, int]) -> np.ndarray:
    rng = np.random.default_rng(_SEED)
    width, height = size
    image = np.full((height, width, 3), 128, np.float32)
    for blobs in _LAYERS:
        small = rng.normal(0, 60 / np.log2(blobs), (max(2, blobs * height // width), blobs, 3)).astype(np.float32)
        image += cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    return image.clip(0, 255).astype(np.uint8)
