"""Generated masks over a dataset that has boxes alone, or only frames: VOS training data for the host's samplers."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from boxmask import masks
from boxmask.generate import manifest
from boxmask.readers import images
from boxmask.readers.folders import read_names
from ltr.data.bounding_box_utils import masks_to_bboxes
from ltr.dataset import Got10k, Got10kVOS, Lasot, LasotVOS, TrackingNet
from ltr.dataset.base_video_dataset import BaseVideoDataset

__all__ = ['FrameFolders', 'GeneratedMasks']

logger = logging.getLogger(__name__)


class FrameFolders(BaseVideoDataset):
    """Videos as folders of images, `<root>/<sequence>/<image>` in natural order; nothing is known of their targets."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        super().__init__('FrameFolders', str(root), None)
        if not Path(root).is_dir():
            raise FileNotFoundError(f'FrameFolders: there is no folder {root}; expected folders of images in it')
        self.sequence_list = sorted(entry.name for entry in os.scandir(root)
                                    if entry.is_dir() and not entry.name.startswith('.'))

    def get_name(self) -> str:
        """What logs call it."""
        return 'folders'

    def frame_paths(self, seq_id: int) -> tuple[Path, ...]:
        """The images of a sequence, in natural order."""
        return _list_frames(Path(self.root, self.sequence_list[seq_id]))

    def get_sequence_info(self, seq_id: int) -> dict[str, torch.Tensor]:
        valid = torch.ones(len(self.frame_paths(seq_id)), dtype=torch.uint8)
        return {'valid': valid, 'visible': valid}

    def get_frames(self, seq_id: int, frame_ids: Sequence[int],
                   anno: dict[str, Any] | None = None) -> tuple[list[np.ndarray], dict[str, list], dict]:
        """Images [(H, W, 3) uint8 RGB], `valid` and `visible` of each, and no facts about the object."""
        anno = self.get_sequence_info(seq_id) if anno is None else anno
        paths = [self.frame_paths(seq_id)[frame] for frame in frame_ids]
        per_frame = {key: [value[frame].clone() for frame in frame_ids] for key, value in anno.items()}
        return [self._read(path) for path in paths], per_frame, {'object_class_name': None}

    def _read(self, path: Path) -> np.ndarray:
        try:
            return images.read(path)
        except images.ImageError as error:
            raise ValueError(f'{self.name}: sequence {path.parent.name}, frame {path.stem}, {path}: {error}') from error


@lru_cache(maxsize=64)
def _list_frames(folder: Path) -> tuple[Path, ...]:
    return tuple(images.list_folder(folder))


