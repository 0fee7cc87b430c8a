"""Names that Python, NumPy and torch have taken away."""

from __future__ import annotations

import collections
import collections.abc
import re
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import torch

from boxmask.compat.mend import mends


class WithMore(ModuleType):
    """A module as another module sees it: with a few more names."""

    def __init__(self, module: ModuleType, **names: Any) -> None:
        super().__init__(module.__name__)
        self.__dict__.update(names)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@mends("B8", "pytracking.analysis.vos_utils", "pytracking.utils.plotting", "pytracking.evaluation.lagotdataset")
def numpy_has_int_and_bool(module: ModuleType) -> bool:
    """NumPy 1.24 took `np.int` away, and `np.bool` until 2.0; given back to the modules that use them alone."""
    missing = {kind.__name__: kind for kind in (int, bool) if not hasattr(np, kind.__name__)}
    if not missing or module.np is not np:
        return False
    module.np = WithMore(np, **missing)
    return True


@mends("B9", "ltr.data.loader")
def collections_has_mapping(module: ModuleType) -> bool:
    """Python 3.10 moved `collections.Mapping` and `Sequence` for good; batches of dicts and lists need them."""
    if hasattr(module.collections, "Mapping"):
        return False
    module.collections = WithMore(collections, Mapping=collections.abc.Mapping, Sequence=collections.abc.Sequence)
    return True


@mends("B10", "ltr.data.loader")
def batches_of_numpy_values(module: ModuleType) -> bool:
    """The loader finds `re` and a table of tensor types in `torch.utils.data.dataloader`, where they were once."""
    dataloader = torch.utils.data.dataloader
    missing = {name: value for name, value in (("re", re), ("numpy_type_map", _TENSOR_TYPES))
               if not hasattr(dataloader, name)}
    for name, value in missing.items():
        setattr(dataloader, name, value)
    return bool(missing)


@mends("B11", "ltr.data.loader")
def quiet_collation(module: ModuleType) -> bool:
    """Workers collate into shared memory in a way that torch warns about, twice in every worker of every epoch; what
    comes out is right.
    """
    if not hasattr(module, "_check_use_shared_memory"):
        return False
    warnings.filterwarnings("ignore", message="TypedStorage is deprecated", category=UserWarning)
    warnings.filterwarnings("ignore", message="An output with one or more elements was resized", category=UserWarning)
    return True


_TENSOR_TYPES = {
    "float64": torch.DoubleTensor, "float32": torch.FloatTensor, "float16": torch.HalfTensor,
    "int64": torch.LongTensor, "int32": torch.IntTensor, "int16": torch.ShortTensor, "int8": torch.CharTensor,
    "uint8": torch.ByteTensor,
}
