"""Datasets by name. Others may add theirs to `dataset_dict`."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

from pytracking.evaluation.data import SequenceList


class DatasetInfo(NamedTuple):
    """The class of a dataset and the arguments it is made with."""

    module: str
    class_name: str
    kwargs: dict[str, Any]


dataset_dict: dict[str, DatasetInfo] = {
    "otb": DatasetInfo("pytracking.evaluation.otbdataset", "OTBDataset", {}),
    "got10k_test": DatasetInfo("pytracking.evaluation.got10kdataset", "GOT10KDataset", {"split": "test"}),
    "got10k_val": DatasetInfo("pytracking.evaluation.got10kdataset", "GOT10KDataset", {"split": "val"}),
    "lasot": DatasetInfo("pytracking.evaluation.lasotdataset", "LaSOTDataset", {}),
    "trackingnet": DatasetInfo("pytracking.evaluation.trackingnetdataset", "TrackingNetDataset", {}),
    "dv2016_val": DatasetInfo("ltr.dataset.davis", "Davis", {"version": "2016", "split": "val"}),
    "dv2017_val": DatasetInfo("ltr.dataset.davis", "Davis", {"version": "2017", "split": "val"}),
    "yt2019_jjval": DatasetInfo("ltr.dataset.youtubevos", "YouTubeVOS",
                                {"version": "2019", "split": "jjvalid", "cleanup": ["starts"]}),
}


def load_dataset(name: str, **kwargs: Any) -> Any:
    """Makes one dataset; raises ValueError for an unknown name or one whose folder is not configured."""
    info = dataset_dict.get(name.lower())
    if info is None:
        raise ValueError(f"there is no dataset {name!r}; there are: {', '.join(sorted(dataset_dict))}")
    return getattr(importlib.import_module(info.module), info.class_name)(**info.kwargs, **kwargs)


def get_dataset(*args: str, **kwargs: Any) -> SequenceList:
    """The sequences of the named datasets, one after the other."""
    return SequenceList(sequence for name in args for sequence in load_dataset(name, **kwargs).get_sequence_list())
