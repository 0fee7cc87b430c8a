"""LaSOT: boxes of one object on every frame of 1,400 long videos (Fan et al., CVPR 2019).

`<root>/<class>/<class>-<number>/{img/00000001.jpg, ..., groundtruth.txt, full_occlusion.txt,
out_of_view.txt}`. Interface of pytracking's `ltr/dataset/lasot.py`. Different on purpose: classes are in the
order of their names, not of the directory, and files beside them are no classes; where the training list
comes from is said in `Lasot`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import torch

from ltr.data.image_loader import opencv_loader
from ltr.dataset.annotations import count_files, need_same_count, read_boxes, read_flags
from ltr.dataset.base_video_dataset import BoxVideoDataset, object_meta
from ltr.dataset.locations import dataset_root, find_list, need_list, read_list

_OFFICIAL_LIST = "training_set.txt"
_SPLIT_FILE = "lasot_train_split.txt"


class Lasot(BoxVideoDataset):
    """Sequences of LaSOT, chosen by `vid_ids` (these numbers of every class) or by `split`.

    root: the folder of classes, or None for `lasot_dir`. data_fraction: a random part. split 'train' is the
    official one of protocol II, 1,120 sequences: `lasot_train_split.txt` (pytracking's) or `training_set.txt`
    (the dataset's) in the root or in `data_specs_dir`.
    """

    # The frames of a sequence that this dataset is made of.
    _kept = slice(None)

    def __init__(self, root: str | os.PathLike[str] | None = None, image_loader: Callable = opencv_loader,
                 vid_ids: Sequence[int] | None = None, split: str | None = None,
                 data_fraction: float | None = None) -> None:
        if (split is None) == (vid_ids is None):
            raise ValueError("give either a split or vid_ids")
        super().__init__("LaSOT", dataset_root("LaSOT", root, "lasot_dir"), image_loader)
        self.class_list = sorted(path.name for path in Path(self.root).iterdir() if path.is_dir())
        self.class_to_id = {name: number for number, name in enumerate(self.class_list)}
        if split is None:
            names = [f"{class_name}-{number}" for class_name in self.class_list for number in vid_ids]
        else:
            names = self._read_split(split)
        if data_fraction is not None:
            names = random.sample(names, int(len(names) * data_fraction))
        self.sequence_list = names
        self._checked: set[int] = set()

    def get_name(self) -> str:
        return "lasot"

    def has_occlusion_info(self) -> bool:
        return True

    @cached_property
    def seq_per_class(self) -> dict[str | None, list[int]]:
        return self._sequences_by_class([name.split("-")[0] for name in self.sequence_list])

    def get_sequences_in_class(self, class_name: str) -> list[int]:
        return self.seq_per_class[class_name]

    def get_sequence_info(self, seq_id: int) -> dict[str, torch.Tensor]:
        """`bbox` (F, 4) xywh, `valid` bool and `visible` uint8 (F,)."""
        folder, name = self._folder(seq_id), self._sequence_name(seq_id)
        bbox = read_boxes(folder / "groundtruth.txt", self.get_name(), name)
        occluded = read_flags(folder / "full_occlusion.txt", self.get_name(), name, in_one_line=True)
        outside = read_flags(folder / "out_of_view.txt", self.get_name(), name, in_one_line=True)
        if seq_id not in self._checked:
            frames = count_files(folder / "img", ".jpg", self.get_name(), name)
            need_same_count(bbox, ((frames, "images in img"), (len(occluded), "flags in full_occlusion.txt"),
                                   (len(outside), "flags in out_of_view.txt")),
                            folder / "groundtruth.txt", self.get_name(), name)
            self._checked.add(seq_id)
        valid = (bbox[:, 2] > 0) & (bbox[:, 3] > 0)
        visible = ((occluded == 0) & (outside == 0) & valid).to(torch.uint8)
        return {"bbox": bbox[self._kept], "valid": valid[self._kept], "visible": visible[self._kept]}

    def _folder(self, seq_id: int) -> Path:
        name = self._sequence_name(seq_id)
        return Path(self.root) / name.split("-")[0] / name

    def _frame_path(self, seq_id: int, frame_id: int) -> Path:
        return self._folder(seq_id) / "img" / f"{frame_id + 1:08d}.jpg"

    def _object_meta(self, seq_id: int) -> dict[str, str | None]:
        return object_meta(self._sequence_name(seq_id).split("-")[0])

    def _read_split(self, split: str) -> list[str]:
        if split != "train":
            raise ValueError(f"LaSOT has the split 'train' here, got {split!r}; use vid_ids for others")
        root = Path(self.root)
        path = find_list(_SPLIT_FILE, [root]) or find_list(_OFFICIAL_LIST, [root])
        return read_list(path or need_list("LaSOT", _SPLIT_FILE, root))