class GeneratedMasks(BaseVideoDataset):
    """The sequences of a dataset that have a usable mask in `anno_path`, one object each.

    dataset: the host's `Got10k`, `Lasot` or `TrackingNet`, or a folder of `<sequence>/<image>`. anno_path: the `--out`
    of `boxmask generate`, for all frames or for some (LaSOT: every fifth), or any folder of `<sequence>/<frame>.png`
    with the values 0 and 1. Frame ids are those of `dataset`. A frame is visible where the dataset says so and its mask
    is usable: the outcome is ok, it is not marked as poor, not empty, and its quality is at least `min_quality`. Of a
    folder without manifests nothing is known but which masks are there. A sequence of several objects is as many
    sequences here. only, leave_out: files with names of sequences, one a line, as `boxmask review` writes them: the
    only ones to take, or those not to.

    Raises FileNotFoundError or ValueError where there is no folder, no usable mask, a damaged manifest, or a list with
    a name that is not known.
    """

    def __init__(self, dataset: BaseVideoDataset | str | os.PathLike[str], anno_path: str | os.PathLike[str], *,
                 min_quality: float = 0.0, only: str | os.PathLike[str] | None = None,
                 leave_out: str | os.PathLike[str] | None = None) -> None:
        self.dataset = FrameFolders(dataset) if isinstance(dataset, (str, os.PathLike)) else dataset
        super().__init__(f'{self.dataset.get_name()}/masks', self.dataset.root, self.dataset.image_loader)
        self.anno_path = Path(anno_path)
        self.min_quality = min_quality
        self._frames = _frame_names(self.dataset)
        self._qualities: dict[tuple[str, int], np.ndarray] = {}
        self._samples = self._find_samples(only, leave_out)
        self.sequence_list = [sample.sequence for sample in self._samples]

    def get_name(self) -> str:
        """What logs call it."""
        return self.name

    def has_segmentation_info(self) -> bool:
        """True: it has masks."""
        return True

    def has_occlusion_info(self) -> bool:
        """Whether the dataset of boxes has."""
        return self.dataset.has_occlusion_info()

    def get_sequence_info(self, seq_id: int) -> dict[str, torch.Tensor]:
        """What the dataset says of the sequence, `visible` uint8 (F,) only where there is a usable mask."""
        sample = self._samples[seq_id]
        info = dict(self.dataset.get_sequence_info(sample.number))
        found = self._quality(sample)
        count, known = len(info['visible']), len(found)
        if known > count:
            raise ValueError(f'{self.name}: sequence {sample.sequence} has {count} frames, and {self.anno_path} a mask '
                             f'of frame {self._frames.name(sample.number, known - 1)}: they are not of the same video')
        usable = torch.zeros(count, dtype=torch.uint8)
        usable[:known] = torch.from_numpy(found > 0)
        info['visible'] = (info['visible'] != 0).to(torch.uint8) * usable
        return info

    def get_frames(self, seq_id: int, frame_ids: Sequence[int],
                   anno: dict[str, Any] | None = None) -> tuple[list[np.ndarray], dict[str, list], dict | None]:
        """The dataset's frames with `mask`, (H, W) float32 of 0 and 1, its `quality`, a float up to 1 (1 without a
        manifest), and the box of the mask if the dataset has no `bbox`."""
        sample = self._samples[seq_id]
        anno = self.get_sequence_info(seq_id) if anno is None else anno
        frames, per_frame, meta = self.dataset.get_frames(sample.number, frame_ids, anno)
        per_frame['mask'] = [self._read_mask(sample, frame, image.shape)
                             for frame, image in zip(frame_ids, frames, strict=True)]
        qualities = self._quality(sample)
        per_frame['quality'] = [float(qualities[frame]) if frame < len(qualities) else 0.0 for frame in frame_ids]
        if 'bbox' not in per_frame:
            per_frame['bbox'] = [masks_to_bboxes(mask, fmt='t') for mask in per_frame['mask']]
        return frames, per_frame, meta

    def _read_mask(self, sample: _Sample, frame: int, image_shape: tuple[int, ...]) -> torch.Tensor:
        path = self.anno_path / sample.sequence / f'{self._frames.name(sample.number, frame)}.png'
        place = f'{self.name}: sequence {sample.sequence}, frame {path.stem}'
        try:
            labels = masks.read(path)
        except masks.MaskError as error:
            raise ValueError(f'{place}: {error}') from error
        if labels.shape != image_shape[:2]:
            raise ValueError(f'{place}, {path}: the mask has {labels.shape[1]}x{labels.shape[0]} pixels, its image '
                             f'{image_shape[1]}x{image_shape[0]}; generate it again')
        if labels.max(initial=0) > sample.highest:
            raise ValueError(f'{place}, {path}: the mask holds the value {labels.max()}, and objects have values up '
                             f'to {sample.highest}; save 0 for the background and 1 for the target')
        return torch.from_numpy((labels == sample.object_id).astype(np.float32))

    def _find_samples(self, only: str | os.PathLike[str] | None, leave_out: str | os.PathLike[str] | None
                      ) -> list[_Sample]:
        if not self.anno_path.is_dir():
            raise FileNotFoundError(f'{self.name}: there is no folder of masks {self.anno_path}; `boxmask generate` '
                                    'writes it')
        # TrackingNet lists pairs of set and video.
        names = [entry[1] if isinstance(entry, tuple) else entry for entry in self.dataset.sequence_list]
        present = set(os.listdir(self.anno_path))
        known = present.union(names)
        wanted = present if only is None else present & self._read_list(only, known)
        if leave_out is not None:
            wanted = wanted - self._read_list(leave_out, known)
        samples = [sample for number, name in enumerate(names) if name in wanted
                   for sample in self._samples_of(number, name)]
        if not samples:
            raise ValueError(f'{self.name}: {self.anno_path} has no usable mask of any of the {len(names)} sequences; '
                             f'{len(present.intersection(names))} of them have a folder in it, and '
                             f'{len(wanted.intersection(names))} are wanted. Is it the --out of `boxmask generate` for '
                             'this dataset, min_quality too high, or a list of others?')
        logger.info('%s: %d of %d sequences have usable masks', self.name, len({one.number for one in samples}),
                    len(names))
        return samples

    def _read_list(self, path: str | os.PathLike[str], known: set[str]) -> set[str]:
        """The names in a list, which are all to be known: the dataset's, or of folders of masks."""
        names = read_names(Path(path), dataset=self.name)
        for name in names:
            if name not in known:
                raise ValueError(f'{self.name}: {path} names the sequence {name}, which is neither in the dataset nor '
                                 f'in {self.anno_path}; is it a list of other masks?')
        return set(names)

    def _samples_of(self, number: int, name: str) -> list[_Sample]:
        """The objects of a sequence with a usable mask; from the head of its manifest, as there may be many."""
        folder = self.anno_path / name
        if not (folder / manifest.FILE_NAME).is_file():
            return [_Sample(number, name, 1, 1)] if self._bare_masks(folder) else []
        head = manifest.read_header(folder)
        return [_Sample(number, name, object_id, max(head.object_ids)) for object_id, quality in head.best.items()
                if self._is_enough(quality)]

    def _quality(self, sample: _Sample) -> np.ndarray:
        """The quality of every frame's mask, (F,) float32 up to the last usable one, 0 where it is not usable; read
        once."""
        key = sample.sequence, sample.object_id
        if key not in self._qualities:
            folder = self.anno_path / sample.sequence
            if (folder / manifest.FILE_NAME).is_file():
                found = {frame.name: frame.usable_quality(sample.object_id) for frame in manifest.read(folder).frames}
                found = {name: quality for name, quality in found.items() if self._is_enough(quality)}
            else:
                found = dict.fromkeys(self._bare_masks(folder), 1.0)
            self._qualities[key] = self._by_frame(sample, found)
        return self._qualities[key]

    def _is_enough(self, quality: float) -> bool:
        return quality > 0 and quality >= self.min_quality

    def _bare_masks(self, folder: Path) -> list[str]:
        if self.min_quality:
            raise ValueError(f'{self.name}: {folder} has no {manifest.FILE_NAME}, so the quality of its masks is not '
                             'known; leave min_quality out, or generate them again')
        return [path.stem for path in folder.glob('*.png')]

    def _by_frame(self, sample: _Sample, qualities: dict[str, float]) -> np.ndarray:
        try:
            found = self._frames.indices(sample.number, list(qualities))
        except (KeyError, ValueError) as error:
            raise ValueError(f'{self.name}: sequence {sample.sequence}: {self.anno_path / sample.sequence} has a mask '
                             f'that is of no frame of it ({error}); is it of another dataset?') from error
        by_frame = np.zeros(max(found, default=-1) + 1, dtype=np.float32)
        by_frame[found] = list(qualities.values())
        return by_frame


