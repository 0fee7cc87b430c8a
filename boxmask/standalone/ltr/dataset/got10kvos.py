"""GOT-10k with masks made for it: `<anno_path>/<sequence>/00000001.png`, one for each frame, values 0 and 1.

Interface of pytracking's `ltr/dataset/got10kvos.py`. Different on purpose: missing masks are named before
they are needed; a mask of other values or another size is an error, where pytracking would train on it. Kept:
the sequence GOT-10k_Train_004419 is left out, so that the same seed draws the same sequences.
"""

from __future__ import annotations

import os
from pathlib import Path

from ltr.dataset.got10k import Got10k
from ltr.dataset.mask_folders import MaskFolders

_LEFT_OUT = "GOT-10k_Train_004419"


class Got10kVOS(MaskFolders, Got10k):
    """`Got10k(split=split)`, from `got10k_dir`, with the masks of `anno_path`."""

    def __init__(self, anno_path: str | os.PathLike[str] | None = None, split: str | None = "train") -> None:
        super().__init__(split=split)
        self.sequence_list = [name for name in self.sequence_list if name != _LEFT_OUT]
        self._open_masks(anno_path, "got10k_masks")

    def _mask_path(self, seq_id: int, frame_id: int) -> Path:
        return self.anno_path / self._sequence_name(seq_id) / f"{frame_id + 1:08d}.png"
