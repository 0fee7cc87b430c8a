"""Small datasets on disk, and a network that answers what the test wants."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from boxmask import masks
from boxmask.generate.job import Job
from boxmask.generate.source import Source
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import Sequence, Sight
from ltr.models.boxmask import FrameCode, InputSpec
from ltr.models.boxmask.decoder import DecoderCode

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
        flat = images.flatten(0, 1)
        return FrameCode(images, images, images, DecoderCode((flat,), flat), (24, 32))

    def solve(self, code, iterations, keep):
        score = (code.features[list(keep), :, 0] > self.threshold).float() * 2 - 1
        return -score, score * self.weight


@pytest.fixture
def inside_net():
    return InsideNet


class MemoryFrames:
    """Frames without files. sizes: (W, H) of each, or why it cannot be read; loaded: those that were, in order."""

    def __init__(self, sizes) -> None:
        self.sizes = sizes
        self.names = tuple(f"{index:05d}" for index in range(len(sizes)))
        self.loaded = []

    def size(self, index):
        if isinstance(self.sizes[index], str):
            raise ImageError(self.sizes[index])
        return self.sizes[index]

    def load(self, index):
        self.loaded.append(index)
        return picture(index, self.size(index))


@pytest.fixture
def memory_sequence():
    """make(sight, ...) -> a sequence in memory; sight: a string per object, a letter of v, a, i per frame."""
    def make(*sight, box=(10.0, 8.0, 20.0, 16.0), boxes=None, sizes=None, name="memory", reasons=None):
        seen = np.array([["vai".index(letter) for letter in of_object] for of_object in sight], np.int8).T
        given = np.broadcast_to(box, (*seen.shape, 4)) if boxes is None else boxes
        given = np.where((seen == Sight.VISIBLE)[..., None], given, np.nan)
        frames = MemoryFrames([SIZE] * len(seen) if sizes is None else sizes)
        return Sequence("memory", name, frames, given, seen, tuple(range(1, len(sight) + 1)), reasons or {})

    return make


@pytest.fixture
def job(tmp_path):
    """make(root, ...) -> Job of filled boxes from a GOT-10k root into `tmp_path/out`."""
    def make(root, out=None, **options):
        return Job(Source("got10k", {"root": str(root)}), str(out or tmp_path / "out"), **{"method": "box", **options})
    return make


@pytest.fixture
def run_with(job):
    """run(root, masker, ...) -> Ledger: a run with a masker of the test's own."""
    def run(root, masker, *, overwrite=False, **options):
        prepared = replace(job(root, **options).prepare(), masker=masker)
        with prepared.entered(overwrite=overwrite, tell=lambda event: None) as held:
            prepared.work(held, tell=lambda event: None)
        return prepared.take_ledger()
    return run


@pytest.fixture
def tree():
    """tree(folder) -> the contents of all files in it, those of the run's state too, by path."""
    def read(folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
                if path.is_file()}
    return read


@pytest.fixture
def files():
    """What writes test files."""
    return SimpleNamespace(picture=picture, image=write_image, labels=write_labels)
