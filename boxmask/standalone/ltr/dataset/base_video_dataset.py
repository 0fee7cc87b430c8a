"""The interface of every video dataset, and what the box-annotated ones share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch.utils.data

from ltr.data.image_loader import opencv_loader
from ltr.dataset.errors import DatasetError, MissingDataError, where


class BaseVideoDataset(torch.utils.data.Dataset):
    """A list of sequences, each with information and frames.

    name: of the dataset; root: its folder; image_loader: path to an (H, W, 3) uint8 RGB array.
    """

    class_list: Sequence[str] = ()

    def __init__(self, name: str, root: str | os.PathLike[str], image_loader: Callable = opencv_loader) -> None:
        self.name = name
        self.root = root
        self.image_loader = image_loader
        self.sequence_list: list = []

    def __len__(self) -> int:
        return self.get_num_sequences()

    def __getitem__(self, index: int) -> None:
        """Not used: see `get_frames`."""
        return None

    def is_video_sequence(self) -> bool:
        """False for a dataset of still images."""
        return True

    def is_synthetic_video_dataset(self) -> bool:
        return False

    def is_mot_dataset(self) -> bool:
        """Whether a sequence holds several objects at once."""
        return False

    def has_class_info(self) -> bool:
        return False

    def has_occlusion_info(self) -> bool:
        return False

    def has_segmentation_info(self) -> bool:
        return False

    def get_name(self) -> str:
        raise NotImplementedError

    def get_num_sequences(self) -> int:
        return len(self.sequence_list)

    def get_num_classes(self) -> int:
        return len(self.class_list)

    def get_class_list(self) -> list[str]:
        return self.class_list

    def get_sequences_in_class(self, class_name: str) -> list[int]:
        raise NotImplementedError

    def get_sequence_info(self, seq_id: int) -> dict[str, Any]:
        """At least `visible`, uint8 per frame (F,) or per frame and object (F, O)."""
        raise NotImplementedError

    def get_frames(self, seq_id: int, frame_ids: Sequence[int],
                   anno: dict[str, Any] | None = None) -> tuple[list[np.ndarray], dict[str, list], dict | None]:
        """Images, annotations (a list with one entry per frame under each key) and facts about the object.

        frame_ids: positions in the sequence from 0; anno: what `get_sequence_info` gave, to save reading it
        again.
        """
        raise NotImplementedError

    def _load_image(self, path: Path, sequence: str) -> np.ndarray:
        place = where(self.get_name(), sequence, path.stem, path)
        if not path.is_file():
            raise MissingDataError(f"{place}: there is no such image; fetch the sequence again or leave it "
                                   "out")
        try:
            image = self.image_loader(str(path))
        except (ValueError, OSError, cv2.error) as error:
            raise DatasetError(f"{place}: the image cannot be read; fetch it again or leave the sequence out "
                               f"({error})") from error
        if image is None:
            raise DatasetError(f"{place}: the image cannot be read; fetch it again or leave the sequence out")
        return np.atleast_3d(image)


class BoxVideoDataset(BaseVideoDataset):
    """A dataset with one object and one box per frame and sequence.

    Subclasses say where things lie; frames whose box has no positive width and height are not `valid`, not
    `visible`.
    """

    def has_class_info(self) -> bool:
        return True

    def get_class_name(self, seq_id: int) -> str | None:
        return self._object_meta(seq_id)["object_class_name"]

    def get_frames(self, seq_id: int, frame_ids: Sequence[int],
                   anno: dict[str, Any] | None = None) -> tuple[list[np.ndarray], dict[str, list], dict | None]:
        anno = self.get_sequence_info(seq_id) if anno is None else anno
        frames = [self._load_image(self._frame_path(seq_id, frame), self._sequence_name(seq_id)) for frame in frame_ids]
        per_frame = {key: [value[frame].clone() for frame in frame_ids] for key, value in anno.items()}
        return frames, per_frame, self._object_meta(seq_id)

    def _sequence_name(self, seq_id: int) -> str:
        return self.sequence_list[seq_id]

    def _frame_path(self, seq_id: int, frame_id: int) -> Path:
        raise NotImplementedError

    def _object_meta(self, seq_id: int) -> dict[str, str | None]:
        raise NotImplementedError

    def _sequences_by_class(self, classes: Sequence[str | None]) -> dict[str | None, list[int]]:
        by_class: dict[str | None, list[int]] = {}
        for seq_id, name in enumerate(classes):
            by_class.setdefault(name, []).append(seq_id)
        return by_class


def object_meta(object_class_name: str | None = None, motion_class: str | None = None, major_class: str | None = None,
                root_class: str | None = None, motion_adverb: str | None = None) -> dict[str, str | None]:
    """The facts about an object that GOT-10k knows; the other datasets know its class at most."""
    return {"object_class_name": object_class_name, "motion_class": motion_class, "major_class": major_class,
            "root_class": root_class, "motion_adverb": motion_adverb}
