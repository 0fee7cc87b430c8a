"""Small datasets on disk, and a network that answers what the test wants."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from boxmask import masks
from ltr.models.boxmask import InputSpec

SIZE = (64, 48)  # W, H of the images


def picture(seed: int, size=SIZE) -> np.ndarray:
    """A smooth image, so that JPEG keeps it."""
    small = np.random.default_rng(seed).integers(0, 255, (4, 5, 3), np.uint8)
    return cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)


def write_image(path, image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())


@pytest.fixture
def got10k(tmp_path):
    """make(name, boxes, **label files) -> root: adds a sequence to a GOT-10k split folder."""
    root = tmp_path / "got10k"

    def make(name="GOT-10k_Train_000001", boxes=("10,8,20,16",) * 4, sizes=None, **labels):
        for index in range(len(boxes)):
            size = SIZE if sizes is None else sizes[index]
            write_image(root / name / f"{index + 1:08d}.jpg", picture(index, size))
        (root / name / "groundtruth.txt").write_text("".join(f"{box}\n" for box in boxes))
        for label, values in labels.items():
            (root / name / f"{label}.label").write_text("".join(f"{value}\n" for value in values))
        names = sorted(path.name for path in root.iterdir() if path.is_dir())
        (root / "list.txt").write_text("".join(f"{each}\n" for each in names))
        return root

    return make


@pytest.fixture
def davis(tmp_path):
    """make(name, labels (T, H, W)) -> root: adds a sequence to a DAVIS root; all are in the split `val` of 2017."""
    root = tmp_path / "davis"

    def make(name, labels):
        for index, label in enumerate(labels):
            write_image(root / "JPEGImages/480p" / name / f"{index:05d}.jpg", picture(index, label.shape[::-1]))
            write_labels(root / "Annotations/480p" / name / f"{index:05d}.png", label)
        split = root / "ImageSets/2017/val.txt"
        split.parent.mkdir(parents=True, exist_ok=True)
        split.write_text("".join(f"{each.name}\n" for each in sorted((root / "JPEGImages/480p").iterdir())))
        return root

    return make


def write_labels(path, label) -> None:
    """A grey PNG of any object ids, or our own writer's where it can."""
    if set(np.unique(label)) <= {0, 1}:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(masks.encode(label))
    else:
        write_image(path, label)


class InsideNet(torch.nn.Module):
    """Scores 1 where an image is brighter than `threshold` (after normalisation to 0-255), -1 elsewhere."""

    def __init__(self, threshold: float = -1.0, *, bgr: bool = False) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.input_spec = InputSpec(size=(32, 24), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), bgr=bgr)
        self.constructor = SimpleNamespace(fun_name="boxmask_lite")
        self.threshold = threshold
        self.seen = []

    def encode_frames(self, images, boxes):
        assert images.shape[1:] == (1, 3, 24, 32) and boxes.shape == (len(images), 1, 4)
        assert not torch.is_grad_enabled()
        self.seen.append((images, boxes))
        return images

    def solve(self, code, iterations):
        score = (code[:, :, 0] > self.threshold).float() * 2 - 1
        return -score, score * self.weight


@pytest.fixture
def inside_net():
    return InsideNet


@pytest.fixture
def files():
    """What writes test files."""
    return SimpleNamespace(picture=picture, image=write_image, labels=write_labels)


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Small tensors gain nothing from more, and lose much where other programs run."""
    torch.set_num_threads(1)
