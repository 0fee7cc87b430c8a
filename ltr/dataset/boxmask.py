"""Datasets for the box-to-mask network that need no video: sample clips and still images turned into clips.

Both behave like the host's VOS datasets with `multiobj=False`: one target a sequence, `get_frames` gives RGB images
and masks (H, W) with 1 = target, 0 = background and, here, 255 = not known.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from boxmask import boxes
from ltr.data.image_loader import imread_indexed
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.dataset.boxmask_scene import make_scene, sample_sequence
from ltr.dataset.boxmask_stills import Cutout, animate

__all__ = ['SampleClips', 'StillClips', 'sample_sequence', 'still_sources']

COLUMNS = ('name', 'instance_id', 'area', 'source')


class _ClipDataset(BaseVideoDataset):
    """What the two have in common: every frame of every sequence shows the target."""

    def __init__(self, name: str, root: str | None, num_frames: int) -> None:
        super().__init__(name, root, None)
        self.num_frames = num_frames

    def get_name(self) -> str:
        return self.name

    def has_segmentation_info(self) -> bool:
        return True

    def get_sequence_info(self, seq_id: int) -> dict:
        visible = torch.ones(self.num_frames, dtype=torch.uint8)
        return {'visible': visible, 'valid': visible}

    def _annotation(self, masks: list[np.ndarray]) -> dict:
        return {'mask': [torch.from_numpy(mask) for mask in masks],
                'bbox': [torch.from_numpy(boxes.from_mask(mask == 1)).float() for mask in masks],
                'visible': [torch.ones((), dtype=torch.uint8)] * len(masks)}


class SampleClips(_ClipDataset):
    """Textured objects moving over photographs (`ltr.dataset.boxmask_scene`); sequence i is the same for a seed.

    split: 'train' or 'val', which share no photograph.
    """

    def __init__(self, split: str = 'train', *, num_sequences: int = 10000, num_frames: int = 24,
                 seed: int = 0) -> None:
        super().__init__(f'SampleClips/{split}', None, num_frames)
        self.split = split
        self.seed = seed
        self.num_sequences = num_sequences

    def get_num_sequences(self) -> int:
        """As many as were asked for; they are drawn when they are read."""
        return self.num_sequences

    def get_frames(self, seq_id: int, frame_ids: list[int],
                   anno: dict | None = None) -> tuple[list[np.ndarray], dict, dict]:
        """Images [(270, 480, 3) uint8], annotations (lists of one per frame), and what names the sequence."""
        scene = make_scene(seq_id, num_frames=self.num_frames, seed=self.seed, split=self.split)
        images, masks = zip(*(scene.render(t) for t in frame_ids), strict=True)
        return list(images), self._annotation(list(masks)), {'sequence': f'{self.name}/{seq_id}'}


@dataclass(frozen=True)
class Instance:
    """One object of a still image: image name, its value in the mask, its area in pixels, and where the image is
    from."""

    name: str
    value: int
    area: int
    source: str


class StillClips(_ClipDataset):
    """Still images with instance masks as clips: the image drifts, turns and zooms under a random camera.

    Folder: `images/<name>.jpg`, `masks/<name>.png` (instance ids, 0 background, 255 not known) and `instances.csv` with
    the columns name, instance_id, area (in pixels) and source. At times cut-outs of other images pass behind the target
    or in front of it. Every call draws a new motion from Python's `random`.
    """

    def __init__(self, root: str | Path, *, sources: list[str] | None = None, min_area: int = 800,
                 num_frames: int = 24) -> None:
        """sources: which values of the column `source` to take (all); min_area: of a target, in pixels."""
        super().__init__('StillClips' + (f"/{'+'.join(sources)}" if sources else ''), str(root), num_frames)
        self.sequence_list = [instance for instance in _read_instances(Path(root))
                              if instance.area >= min_area and (not sources or instance.source in sources)]
        if not self.sequence_list:
            raise ValueError(f"{self.name}: {root}/instances.csv has no object of at least {min_area} pixels")

    def get_frames(self, seq_id: int, frame_ids: list[int],
                   anno: dict | None = None) -> tuple[list[np.ndarray], dict, dict]:
        """Images [(H, W, 3) uint8], annotations (lists of one per frame), and what names the image."""
        target = self.sequence_list[seq_id]
        image, labels = self._load(target)
        mask = np.where(labels == target.value, 1, np.where(labels == 255, 255, 0)).astype(np.uint8)
        cutouts = [self._cutout() for _ in range(random.choices((0, 1, 2), (0.5, 0.35, 0.15))[0])]
        images, masks = animate(image, mask, cutouts, frame_ids, rng=np.random.default_rng(random.getrandbits(64)))
        return images, self._annotation(masks), {'sequence': f'{self.name}/{target.name}'}

    def _cutout(self) -> Cutout:
        other = random.choice(self.sequence_list)
        image, labels = self._load(other)
        mask = labels == other.value
        x, y, w, h = boxes.from_mask(mask).astype(int)
        return Cutout(image[y:y + h, x:x + w], mask[y:y + h, x:x + w])

    def _load(self, instance: Instance) -> tuple[np.ndarray, np.ndarray]:
        """The image (H, W, 3) RGB and the instance ids (H, W)."""
        image_path = Path(self.root, 'images', f'{instance.name}.jpg')
        mask_path = Path(self.root, 'masks', f'{instance.name}.png')
        for path in (image_path, mask_path):
            if not path.is_file():
                raise FileNotFoundError(f"{self.name}: {path} is named in instances.csv but is not there")
        image = cv2.imread(str(image_path), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f"{self.name}: {image_path} cannot be read as an image; fetch it again")
        labels = imread_indexed(str(mask_path))
        if labels.shape != image.shape[:2]:
            raise ValueError(f"{self.name}: {mask_path} is {labels.shape[1]}x{labels.shape[0]}, but its image is "
                             f"{image.shape[1]}x{image.shape[0]}")
        if not (labels == instance.value).any():
            raise ValueError(f"{self.name}: {mask_path} has no pixel of instance {instance.value}, which instances.csv "
                             "names; correct one of the two")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB), labels


def still_sources(root: str | Path) -> list[str]:
    """The sources that the still images of a folder come from, sorted; one `StillClips` each balances them."""
    return sorted({instance.source for instance in _read_instances(Path(root))})


def _read_instances(root: Path) -> list[Instance]:
    path = root / 'instances.csv'
    if not path.is_file():
        raise FileNotFoundError(f"StillClips: no instances.csv in {root}; expected images/, masks/, instances.csv")
    with open(path, newline='') as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"StillClips: {path} lacks the columns {', '.join(sorted(missing))}")
        return [_instance(row, f"{path}, line {reader.line_num}") for row in reader]


def _instance(row: dict[str, str | None], place: str) -> Instance:
    try:
        return Instance(row['name'], int(row['instance_id']), round(float(row['area'])), row['source'])
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"StillClips: {place}: instance_id is {row['instance_id']} and area {row['area']}; both are "
                         "numbers: correct or remove the line") from error