@dataclass(frozen=True)
class _Sample:
    """One object of sequence `number` of the dataset. highest: of the values in its masks."""

    number: int
    sequence: str
    object_id: int
    highest: int


@dataclass(frozen=True)
class _Numbered:
    """Frame files that are called by their number."""

    first: int
    digits: int

    def name(self, seq_id: int, frame: int) -> str:
        return f'{frame + self.first:0{self.digits}d}'

    def indices(self, seq_id: int, names: Sequence[str]) -> list[int]:
        frames = [int(name) - self.first for name in names]
        for frame, name in zip(frames, names, strict=True):
            if frame < 0 or self.name(seq_id, frame) != name:
                raise ValueError(f'{name}.png, expected {self.name(seq_id, max(frame, 0))}.png')
        return frames


@dataclass(frozen=True)
class _Named:
    """Frame files of any name."""

    dataset: FrameFolders

    def name(self, seq_id: int, frame: int) -> str:
        return self.dataset.frame_paths(seq_id)[frame].stem

    def indices(self, seq_id: int, names: Sequence[str]) -> list[int]:
        position = {path.stem: index for index, path in enumerate(self.dataset.frame_paths(seq_id))}
        return [position[name] for name in names]


def _frame_names(dataset: BaseVideoDataset) -> _Numbered | _Named:
    if isinstance(dataset, FrameFolders):
        return _Named(dataset)
    # The host's own datasets with masks count frames otherwise (LaSOT), and need nothing over them.
    if not isinstance(dataset, (Got10kVOS, LasotVOS)):
        if isinstance(dataset, (Got10k, Lasot)):
            return _Numbered(first=1, digits=8)
        if isinstance(dataset, TrackingNet):
            return _Numbered(first=0, digits=1)
    raise ValueError(f'GeneratedMasks: masks are laid over Got10k, Lasot, TrackingNet or a folder of videos, '
                     f'got {type(dataset).__name__}')
