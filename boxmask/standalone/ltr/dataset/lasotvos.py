"""LaSOT with masks made for it: of every fifth frame of the first 1,000.

Frame k of this dataset is image and mask number 1 + 5 k: `<anno_path>/<class>-<number>/00000001.png,
00000006.png, ...`, values 0 and 1. Interface of pytracking's `ltr/dataset/lasotvos.py`. Different on purpose:
missing masks are named before they are needed; a mask of other values or another size is an error, where
pytracking would train on it. Kept: `get_frames` gives no facts about the object (None).
"""

from __future__ import annotations

import os
from pathlib import Path

from ltr.dataset.lasot import Lasot
from ltr.dataset.mask_folders import MaskFolders

_FRAMES, _STEP = 1000, 5


class LasotVOS(MaskFolders, Lasot):
    """`Lasot(split=split)`, from `lasot_dir`, thinned, with the masks of `anno_path`."""

    _kept = slice(0, _FRAMES, _STEP)

    def __init__(self, anno_path: str | os.PathLike[str] | None = None, split: str | None = "train") -> None:
        super().__init__(split=split)
        self.skip_interval = _STEP
        self._open_masks(anno_path, "lasot_masks")

    def _frame_path(self, seq_id: int, frame_id: int) -> Path:
        return super()._frame_path(seq_id, frame_id * _STEP)

    def _mask_path(self, seq_id: int, frame_id: int) -> Path:
        return self.anno_path / self._sequence_name(seq_id) / f"{1 + frame_id * _STEP:08d}.png"

    def _object_meta(self, seq_id: int) -> None:
        return None

    def get_class_name(self, seq_id: int) -> str:
        return self._sequence_name(seq_id).split("-")[0]
