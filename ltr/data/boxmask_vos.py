"""What stands between a dataset with masks and the host's LWLSampler and LWLProcessing: checks, and qualities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from boxmask import masks
from ltr.data.boxmask import STALE_COUNTS
from ltr.dataset.base_video_dataset import BaseVideoDataset
from pytracking import TensorDict


def need_visible_frames(dataset: BaseVideoDataset, more_than: int) -> None:
    """Raises ValueError unless some sequence has more visible frames: pytracking's LWLSampler would look for one for
    ever."""
    most = 0
    for sequence in range(dataset.get_num_sequences()):
        most = max(most, int((dataset.get_sequence_info(sequence)['visible'] != 0).sum()))
        if most > more_than:
            return
    raise ValueError(f"{dataset.get_name()}: none of its {dataset.get_num_sequences()} sequences has more than "
                     f"{more_than} frames with a visible target (the most is {most}), and a sample needs so many; "
                     "check its annotations and masks, or leave the dataset out")


@dataclass(frozen=True)
class MaskFiles:
    """Where the host's `Got10kVOS` (step 1) and `LasotVOS` (step 5) look for the mask of a frame."""

    folder: Path
    step: int = 1

    def path(self, sequence: str, frame: int) -> Path:
        """The file of the mask of a frame, counted from 0."""
        return self.folder / sequence / f'{1 + self.step * frame:08d}.png'


class CheckedMasks(BaseVideoDataset):
    """A dataset whose frames are checked as they are drawn, because pytracking's own trains on whatever it finds.

    Raises FileNotFoundError or ValueError, with the sequence and the file, for a mask that is missing, of another size
    than its image, or of other values than 0 and 1, and for a sequence whose masks are all empty. mask_files: of the
    host's datasets of generated masks; of others the sizes are checked, and of DAVIS and YouTube-VOS that no mask has
    been emptied since the host counted its pixels.
    Each mask tensor carries the quality that the dataset gives it as the attribute `quality` (1 without): the samplers
    pass on images, masks and boxes alone. `WithQuality` takes it from there.
    """

    def __init__(self, dataset: BaseVideoDataset, mask_files: MaskFiles | None = None) -> None:
        super().__init__(dataset.get_name(), dataset.root, dataset.image_loader)
        self.dataset = dataset
        self.mask_files = mask_files
        self._not_empty: set[int] = set()
        if mask_files is not None:
            self._need_folders(mask_files.folder)

    def get_name(self) -> str:
        """The name of the dataset."""
        return self.dataset.get_name()

    def has_segmentation_info(self) -> bool:
        """True: that is what is checked."""
        return True

    def is_video_sequence(self) -> bool:
        return self.dataset.is_video_sequence()

    def get_num_sequences(self) -> int:
        """As many as the dataset has."""
        return self.dataset.get_num_sequences()

    def get_sequence_info(self, seq_id: int) -> dict[str, Any]:
        return self.dataset.get_sequence_info(seq_id)

    def get_frames(self, seq_id: int, frame_ids: Sequence[int],
                   anno: dict[str, Any] | None = None) -> tuple[list[np.ndarray], dict[str, list], dict | None]:
        """As the dataset's, the masks (H, W) float32."""
        anno = self.get_sequence_info(seq_id) if anno is None else anno
        if self.mask_files is not None:
            self._need_files(seq_id, frame_ids, anno)
        images, per_frame, meta = self.dataset.get_frames(seq_id, frame_ids, anno)
        per_frame['mask'] = [mask.float() for mask in per_frame['mask']]
        for frame, image, mask in zip(frame_ids, images, per_frame['mask'], strict=True):
            self._check(seq_id, frame, image, mask, anno)
        if self.mask_files is not None and not any(mask.any() for mask in per_frame['mask']):
            self._need_target(seq_id, anno)
        for mask, quality in zip(per_frame['mask'], per_frame.get('quality', [1.0] * len(images)), strict=True):
            mask.quality = quality
        return images, per_frame, meta

    def _check(self, seq_id: int, frame: int, image: np.ndarray, mask: torch.Tensor, anno: dict[str, Any]) -> None:
        place = self._place(seq_id, frame, anno)
        if self.mask_files is not None and mask.max() > 1:
            raise ValueError(f"{place}: the mask holds the value {mask.max():g}; it is the target as it is: save 0 for "
                             "the background and 1 for the target")
        if mask.shape != image.shape[:2]:
            raise ValueError(f"{place}: the mask has {mask.shape[1]}x{mask.shape[0]} pixels, its image "
                             f"{image.shape[1]}x{image.shape[0]}; masks have the size of the image: make it again")
        if 'object_sizes' in anno and anno['visible'][frame].any() and not mask.any():
            raise ValueError(f"{place}: the mask is empty, though it was not when masks were counted; {STALE_COUNTS}")

    def _place(self, seq_id: int, frame: int, anno: dict[str, Any]) -> str:
        name = anno.get('sequence') or self._sequence(seq_id)
        if self.mask_files is not None:
            return f"{self.get_name()}: sequence {name}, frame {frame}, {self.mask_files.path(name, frame)}"
        names = anno.get('frame_names')
        return f"{self.get_name()}: sequence {name}, frame {names[frame] if names else frame}"

    def _sequence(self, seq_id: int) -> str:
        entry = self.dataset.sequence_list[seq_id]
        return entry if isinstance(entry, str) else f"{seq_id} ({entry})"

    def _need_folders(self, folder: Path) -> None:
        present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        missing = [name for name in self.dataset.sequence_list if name not in present]
        if missing:
            raise FileNotFoundError(f"{self.get_name()}: {folder} has no masks of {len(missing)} of "
                                    f"{len(self.dataset.sequence_list)} sequences, such as {missing[0]}; {_REMEDY}")

    def _need_files(self, seq_id: int, frame_ids: Sequence[int], anno: dict[str, Any]) -> None:
        for frame in frame_ids:
            if not self.mask_files.path(self._sequence(seq_id), frame).is_file():
                raise FileNotFoundError(f"{self._place(seq_id, frame, anno)}: there is no such mask; {_REMEDY}")

    def _need_target(self, seq_id: int, anno: dict[str, Any]) -> None:
        """One frame's mask may be empty; a sequence without any target teaches that there is none."""
        if seq_id in self._not_empty:
            return
        name = self._sequence(seq_id)
        for frame in np.flatnonzero(np.asarray(anno['visible'])).tolist():
            path = self.mask_files.path(name, frame)
            if path.is_file() and masks.read(path).any():
                self._not_empty.add(seq_id)
                return
        raise ValueError(f"{self.get_name()}: sequence {name}, {self.mask_files.folder / name}: all its masks are "
                         f"empty; {_REMEDY}")


_REMEDY = "generate them, or take the usable ones alone: --set ignore_poor=1"


@dataclass(frozen=True)
class WithQuality:
    """A processing of the host, and after it `quality` (1,): the mean quality of the sample's masks, 0 to 1."""

    processing: Callable[[TensorDict], TensorDict]

    def __call__(self, data: TensorDict) -> TensorDict:
        qualities = [getattr(mask, 'quality', 1.0) for mask in [*data['train_masks'], *data['test_masks']]]
        data = self.processing(data)
        data['quality'] = torch.tensor([sum(qualities) / len(qualities)], dtype=torch.float32)
        return data
