"""OTB-2015 for evaluation."""

from __future__ import annotations

from pathlib import Path

from pytracking.evaluation import framefiles
from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList

# The first annotated frame where that is not the first image: facts of the dataset.
_FIRST_FRAME = {"BlurCar1": 247, "BlurCar3": 3, "BlurCar4": 18, "David": 300}
# Frames at the start that the benchmark leaves out.
_LEFT_OUT = {"Tiger1": 5}


class OTBDataset(BaseDataset):
    """OTB-2015 (Wu et al., PAMI 2015): `<otb_path>/<Seq>/{img/%04d.jpg, groundtruth_rect.txt}`.

    Every sequence folder that is there is used. One with several targets has groundtruth_rect.1.txt and so on, and
    gives the sequences <Seq>_1 and so on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.base_path = framefiles.dataset_folder("otb", "otb_path", self.env_settings.otb_path)
        self._annotations = sorted(self.base_path.glob("*/groundtruth_rect*.txt"))
        if not self._annotations:
            raise FileNotFoundError(f"otb: there are no files <sequence>/groundtruth_rect.txt in {self.base_path}")

    def __len__(self) -> int:
        return len(self._annotations)

    def get_sequence_list(self) -> SequenceList:
        """The sequences, by name."""
        return SequenceList(self._construct_sequence(path) for path in self._annotations)

    def _construct_sequence(self, path: Path) -> Sequence:
        folder = path.parent
        number = path.name.removeprefix("groundtruth_rect").removesuffix(".txt").lstrip(".")
        name = f"{folder.name}_{number}" if number else folder.name
        boxes = framefiles.boxes_in("otb", name, path)
        first = _FIRST_FRAME.get(folder.name, 0)
        frames = [frame for frame in framefiles.frames_in("otb", name, folder / "img")
                  if framefiles.frame_number(Path(frame)) >= first][:len(boxes)]
        framefiles.require_as_many("otb", name, boxes, frames, path)
        left_out = _LEFT_OUT.get(folder.name, 0)
        return Sequence(name, frames[left_out:], "otb", boxes[left_out:])
