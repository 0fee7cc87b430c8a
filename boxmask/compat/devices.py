"""Machines without a GPU, for which pytracking's parameter files make no provision."""

from __future__ import annotations

import logging
from types import ModuleType
from typing import Any

import torch

from boxmask.compat.mend import mends

_log = logging.getLogger(__name__)


@mends("use_gpu", "pytracking.utils.params", "pytracking.features.net_wrappers")
def trackers_on_the_cpu(module: ModuleType) -> bool:
    """Parameter files say `use_gpu = True` whatever there is. Where there is no CUDA, it becomes False in the
    parameters and in the networks that they name, with one warning.
    """
    if torch.cuda.is_available():
        return False
    for name in ("TrackerParams", "NetWrapper"):
        if hasattr(module, name):
            getattr(module, name).__setattr__ = _without_gpu
    return True


def _without_gpu(self: object, name: str, value: Any) -> None:
    if name == "use_gpu" and value:
        _warn_once()
        value = False
    object.__setattr__(self, name, value)


_warned = False


def _warn_once() -> None:
    global _warned
    if not _warned:
        _log.warning("use_gpu is on and this machine has no CUDA device: the tracker runs on the CPU")
    _warned = True
