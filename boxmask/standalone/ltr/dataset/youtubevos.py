"""YouTube-VOS 2018 and 2019 (Xu et al., ECCV 2018).

`<root>/<version>/<split>/{JPEGImages,Annotations}/<video>/00000.{jpg,png}` and `meta.json`, which says which
objects a video has and on which frames: {'videos': {video: {'objects': {id: {'category': ..., 'frames':
[...]}}}}}. Interface of pytracking's `ltr/dataset/youtubevos.py`. Different on purpose: the lists of
'jjtrain' and 'jjvalid' are read from the user's files (see `YouTubeVOS`); `generated_meta.json` is written
only where that is possible; frame names of `all_frames` are listed, never written to the home directory.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ltr.data.image_loader import opencv_loader
from ltr.dataset.errors import DatasetError, MissingDataError, some, where
from ltr.dataset.locations import dataset_root, need_folder, need_list, read_list
from ltr.dataset.vos_base import VOSDatasetBase
from ltr.dataset.vos_meta import VOSMeta

logger = logging.getLogger(__name__)

_FOLDERS = ("train", "valid", "test")
# Widths over heights outside of this are odd: portrait videos, mostly.
_USUAL_ASPECTS = (1.45, 1.9)
# Frames that meta.json names as an object's first ones and on which it is not to be seen: (video, object): frames.
_FALSE_STARTS = {("0e27472bea", "2"): ("00055", "00060"), ("5937b08d69", "4"): ("00000",),
                 ("5e1ce354fd", "5"): ("00010", "00015"), ("7053e4f41e", "2"): ("00000", "00005", "00010", "00015"),
                 ("720e3fa04c", "2"): ("00050",), ("c73c8e747f", "2"): ("00035",)}


class YouTubeVOSMeta:
    """The dataset's own `meta.json`."""

    def __init__(self, dset_split_path: Path) -> None:
        path = Path(dset_split_path) / "meta.json"
        if not path.is_file():
            raise MissingDataError(f"YouTubeVOS: there is no {path}; it comes with the dataset")
        try:
            self._data: dict[str, dict] = json.loads(path.read_text(encoding="utf-8"))["videos"]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"YouTubeVOS: {path} is not the dataset's meta.json ({error!r}); fetch it "
                               "again") from error

    def sequences(self) -> list[str]:
        return list(self._data)

    def object_ids(self, seq_name: str) -> list[str]:
        return list(self._data[seq_name]["objects"])

    def object_category(self, seq_name: str, obj_id: str) -> str:
        return self._data[seq_name]["objects"][str(obj_id)]["category"]

    def object_frames(self, seq_name: str, obj_id: str) -> list[str]:
        return self._data[seq_name]["objects"][str(obj_id)]["frames"]

    def object_first_frame(self, seq_name: str, obj_id: str) -> str:
        return self.object_frames(seq_name, obj_id)[0]

    def seq_frames(self, seq_name: str) -> list[str]:
        """The frames on which some object is, in order."""
        return sorted({frame for obj_id in self.object_ids(seq_name) for frame in self.object_frames(seq_name, obj_id)})

    def drop_false_starts(self) -> None:
        """Removes first frames on which an object is not to be seen, known from counting its pixels."""
        for (video, obj_id), frames in _FALSE_STARTS.items():
            if video in self._data:
                entry = self._data[video]["objects"][obj_id]
                entry["frames"] = [frame for frame in entry["frames"] if frame not in frames]


