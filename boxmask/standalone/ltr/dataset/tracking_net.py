"""TrackingNet: boxes, interpolated by a tracker from one a second, on about 30,000 videos (Mueller et al., ECCV 2018).

`<root>/TRAIN_<k>/anno/<video>.txt`, `<root>/TRAIN_<k>/frames/<video>/0.jpg, 1.jpg, ...`. Interface of
pytracking's `ltr/dataset/tracking_net.py`. Different on purpose: videos are in the order of their names, not
of the directory; frames without an image, of which TrackingNet has some, are not visible; the class of a
video is 'Unknown' without pytracking's `trackingnet_classmap.txt` (in the root or in `data_specs_dir`).
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
from ltr.dataset.annotations import list_files, read_boxes
from ltr.dataset.base_video_dataset import BoxVideoDataset, object_meta
from ltr.dataset.errors import DatasetError, where
from ltr.dataset.locations import dataset_root, find_list, need_folder

logger = logging.getLogger(__name__)

_SETS = range(12)
_CLASS_MAP = "trackingnet_classmap.txt"


def list_sequences(root: str | os.PathLike[str], set_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(set, video) of every annotation in these sets."""
    found = []
    for number in set_ids:
        folder = need_folder("TrackingNet", Path(root) / f"TRAIN_{number}" / "anno", "annotations")
        found += sorted((number, path.stem) for path in folder.glob("*.txt"))
    return found


class TrackingNet(BoxVideoDataset):
    """The training sets `set_ids` (0 to 11, by default all) of TrackingNet.

    root: the folder of the sets, or None for `trackingnet_dir`. data_fraction: a random part.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None, image_loader: Callable = opencv_loader,
                 set_ids: Sequence[int] | None = None, data_fraction: float | None = None) -> None:
        super().__init__("TrackingNet", dataset_root("TrackingNet", root, "trackingnet_dir"), image_loader)
        self.set_ids = list(_SETS) if set_ids is None else list(set_ids)
        self.sequence_list = list_sequences(self.root, self.set_ids)
        if data_fraction is not None:
            self.sequence_list = random.sample(self.sequence_list, int(len(self.sequence_list) * data_fraction))

    def get_name(self) -> str:
        return "trackingnet"

    @cached_property
    def seq_to_class_map(self) -> dict[str, str]:
        path = find_list(_CLASS_MAP, [Path(self.root)])
        if path is None:
            return {}
        pairs = (line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line)
        return {video: name.strip() for video, name in pairs}

    @cached_property
    def seq_per_class(self) -> dict[str | None, list[int]]:
        return self._sequences_by_class([self.get_class_name(seq_id) for seq_id in range(len(self.sequence_list))])

    @cached_property
    def class_list(self) -> list[str]:
        return sorted(self.seq_per_class)

    def get_sequences_in_class(self, class_name: str) -> list[int]:
        return self.seq_per_class[class_name]

    def get_sequence_info(self, seq_id: int) -> dict[str, torch.Tensor]:
        """`bbox` (F, 4) xywh, `valid` bool and `visible` uint8 (F,)."""
        number, video = self.sequence_list[seq_id]
        path = Path(self.root) / f"TRAIN_{number}" / "anno" / f"{video}.txt"
        bbox = read_boxes(path, self.get_name(), video)
        images = list_files(self._frame_path(seq_id, 0).parent, ".jpg", self.get_name(), video)
        if len(images) > len(bbox):
            raise DatasetError(f"{where(self.get_name(), video, path=path)}: {len(bbox)} boxes but "
                               f"{len(images)} images; fetch the video again or leave it out")
        valid = (bbox[:, 2] > 0) & (bbox[:, 3] > 0)
        present = torch.tensor([f"{frame}.jpg" in images for frame in range(len(bbox))], dtype=torch.bool)
        if not present.all():
            logger.debug("trackingnet: sequence %s has no image of %d of %d frames", video,
                         int((~present).sum()), len(bbox))
        return {"bbox": bbox, "valid": valid, "visible": (valid & present).to(torch.uint8)}

    def _sequence_name(self, seq_id: int) -> str:
        return self.sequence_list[seq_id][1]

    def _frame_path(self, seq_id: int, frame_id: int) -> Path:
        number, video = self.sequence_list[seq_id]
        return Path(self.root) / f"TRAIN_{number}" / "frames" / video / f"{frame_id}.jpg"

    def _object_meta(self, seq_id: int) -> dict[str, str | None]:
        return object_meta(self.seq_to_class_map.get(self._sequence_name(seq_id), "Unknown"))
