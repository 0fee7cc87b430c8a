"""Running trackers on datasets."""

from pytracking.evaluation.data import BaseDataset, Sequence, SequenceList
from pytracking.evaluation.datasets import get_dataset
from pytracking.evaluation.tracker import Tracker, trackerlist

__all__ = ["BaseDataset", "Sequence", "SequenceList", "Tracker", "get_dataset", "trackerlist"]