class YouTubeVOS(VOSDatasetBase):
    """YouTube-VOS, or a dataset in its layout.

    root: the folder of the versions, or None for `youtubevos_dir`. split: 'train', 'valid', 'test', or
    pytracking's parts of 'train': 'jjvalid' (300 videos) and 'jjtrain' (the others), listed in
    `youtubevos_<split>.txt` in `<root>/<version>` or in `data_specs_dir`. all_frames: images from
    `<split>_all_frames`, masks on every fifth. cleanup: 'aspect' leaves out videos of odd shape, 'starts'
    corrects first frames. sequences: names, in place of the split's. multiobj, vis_threshold: see
    `VOSDatasetBase`.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None, version: str = "2019", split: str = "train",
                 cleanup: Sequence[str] | None = None, all_frames: bool = False, sequences: Sequence[str] | None = None,
                 multiobj: bool = True, vis_threshold: int = 10, image_loader: Callable = opencv_loader) -> None:
        super().__init__("YouTubeVOS", dataset_root("YouTubeVOS", root, "youtubevos_dir"), version, split, multiobj,
                         vis_threshold, image_loader)
        folder = "train" if split.startswith("jj") else split
        base = need_folder(self.get_name(), self.root / version / folder, f"split {folder!r} of version "
                                                                          f"{version}")
        self._anno_path = need_folder(self.get_name(), base / "Annotations", "masks")
        images = need_folder(self.get_name(), base / "JPEGImages", "images")
        self._jpeg_path = images
        self.meta = YouTubeVOSMeta(base)
        self.gmeta = VOSMeta.of_dataset("YouTubeVOS", base, images, self._anno_path)
        names = self._choose(sequences)
        self.gmeta.refresh("YouTubeVOS", base, images, self._anno_path, lambda entry: bool(entry["frame_names"]), names)
        self.gmeta.select(names)
        if all_frames:
            self._use_all_frames(self.root / version / f"{folder}_all_frames" / "JPEGImages", names)
        names = self._clean(names, set(cleanup or ()))
        self._check_frames(names, every_frame_has_a_mask=False)
        self._make_samples(names, self.meta.object_ids)
        logger.info("%s: %d samples", self.get_name(), len(self))

    def is_mot_dataset(self) -> bool:
        return self.multiobj

    def _choose(self, sequences: Sequence[str] | None) -> list[str]:
        """The names asked for, by default those of the split that have masks; each is in meta.json."""
        known = self.meta.sequences()
        if sequences is not None:
            unknown = [name for name in sequences if name not in known]
            if unknown:
                raise DatasetError(f"{self.get_name()}: meta.json does not know {some(unknown)}; leave them out")
            return list(sequences)
        listed = known
        if self.split not in _FOLDERS:
            listed = read_list(need_list(self.get_name(), f"youtubevos_{self.split}.txt", self.root / self.version))
        wanted = set(listed)
        found = sorted(name for name in known if name in wanted and (self._anno_path / name).is_dir())
        missing = sorted(wanted.difference(found))
        if missing:
            logger.warning("%s: %d of its %d sequences are left out: meta.json does not know them, or %s has no folder "
                           "for them (%s)", self.get_name(), len(missing), len(wanted), self._anno_path, some(missing))
        return found

    def _use_all_frames(self, folder: Path, sequences: Sequence[str]) -> None:
        self._jpeg_path = need_folder(self.get_name(), folder, "images of all frames")
        for name in sequences:
            self.gmeta.set_frame_names(name, sorted(path.stem for path in (folder / name).glob("*.jpg")))

    def _clean(self, sequences: list[str], actions: set[str]) -> list[str]:
        if "starts" in actions:
            self.meta.drop_false_starts()
        if "aspect" not in actions:
            return sequences
        low, high = _USUAL_ASPECTS
        kept = [name for name in sequences if low <= self.gmeta.get_aspect_ratio(name) <= high]
        logger.info("%s: %d videos of odd shape left out", self.get_name(), len(sequences) - len(kept))
        return kept

    def _construct_sequence(self, sequence_info: dict[str, Any]) -> Any:
        from pytracking.evaluation import Sequence as EvaluationSequence

        images, masks, boxes = self.get_paths_and_bboxes(sequence_info)
        return EvaluationSequence(name=sequence_info["sequence"], frames=images, dataset="YouTubeVOS",
                                  ground_truth_rect=boxes, init_data=self._starts(sequence_info, masks, boxes),
                                  ground_truth_seg=masks, object_ids=sequence_info["object_ids"],
                                  multiobj_mode=self.multiobj)

    def _starts(self, sequence_info: dict[str, Any], masks: list[str | None], boxes: dict) -> dict[int, dict[str, Any]]:
        """Frame -> the objects that start there, their boxes and the mask."""
        name = sequence_info["sequence"]
        position = {frame: index for index, frame in enumerate(sequence_info["frame_names"])}
        starts: dict[int, dict[str, Any]] = {}
        for obj_id in sequence_info["object_ids"]:
            first = self.meta.object_first_frame(name, obj_id)
            index = position.get(first)
            if index is None or masks[index] is None:
                raise MissingDataError(f"{where(self.get_name(), name, first)}: object {obj_id} starts here, "
                                       "and the frame has no image or no mask; fetch the sequence again or "
                                       "leave it out")
            start = starts.setdefault(index, {"object_ids": [], "bbox": {}, "mask": masks[index]})
            start["object_ids"].append(obj_id)
            start["bbox"][obj_id] = boxes[obj_id][index]
        return starts
