"""GOT-10k for evaluation."""

from __future__ import annotations

from pytracking.evaluation import framefiles
from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList


class GOT10KDataset(BaseDataset):
    """GOT-10k (Huang et al., arXiv 1810.11981): `<got10k_path>/<split>/{list.txt, <seq>/{%08d.jpg, groundtruth.txt}}`.

    split: 'val', or 'test', where only the first box of a sequence is known.
    """

    def __init__(self, split: str) -> None:
        super().__init__()
        self._name = f"got10k_{split}"
        self.base_path = framefiles.dataset_folder(self._name, "got10k_path", self.env_settings.got10k_path) / split
        self.sequence_list = framefiles.names_in(self._name, self.base_path / "list.txt")
        self._all_boxes_known = split != "test"

    def __len__(self) -> int:
        return len(self.sequence_list)

    def get_sequence_list(self) -> SequenceList:
        """The sequences, in the order of list.txt."""
        return SequenceList(self._construct_sequence(name) for name in self.sequence_list)

    def _construct_sequence(self, name: str) -> Sequence:
        folder = self.base_path / name
        boxes = framefiles.boxes_in(self._name, name, folder / "groundtruth.txt")
        frames = framefiles.frames_in(self._name, name, folder)
        if self._all_boxes_known:
            framefiles.require_as_many(self._name, name, boxes, frames, folder / "groundtruth.txt")
        return Sequence(name, frames, "got10k", boxes)
