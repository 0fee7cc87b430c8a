"""Sequences as trackers see them."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ltr.data.image_loader import imread_indexed
from pytracking.evaluation.environment import EnvSettings, env_settings


class BaseDataset:
    """A dataset; subclasses list its sequences."""

    def __init__(self) -> None:
        self.env_settings: EnvSettings = env_settings()

    def __len__(self) -> int:
        """The number of sequences."""
        raise NotImplementedError

    def get_sequence_list(self) -> SequenceList:
        """The sequences."""
        raise NotImplementedError


class Sequence:
    """The frames of one video, and where in them the targets start.

    frames: paths of the images. ground_truth_rect: boxes [x, y, w, h] by frame (N, 4), or a dict of such by object id.
    ground_truth_seg: paths of the masks by frame, None where there is none.
    init_data: frame number -> {'bbox': box or {id: box}, 'mask': path, 'object_ids': ids}; without it everything starts
        in the first frame from the ground truth. Frames before the first target are cut off.
    target_visible: bool by frame. object_ids: ids (str) in the masks; one of them unless `multiobj_mode`.
    """

    def __init__(self, name: str, frames: list[str], dataset: str, ground_truth_rect: Any,
                 ground_truth_seg: list[str | None] | None = None, init_data: Mapping[int, dict] | None = None,
                 object_class: str | None = None, target_visible: np.ndarray | None = None,
                 object_ids: list[str] | None = None, multiobj_mode: bool = False) -> None:
        if not frames:
            raise ValueError(f"{dataset} {name}: the sequence has no frames")
        if not multiobj_mode and object_ids is not None and len(object_ids) != 1:
            raise ValueError(f"{dataset} {name}: {len(object_ids)} objects ({', '.join(object_ids)}) in a sequence for "
                             "one; pass multiobj_mode=True")
        self.name = name
        self.frames = frames
        self.dataset = dataset
        self.ground_truth_rect = ground_truth_rect
        self.ground_truth_seg = ground_truth_seg
        self.object_class = object_class
        self.target_visible = target_visible
        self.object_ids = object_ids
        self.multiobj_mode = multiobj_mode
        self.init_data = self._init_from_ground_truth() if init_data is None else self._own_init(init_data)
        self._cut_before(min(self.init_data))

    def init_info(self) -> dict[str, Any]:
        """What a tracker is given with the first frame."""
        return self.object_init_data(0)

    def frame_info(self, frame_num: int) -> dict[str, Any]:
        """What a tracker is given with a frame: nothing, unless targets start in it."""
        return self.object_init_data(frame_num)

    def init_bbox(self, frame_num: int = 0) -> Any:
        """The box of the target that starts in a frame, a dict by id for several, None if none starts."""
        return self.object_init_data(frame_num).get("init_bbox")

    def init_mask(self, frame_num: int = 0) -> np.ndarray | None:
        """The mask (H, W) of what starts in a frame."""
        return self.object_init_data(frame_num).get("init_mask")

    def object_init_data(self, frame_num: int = 0) -> dict[str, Any]:
        """The entries 'init_bbox', 'init_mask' (read from its file), 'init_object_ids' of a frame, and all ids."""
        if frame_num not in self.init_data:
            return {}
        info = {f"init_{key}": value for key, value in self.init_data[frame_num].items() if value is not None}
        if "init_mask" in info:
            info["init_mask"] = self._read_mask(info["init_mask"])
        if self.object_ids is not None:
            info["object_ids"] = self.object_ids
            info["sequence_object_ids"] = self.object_ids
        return info

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.name}, {len(self.frames)} frames"

    def _read_mask(self, path: str | os.PathLike[str]) -> np.ndarray:
        mask = imread_indexed(path)
        if self.multiobj_mode or self.object_ids is None:
            return mask
        return (mask == int(self.object_ids[0])).astype(np.uint8)

    def _init_from_ground_truth(self) -> dict[int, dict[str, Any]]:
        start: dict[str, Any] = {}
        if self.object_ids is not None:
            start["object_ids"] = self.object_ids
        if self.ground_truth_rect is not None:
            boxes = self.ground_truth_rect
            first = {name: own[0] for name, own in boxes.items()} if isinstance(boxes, Mapping) else boxes[0]
            start["bbox"] = self._as_lists(first)
        if self.ground_truth_seg is not None:
            start["mask"] = self.ground_truth_seg[0]
        return {0: start}

    def _own_init(self, init_data: Mapping[int, dict]) -> dict[int, dict[str, Any]]:
        """A copy with boxes as lists."""
        own = {frame: dict(start) for frame, start in init_data.items()}
        for start in own.values():
            if "bbox" in start:
                start["bbox"] = self._as_lists(start["bbox"])
        return own

    def _as_lists(self, box: Any) -> Any:
        if not isinstance(box, Mapping):
            return list(box)
        if self.multiobj_mode:
            return OrderedDict((name, list(one)) for name, one in box.items())
        return list(box[self.object_ids[0]])

    def _cut_before(self, start: int) -> None:
        if start == 0:
            return
        self.frames = self.frames[start:]
        if isinstance(self.ground_truth_rect, Mapping):
            self.ground_truth_rect = OrderedDict((name, own[start:]) for name, own in self.ground_truth_rect.items())
        elif self.ground_truth_rect is not None:
            self.ground_truth_rect = self.ground_truth_rect[start:]
        if self.ground_truth_seg is not None:
            self.ground_truth_seg = self.ground_truth_seg[start:]
        if self.target_visible is not None:
            self.target_visible = self.target_visible[start:]
        self.init_data = {frame - start: value for frame, value in self.init_data.items()}


class SequenceList(list):
    """Sequences by number, name, slice or list of numbers."""

    def __getitem__(self, item: int | str | slice | Iterable[int]) -> Any:
        if isinstance(item, str):
            for sequence in self:
                if sequence.name == item:
                    return sequence
            raise IndexError(f"the dataset has no sequence {item!r}")
        if isinstance(item, (tuple, list)):
            return SequenceList(list.__getitem__(self, index) for index in item)
        found = super().__getitem__(item)
        return SequenceList(found) if isinstance(item, slice) else found

    def __add__(self, other: Iterable[Sequence]) -> SequenceList:
        return SequenceList([*self, *other])

    def copy(self) -> SequenceList:
        """A new list of the same sequences."""
        return SequenceList(self)
