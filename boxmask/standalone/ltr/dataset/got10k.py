"""GOT-10k: boxes of one object on every frame of about 9,300 videos (Huang, Zhao, Huang, 2018).

`<root>/list.txt`, `<root>/<sequence>/{00000001.jpg, ..., groundtruth.txt, absence.label, cover.label,
meta_info.ini}`. Interface of pytracking's `ltr/dataset/got10k.py`. Different on purpose: without `list.txt`
all folders with a `groundtruth.txt` are taken, in the order of their names; without `absence.label` or
`cover.label` a target is there and seen whole; a named split picks sequences by their number, so that it
works on a part of the dataset; what a split list of pytracking's is needed for is said in `Got10k`.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import torch

from ltr.data.image_loader import opencv_loader
from ltr.dataset.annotations import count_files, need_same_count, read_boxes, read_flags
from ltr.dataset.base_video_dataset import BoxVideoDataset, object_meta
from ltr.dataset.errors import DatasetError, MissingDataError
from ltr.dataset.locations import dataset_root, find_list, need_list, read_list

logger = logging.getLogger(__name__)

_SPLIT_FILES = {"train": "got10k_train_split.txt", "val": "got10k_val_split.txt",
                "vottrain": "got10k_vot_train_split.txt", "votval": "got10k_vot_val_split.txt"}
_NAME = "GOT-10k_Train_{:06d}"
_FULL_COVER = 8


class Got10k(BoxVideoDataset):
    """The sequences of one folder of GOT-10k, by default its `train` folder.

    root: that folder, or None for `got10k_dir`. seq_ids: positions in the list. data_fraction: a random part.
    split: pytracking's own parts of the training set, 'train'/'val' and 'vottrain'/'votval' (which leaves out
    what VOT tests on); their lists lie in the root or in `data_specs_dir`. Without its list 'train' is all of
    the root, with a warning; the others are an error.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None, image_loader: Callable = opencv_loader,
                 split: str | None = None, seq_ids: Sequence[int] | None = None,
                 data_fraction: float | None = None) -> None:
        if split is not None and seq_ids is not None:
            raise ValueError("give a split or seq_ids, not both")
        super().__init__("GOT10k", dataset_root("GOT-10k", root, "got10k_dir"), image_loader)
        names = self._list_sequences()
        if split is not None:
            names = self._select(names, split)
        elif seq_ids is not None:
            names = [names[index] for index in seq_ids]
        if data_fraction is not None:
            names = random.sample(names, int(len(names) * data_fraction))
        self.sequence_list = names
        self._checked: set[int] = set()

    def get_name(self) -> str:
        return "got10k"

    def has_occlusion_info(self) -> bool:
        return True

    def get_sequence_info(self, seq_id: int) -> dict[str, torch.Tensor]:
        """`bbox` (F, 4) xywh, `valid` bool, `visible` uint8, `visible_ratio` in eighths as float: all (F, ...)."""
        folder, name = self._folder(seq_id), self._sequence_name(seq_id)
        bbox = read_boxes(folder / "groundtruth.txt", self.get_name(), name)
        absence = self._flags(folder / "absence.label", name, torch.zeros(len(bbox), dtype=torch.uint8))
        cover = self._flags(folder / "cover.label", name, torch.full((len(bbox),), _FULL_COVER, dtype=torch.uint8))
        if seq_id not in self._checked:
            frames = count_files(folder, ".jpg", self.get_name(), name)
            need_same_count(bbox, ((frames, "images beside it"), (len(absence), "lines in absence.label"),
                                   (len(cover), "lines in cover.label")),
                            folder / "groundtruth.txt", self.get_name(), name)
            self._checked.add(seq_id)
        valid = (bbox[:, 2] > 0) & (bbox[:, 3] > 0)
        visible = ((absence == 0) & (cover > 0) & valid).to(torch.uint8)
        return {"bbox": bbox, "valid": valid, "visible": visible, "visible_ratio": cover.float() / _FULL_COVER}

    @cached_property
    def sequence_meta_info(self) -> dict[str, dict[str, str | None]]:
        """What `meta_info.ini` says of each sequence's object; None where it is silent. Read on first use."""
        return {name: _read_meta(Path(self.root) / name / "meta_info.ini") for name in self.sequence_list}

    @cached_property
    def seq_per_class(self) -> dict[str | None, list[int]]:
        return self._sequences_by_class([self.sequence_meta_info[name]["object_class_name"]
                                         for name in self.sequence_list])

    @cached_property
    def class_list(self) -> list[str]:
        return sorted(name for name in self.seq_per_class if name is not None)

    def get_sequences_in_class(self, class_name: str) -> list[int]:
        return self.seq_per_class[class_name]

    def _folder(self, seq_id: int) -> Path:
        return Path(self.root) / self._sequence_name(seq_id)

    def _frame_path(self, seq_id: int, frame_id: int) -> Path:
        return self._folder(seq_id) / f"{frame_id + 1:08d}.jpg"

    def _object_meta(self, seq_id: int) -> dict[str, str | None]:
        if "sequence_meta_info" in vars(self):
            return self.sequence_meta_info[self._sequence_name(seq_id)]
        return _read_meta(self._folder(seq_id) / "meta_info.ini")

    def _flags(self, path: Path, sequence: str, default: torch.Tensor) -> torch.Tensor:
        return read_flags(path, self.get_name(), sequence) if path.is_file() else default

    def _list_sequences(self) -> list[str]:
        root = Path(self.root)
        if (root / "list.txt").is_file():
            names = [line.split(",")[0] for line in read_list(root / "list.txt")]
        else:
            names = sorted(path.parent.name for path in root.glob("*/groundtruth.txt"))
        if not names:
            raise MissingDataError(f"GOT-10k: {root} has neither a list.txt with sequences nor folders with "
                                   "a groundtruth.txt; the root is the folder that holds the sequences "
                                   "(train)")
        return names

    def _select(self, names: list[str], split: str) -> list[str]:
        if split not in _SPLIT_FILES:
            raise ValueError(f"GOT-10k has the splits {tuple(_SPLIT_FILES)}, got {split!r}")
        root = Path(self.root)
        if split == "train" and find_list(_SPLIT_FILES[split], [root]) is None:
            logger.warning("GOT-10k: no %s in %s, so the split 'train' is all %d sequences of the list",
                           _SPLIT_FILES[split], root, len(names))
            return names
        positions = [int(line) for line in read_list(need_list("GOT-10k", _SPLIT_FILES[split], root))]
        if max(positions, default=0) < len(names):
            return [names[position] for position in positions]
        present = set(names)
        chosen = [name for name in (_NAME.format(position + 1) for position in positions) if name in present]
        if not chosen:
            raise DatasetError(f"GOT-10k: no sequence of the split {split!r} is in the list of {root}; use "
                               "split=None")
        logger.info("GOT-10k: %d of the %d sequences of the split %s are here", len(chosen), len(positions), split)
        return chosen


def _read_meta(path: Path) -> dict[str, str | None]:
    if not path.is_file():
        return object_meta()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    found = {key.strip(): value.strip() for key, value in pairs}
    return {key: found.get("object_class" if key == "object_class_name" else key) for key in object_meta()}
