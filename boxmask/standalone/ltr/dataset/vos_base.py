"""Videos with masks: what DAVIS and YouTube-VOS share.

Interface of pytracking's `ltr/dataset/vos_base.py`. Different on purpose: missing, unreadable and mis-sized
images and masks are errors that name them; an object that no mask shows is nowhere visible; a mask without
any object is still the frame's ground truth in evaluation. Boxes in training count pixels (w = last column -
first + 1; an empty mask has (0, 0, 1, 1)); those of evaluation do not (w = last - first).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltr.data.bounding_box_utils import masks_to_bboxes
from ltr.data.image_loader import ImageError, imread_indexed, opencv_loader
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.dataset.errors import DatasetError, MissingDataError, where
from ltr.dataset.vos_meta import VOSMeta

__all__ = ["VOSDatasetBase", "VOSMeta"]


class VOSDatasetBase(BaseVideoDataset):
    """Samples are sequences with all their objects (multiobj) or single objects of sequences.

    vis_threshold: an object of more pixels is visible. Subclasses set `gmeta`, `_jpeg_path`, `_anno_path`,
    and call `_make_samples`.
    """

    gmeta: VOSMeta
    _jpeg_path: Path
    _anno_path: Path

    def __init__(self, name: str, root: str | os.PathLike[str], version: str | None = None, split: str = "train",
                 multiobj: bool = True, vis_threshold: int = 10, image_loader: Callable = opencv_loader) -> None:
        super().__init__(name, Path(root), image_loader)
        self.version = version
        self.split = split
        self.multiobj = multiobj
        self.vis_threshold = vis_threshold
        self.sequence_names: list[str] = []
        self._samples: list[tuple[str, list[str]]] = []

    def get_name(self) -> str:
        return f"{self.name}/{self.version}/{self.split}"

    def has_occlusion_info(self) -> bool:
        return True

    def has_segmentation_info(self) -> bool:
        return True

    def get_sequences_in_class(self, class_name: str) -> list[int]:
        return []

    def get_num_sequences(self) -> int:
        return len(self._samples)

    def get_sequence_info(self, sample_id: int) -> dict[str, Any]:
        """`sequence`, `frame_shape` (H, W), `frame_names`, `object_ids`, and (F, O) for frames and objects
        `object_sizes` in pixels, int32, `visible` and `valid`, uint8."""
        name, ids = self._samples[sample_id]
        frames = self.gmeta.get_frame_names(name)
        sizes_per_frame = self.gmeta.get_obj_sizes_per_frame(name)
        sizes = torch.tensor([[sizes_per_frame.get(frame, {}).get(number, 0) for number in ids] for frame in frames],
                             dtype=torch.int32).reshape(len(frames), len(ids))
        visible = (sizes > self.vis_threshold).to(torch.uint8)
        return {"sequence": name, "frame_shape": self.gmeta.get_shape(name), "frame_names": frames, "object_ids": ids,
                "object_sizes": sizes, "visible": visible, "valid": visible}

    def get_frames(self, sample_id: int, frame_ids: Sequence[int],
                   anno: dict[str, Any] | None = None) -> tuple[list[np.ndarray], dict[str, list], dict[str, Any]]:
        """Images; `mask` (H, W) float32 and `bbox` (4,) per frame; facts about the sequence.

        With multiobj masks hold ids and `bbox` is a dict of boxes by id; without, masks are {0, 1}.
        """
        name, ids = self._samples[sample_id]
        info = self.get_sequence_info(sample_id) if anno is None else anno
        stems = [info["frame_names"][frame] for frame in frame_ids]
        images = [self._load_image(self._jpeg_path / name / f"{stem}.jpg", name) for stem in stems]
        labels = [torch.from_numpy(self._load_labels(self._anno_path / name / f"{stem}.png", name, image.shape))
                  for stem, image in zip(stems, images, strict=True)]
        boxes = [{number: masks_to_bboxes(label == int(number), fmt="t") for number in ids} for label in labels]
        per_frame: dict[str, list] = {}
        if self.multiobj:
            per_frame["bbox"] = boxes
            per_frame["mask"] = [label.float() for label in labels]
        else:
            per_frame["bbox"] = [box[ids[0]] for box in boxes]
            per_frame["mask"] = [(label == int(ids[0])).float() for label in labels]
        for key in ("object_sizes", "visible", "valid"):
            per_frame[key] = [info[key][frame].clone() for frame in frame_ids]
        return images, per_frame, {key: info[key] for key in ("sequence", "frame_shape", "frame_names", "object_ids")}

    def get_paths_and_bboxes(self, sequence_info: dict[str, Any]) -> tuple[list[str], list[str | None], dict]:
        """For evaluation: image paths, mask paths or None, and boxes (F, 4) by object id, -1 where there is none."""
        name, frames = sequence_info["sequence"], sequence_info["frame_names"]
        annotated = self.gmeta.get_obj_sizes_per_frame(name)
        boxes = self.gmeta.get_bboxes_per_frame(name)
        images = [str(self._jpeg_path / name / f"{frame}.jpg") for frame in frames]
        masks = [str(self._anno_path / name / f"{frame}.png") if frame in annotated else None for frame in frames]
        absent = [-1, -1, -1, -1]
        return images, masks, {number: np.array([boxes.get(frame, {}).get(number, absent) for frame in frames])
                               for number in sequence_info["object_ids"]}

    def get_sequence_list(self) -> list:
        """The samples as sequences of `pytracking.evaluation`."""
        if not self.sequence_list:
            self.sequence_list = [self._construct_sequence(self.get_sequence_info(sample))
                                  for sample in range(len(self._samples))]
        return self.sequence_list

    def _construct_sequence(self, sequence_info: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _make_samples(self, sequences: Sequence[str], object_ids: Callable[[str], list[str]]) -> None:
        self.sequence_names = list(sequences)
        for name in sequences:
            ids = object_ids(name)
            self._samples += [(name, ids)] if self.multiobj else [(name, [number]) for number in ids]

    def _check_frames(self, sequences: Sequence[str], *, every_frame_has_a_mask: bool) -> None:
        """Raises where a sequence has no images, a mask has no image, or (if so told) an image has no mask."""
        for name in sequences:
            frames, masks = set(self.gmeta.get_frame_names(name)), set(self.gmeta.get_obj_sizes_per_frame(name))
            place = where(self.get_name(), name)
            if not frames:
                raise MissingDataError(f"{place}: there are no images in {self._jpeg_path / name}; fetch the "
                                       "sequence again or leave it out")
            if masks - frames or (every_frame_has_a_mask and frames != masks):
                odd = min(frames ^ masks)
                lacks = "image" if odd in masks else "mask"
                raise DatasetError(f"{where(self.get_name(), name, odd)}: {len(frames)} images in "
                                   f"{self._jpeg_path / name} but {len(masks)} masks in "
                                   f"{self._anno_path / name}, frame {odd} has no {lacks}; fetch the "
                                   "sequence again or leave it out")

    def _load_labels(self, path: Path, sequence: str, image_shape: tuple[int, ...]) -> np.ndarray:
        place = where(self.get_name(), sequence, path.stem, path)
        if not path.is_file():
            raise MissingDataError(f"{place}: the frame has no mask; take frames that have one")
        try:
            labels = imread_indexed(path)
        except ImageError as error:
            raise DatasetError(f"{place}: {error}") from error
        if labels.shape != image_shape[:2]:
            raise DatasetError(f"{place}: the mask has {labels.shape[1]}x{labels.shape[0]} pixels, its image "
                               f"{image_shape[1]}x{image_shape[0]}; fetch both again at one resolution")
        return np.array(labels)
