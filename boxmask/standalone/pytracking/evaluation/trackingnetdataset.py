"""TrackingNet for evaluation."""

from __future__ import annotations

from pytracking.evaluation import framefiles
from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList


class TrackingNetDataset(BaseDataset):
    """The test set of TrackingNet (Mueller et al., ECCV 2018).

    `<trackingnet_path>/TEST/{anno/<seq>.txt, frames/<seq>/%d.jpg}`, %d from 0. Only the first box of a sequence is
    known.
    """

    def __init__(self) -> None:
        super().__init__()
        self.base_path = framefiles.dataset_folder("trackingnet", "trackingnet_path",
                                                   self.env_settings.trackingnet_path) / "TEST"
        self.sequence_list = sorted(path.stem for path in (self.base_path / "anno").glob("*.txt"))
        if not self.sequence_list:
            raise FileNotFoundError(f"trackingnet: there are no annotation files in {self.base_path / 'anno'}")

    def __len__(self) -> int:
        return len(self.sequence_list)

    def get_sequence_list(self) -> SequenceList:
        """The sequences, by name."""
        return SequenceList(self._construct_sequence(name) for name in self.sequence_list)

    def _construct_sequence(self, name: str) -> Sequence:
        boxes = framefiles.boxes_in("trackingnet", name, self.base_path / "anno" / f"{name}.txt")
        frames = framefiles.frames_in("trackingnet", name, self.base_path / "frames" / name)
        return Sequence(name, frames, "trackingnet", boxes)
