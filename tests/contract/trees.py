"""Makers of small datasets in the layouts of the real ones; tests get this module as the fixture `trees`."""

import json

import cv2
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 96, 64


def box_of(frame):
    """The made target: 20x16 pixels, two pixels further right on every frame."""
    return (10 + 2 * frame, 24, 20, 16)


def write_image(path, frame, size=(WIDTH, HEIGHT)):
    """A frame of a bright target on a dim gradient."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(0, 90, width, dtype=np.uint8)
    x, y, w, h = box_of(frame)
    image[y:y + h, x:x + w] = (40, 120, 220)
    assert cv2.imwrite(str(path), image)


def mask_of(frame, value=1, size=(WIDTH, HEIGHT)):
    x, y, w, h = box_of(frame)
    mask = np.zeros((size[1], size[0]), np.uint8)
    mask[y:y + h, x:x + w] = value
    return mask


def write_mask(path, mask):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


def write_boxes(path, boxes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(f"{value:g}" for value in box) + "\n" for box in boxes))


def davis(root, sequences=("bear", "train"), frames=14, objects=1, split="train"):
    """DAVIS 2017; the last frame's mask is empty. A second object is a block in the top left corner."""
    for name in sequences:
        for frame in range(frames):
            write_image(root / "JPEGImages" / "480p" / name / f"{frame:05d}.jpg", frame)
            mask = mask_of(frame) * (frame < frames - 1)
            if objects > 1:
                mask[:8, :8] = 2
            write_mask(root / "Annotations" / "480p" / name / f"{frame:05d}.png", mask)
    lists = root / "ImageSets" / "2017"
    lists.mkdir(parents=True, exist_ok=True)
    (lists / f"{split}.txt").write_text("\n".join(sequences) + "\n")
    return root


def youtubevos(root, videos=("aaa", "bbb"), frames=6, version="2019", split="train"):
    """YouTube-VOS, every fifth frame, two objects: '1' from the first frame on, '2' from the third (00010)."""
    base = root / version / split
    meta = {}
    for name in videos:
        stems = [f"{5 * frame:05d}" for frame in range(frames)]
        for frame, stem in enumerate(stems):
            write_image(base / "JPEGImages" / name / f"{stem}.jpg", frame)
            mask = mask_of(frame)
            if frame >= 2:
                mask[:8, :8] = 2
            write_mask(base / "Annotations" / name / f"{stem}.png", mask)
        meta[name] = {"objects": {"1": {"category": "ape", "frames": stems}, "2": {"category": "bird",
                                                                               "frames": stems[2:]}}}
    (base / "meta.json").write_text(json.dumps({"videos": meta}))
    return root


def got10k(root, masks=None, frames=12, numbers=(1, 2)):
    """GOT-10k: frame 2 is absent by its flag, frame 3 by its cover, frame 4 by its box."""
    names = [f"GOT-10k_Train_{number:06d}" for number in numbers]
    for name in names:
        folder = root / name
        for frame in range(frames):
            write_image(folder / f"{frame + 1:08d}.jpg", frame)
            if masks is not None:
                write_mask(masks / name / f"{frame + 1:08d}.png", mask_of(frame))
        write_boxes(folder / "groundtruth.txt", [(0, 0, 0, 0) if frame == 4 else box_of(frame)
                                                 for frame in range(frames)])
        (folder / "absence.label").write_text("".join(f"{int(frame == 2)}\n" for frame in range(frames)))
        (folder / "cover.label").write_text("".join(f"{0 if frame == 3 else 8 if frame else 4}\n"
                                                    for frame in range(frames)))
        (folder / "meta_info.ini").write_text(
            "[METAINFO]\nurl: x\nbegin: 0\nend: 1\nanno_fps: 10Hz\nobject_class: bear\nmotion_class: walking\n"
            "major_class: bear\nroot_class: animal\nmotion_adverb: slowly\n")
    (root / "list.txt").write_text("\n".join(names) + "\n")
    return root


def lasot(root, masks=None, names=("airplane-10", "bear-6"), frames=23):
    """LaSOT: frame 1 is occluded, frame 5 out of view, the box of frame 10 has negative sides."""
    for name in names:
        folder = root / name.split("-")[0] / name
        for frame in range(frames):
            write_image(folder / "img" / f"{frame + 1:08d}.jpg", frame)
            if masks is not None and frame % 5 == 0:
                write_mask(masks / name / f"{frame + 1:08d}.png", mask_of(frame))
        write_boxes(folder / "groundtruth.txt", [(1, 1, -1, -1) if frame == 10 else box_of(frame)
                                                 for frame in range(frames)])
        (folder / "full_occlusion.txt").write_text(",".join(str(int(frame == 1)) for frame in range(frames)))
        (folder / "out_of_view.txt").write_text(",".join(str(int(frame == 5)) for frame in range(frames)))
    # A checkout has the list of the whole training set; the standalone host reads this one.
    (root / "lasot_train_split.txt").write_text("\n".join(names) + "\n")
    return root


def trackingnet(root, sets=(0, 1), frames=6, names=None):
    """TrackingNet: one video a set; the box of frame 2 has no size."""
    for number, name in zip(sets, names or [f"video{number}" for number in sets], strict=True):
        for frame in range(frames):
            write_image(root / f"TRAIN_{number}" / "frames" / name / f"{frame}.jpg", frame)
        write_boxes(root / f"TRAIN_{number}" / "anno" / f"{name}.txt",
                    [(3, 3, 0, 0) if frame == 2 else box_of(frame) for frame in range(frames)])
    return root


def portrait(split, video):
    """Makes a video of YouTube-VOS higher than wide."""
    for path in (split / "JPEGImages" / video).iterdir():
        write_image(path, 0, size=(HEIGHT, WIDTH))
    for path in (split / "Annotations" / video).iterdir():
        write_mask(path, np.ones((WIDTH, HEIGHT), np.uint8))
