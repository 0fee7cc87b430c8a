"""Sample clips as files: synthetic videos with boxes and true masks, in the layout of GOT-10k."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from boxmask import boxes as box_geometry
from boxmask import host, masks

NUM_FRAMES = 20
# Not the seed of the validation clips in training, whose J the training settings have been chosen by.
SEED = 20210


def write(folder: Path, num_sequences: int, *, num_frames: int = NUM_FRAMES,
          split: str = "val") -> tuple[Path, Path]:
    """Writes sequences of 480x270 frames and their true masks, and returns the two folders, `frames` and `truth`.

    frames/Sample_000001/{00000001.jpg, ..., groundtruth.txt}, truth/Sample_000001/{00000001.png, ...}; the same files
    for the same arguments. split: `train` or `val`, which share no photograph. Raises FileExistsError if there is
    something in the folder already, and ImportError without the photographs, which the extra `samples` has.
    """
    host.activate()
    from ltr.dataset.boxmask import sample_sequence

    if folder.exists() and any(os.scandir(folder)):
        raise FileExistsError(f"{folder} is there already, with files in it; remove it, or choose another --out")
    frames_root, truth_root = folder / "frames", folder / "truth"
    for index in range(num_sequences):
        name = f"Sample_{index + 1:06d}"
        frames, labels, boxes = sample_sequence(index, num_frames, SEED, split)
        for root in (frames_root, truth_root):
            (root / name).mkdir(parents=True)
        for number, (frame, label) in enumerate(zip(frames, labels, strict=True), start=1):
            jpeg = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
            (frames_root / name / f"{number:08d}.jpg").write_bytes(jpeg.tobytes())
            (truth_root / name / f"{number:08d}.png").write_bytes(masks.encode(label))
        (frames_root / name / "groundtruth.txt").write_text("".join(map(_box_line, boxes)), encoding="utf-8")
    (frames_root / "list.txt").write_text("".join(f"{path.name}\n" for path in sorted(frames_root.iterdir())),
                                          encoding="utf-8")
    return frames_root, truth_root


def _box_line(box: np.ndarray) -> str:
    values = box if box_geometry.is_valid(box) else np.zeros(4)
    return ",".join(f"{value:.4f}" for value in values) + "\n"
