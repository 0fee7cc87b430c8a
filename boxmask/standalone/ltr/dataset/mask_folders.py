"""Generated masks beside a box dataset: one folder for each sequence, PNG files of values 0 and 1."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltr.dataset.annotations import need_masks, read_binary_mask
from ltr.dataset.errors import MissingDataError, some


class MaskFolders:
    """Mixed into a box dataset, before it: adds `mask`, (H, W) float32 {0, 1}, to what `get_frames` gives per frame.

    Missing masks are named at once: sequences when the dataset is built, frames when a sequence is first
    used.
    """

    anno_path: Path

    def has_segmentation_info(self) -> bool:
        return True

    def get_sequence_info(self, seq_id: int) -> dict[str, torch.Tensor]:
        info = super().get_sequence_info(seq_id)
        if seq_id not in self._masks_checked:
            names = [self._mask_path(seq_id, frame).name for frame in range(len(info["bbox"]))]
            need_masks(self._mask_path(seq_id, 0).parent, names, self.get_name(), self._sequence_name(seq_id))
            self._masks_checked.add(seq_id)
        return info

    def get_frames(self, seq_id: int, frame_ids: Sequence[int],
                   anno: dict[str, Any] | None = None) -> tuple[list[np.ndarray], dict[str, list], dict | None]:
        images, per_frame, meta = super().get_frames(seq_id, frame_ids, anno)
        per_frame["mask"] = [
            read_binary_mask(self._mask_path(seq_id, frame), image.shape, self.get_name(), self._sequence_name(seq_id))
            for frame, image in zip(frame_ids, images, strict=True)]
        return images, per_frame, meta

    def _open_masks(self, anno_path: str | os.PathLike[str] | None, usual_folder: str) -> None:
        """Raises MissingDataError where the folder of masks, or that of a sequence in it, is missing."""
        if anno_path is None:
            raise MissingDataError(f"{self.get_name()}: no folder of masks is given; pass anno_path, usually "
                                   f"<pregenerated_masks of local.py>/{usual_folder}, where `boxmask "
                                   "generate` writes them")
        self.anno_path = Path(anno_path)
        self._masks_checked: set[int] = set()
        if not self.anno_path.is_dir():
            raise MissingDataError(f"{self.get_name()}: the folder of masks {anno_path} does not exist; "
                                   "`boxmask generate` writes it")
        present = set(os.listdir(self.anno_path))
        missing = [name for name in self.sequence_list if name not in present]
        if missing:
            raise MissingDataError(f"{self.get_name()}: {anno_path} has no masks of {len(missing)} of "
                                   f"{len(self.sequence_list)} sequences ({some(missing)}); generate them, "
                                   "or choose sequences that have masks")

    def _mask_path(self, seq_id: int, frame_id: int) -> Path:
        raise NotImplementedError
