"""DAVIS 2016 and 2017 (Perazzi et al., CVPR 2016; Pont-Tuset et al., 2017).

`<root>/{JPEGImages,Annotations}/480p/<sequence>/00000.{jpg,png}`, `<root>/ImageSets/<version>/<split>.txt`.
Interface of pytracking's `ltr/dataset/davis.py`. Different on purpose: `generated_meta.json` is written into
the root only where that is possible; split 'all' works.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from ltr.data.image_loader import opencv_loader
from ltr.dataset.errors import MissingDataError, some
from ltr.dataset.locations import dataset_root, need_folder, read_list
from ltr.dataset.vos_base import VOSDatasetBase
from ltr.dataset.vos_meta import VOSMeta

logger = logging.getLogger(__name__)

_ROOTS_2017 = {"train": "davis_dir", "val": "davis_dir", "test-dev": "davis_testdev_dir"}


class Davis(VOSDatasetBase):
    """DAVIS, or a dataset in its layout.

    root: None for `davis_dir`, `davis_testdev_dir` (split 'test-dev') or `davis16_dir` (version '2016').
    split: a name in `ImageSets/<version>`, or 'all'; for version '2017' without root 'train', 'val' or
    'test-dev'. sequences: names, in place of the split's. multiobj, vis_threshold: see `VOSDatasetBase`.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None, sequences: Sequence[str] | None = None,
                 version: str = "2017", split: str = "train", multiobj: bool = True, vis_threshold: int = 10,
                 image_loader: Callable = opencv_loader) -> None:
        attribute = _ROOTS_2017.get(split) if version == "2017" else "davis16_dir"
        if attribute is None and root is None:
            raise ValueError(f"DAVIS 2017 has the splits {tuple(_ROOTS_2017)}, got {split!r}; others need "
                             "root=")
        super().__init__("DAVIS", dataset_root("DAVIS", root, attribute or ""), version, split, multiobj, vis_threshold,
                         image_loader)
        self._jpeg_path = need_folder(self.get_name(), self.root / "JPEGImages" / "480p", "images")
        self._anno_path = need_folder(self.get_name(), self.root / "Annotations" / "480p", "masks")
        sequences = self._read_split() if sequences is None else list(sequences)
        missing = [name for name in sequences if not (self._jpeg_path / name).is_dir()]
        if missing:
            raise MissingDataError(f"{self.get_name()}: {self._jpeg_path} has no folder for {len(missing)} "
                                   f"of {len(sequences)} sequences ({some(missing)}); fetch them or name "
                                   "others")
        complete = not split.startswith("test")
        self.gmeta = VOSMeta.of_dataset("DAVIS", self.root, self._jpeg_path, self._anno_path)
        self.gmeta.refresh("DAVIS", self.root, self._jpeg_path, self._anno_path,
                           lambda entry: not complete or set(entry["frame_names"]) == set(entry["obj_sizes"]),
                           sequences)
        self._check_frames(sequences, every_frame_has_a_mask=complete)
        self._make_samples(sequences, self.gmeta.get_obj_ids)
        logger.info("%s: %d samples", self.get_name(), len(self))

    def _read_split(self) -> list[str]:
        if self.split == "all":
            return sorted(path.name for path in self._jpeg_path.iterdir() if path.is_dir())
        path = self.root / "ImageSets" / self.version / f"{self.split}.txt"
        if not path.is_file():
            raise MissingDataError(f"{self.get_name()}: there is no list {path}; its lines are the names of "
                                   "the sequences")
        return read_list(path)

    def _construct_sequence(self, sequence_info: dict[str, Any]) -> Any:
        from pytracking.evaluation import Sequence as EvaluationSequence

        images, masks, boxes = self.get_paths_and_bboxes(sequence_info)
        return EvaluationSequence(name=sequence_info["sequence"], frames=images, dataset="DAVIS",
                                  ground_truth_rect=boxes, ground_truth_seg=masks,
                                  object_ids=sequence_info["object_ids"], multiobj_mode=self.multiobj)
