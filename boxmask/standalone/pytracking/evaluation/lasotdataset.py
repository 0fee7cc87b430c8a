"""LaSOT for evaluation."""

from __future__ import annotations

import numpy as np

from pytracking.evaluation import framefiles
from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList
from pytracking.utils.load_text import load_text


class LaSOTDataset(BaseDataset):
    """The 280 test sequences of LaSOT (Fan et al., arXiv 1809.07845), protocol II.

    `<lasot_path>/{testing_set.txt, <class>/<class>-<n>/{img/%08d.jpg, groundtruth.txt, full_occlusion.txt,
    out_of_view.txt}}`; testing_set.txt comes with the dataset's toolkit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.base_path = framefiles.dataset_folder("lasot", "lasot_path", self.env_settings.lasot_path)
        self.sequence_list = framefiles.names_in("lasot", self.base_path / "testing_set.txt")

    def __len__(self) -> int:
        return len(self.sequence_list)

    def get_sequence_list(self) -> SequenceList:
        """The sequences, in the order of testing_set.txt."""
        return SequenceList(self._construct_sequence(name) for name in self.sequence_list)

    def _construct_sequence(self, name: str) -> Sequence:
        object_class = name.rsplit("-", 1)[0]
        folder = self.base_path / object_class / name
        boxes = framefiles.boxes_in("lasot", name, folder / "groundtruth.txt")
        frames = framefiles.frames_in("lasot", name, folder / "img")
        framefiles.require_as_many("lasot", name, boxes, frames, folder / "groundtruth.txt")
        hidden = [load_text(folder / flags).ravel() != 0 for flags in ("full_occlusion.txt", "out_of_view.txt")]
        return Sequence(name, frames, "lasot", boxes, object_class=object_class,
                        target_visible=~np.logical_or(*hidden))
