"""Checkpoints, which torch reads since 2.6 without the classes that pytracking pickles into them."""

from __future__ import annotations

import importlib
import io
import os
import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch.serialization import safe_globals

from boxmask.compat.arrays import WithMore
from boxmask.compat.mend import mends

# torch's own switch for files that one trusts.
TRUST_VARIABLE = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
# `dlframework` is what `ltr` was called when the oldest published networks were trained.
_OLD, _NEW = "dlframework.common.utils.", "ltr.admin."
_PACKAGES = ("ltr.", "pytracking.", "dlframework.")
_CLASSES = ("model_constructor.NetConstructor", "settings.Settings", "local.EnvironmentSettings",
            "stats.AverageMeter", "stats.StatValue")
# Where the functions are that a file may name, and how many values it may hand to them.
_MODELS, _MOST_ARGUMENTS = "ltr.models.", 10_000
_OUR_CONSTRUCTOR = "ltr.models.boxmask.config.Constructor"


class Attributes:
    """Takes the place of a pickled object of a class that need not be run: has its attributes and does nothing."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        pass


@mends("B2", "ltr.admin.loading")
def checkpoints_with_settings(module: ModuleType) -> bool:
    """`torch_load_legacy`, which `load_network` and the trainer call, and `load_weights` give way to `read`."""
    if _torch_reads_objects():
        return False

    def load_weights(net: torch.nn.Module, path: str | os.PathLike[str], strict: bool = True) -> torch.nn.Module:
        net.load_state_dict(read(path)["net"], strict=strict)
        return net

    module.torch_load_legacy = read
    module.load_weights = load_weights
    return True


@mends("B2", "ltr.train_settings.lwl.lwl_stage1")
def weights_of_mask_rcnn(module: ModuleType) -> bool:
    """These train settings call `torch.load` themselves, on a file that comes from a machine with a GPU."""
    if _torch_reads_objects():
        return False
    module.torch = WithMore(torch, load=read)
    return True


def read(path: str | os.PathLike[str]) -> Any:
    """The content of a checkpoint file, tensors on the CPU.

    torch makes tensors, plain values, pytracking's own few classes and, for other classes of `ltr` and `pytracking`,
    `Attributes`; nothing in the file is run. Raises pickle.UnpicklingError for a file that asks for more.
    """
    path = Path(path).expanduser()
    # For this call alone: other readers of checkpoints have other objects under the same names.
    known = _known()
    while True:
        try:
            with safe_globals(known):
                content = torch.load(path, map_location="cpu")
            _require_own_constructor(path, content)
            return content
        except pickle.UnpicklingError as error:
            named = re.search(r"GLOBAL (\S+)", str(error))
            other = named[1] if named is not None else ""
            if not other.startswith(_PACKAGES) or any(name == other for _, name in known):
                reason = " ".join(str(error.__context__ or error).split()).split(". ")[0].rstrip(".")
                raise pickle.UnpicklingError(
                    f"refused to load {path}: {reason}. Tensors, plain values and classes of pytracking are read "
                    f"from a checkpoint; if you trust its origin, {TRUST_VARIABLE}=1 reads everything") from error
            known.append((_found(other) if other == _OUR_CONSTRUCTOR else Attributes, other))


def _require_own_constructor(path: Path, content: Any) -> None:
    """`load_network` calls whatever function a file names: it has to be one of `ltr.models`, called with plain values.

    An object from a file may pretend to be a network, and a function of `ltr.models` may write one to a file.
    """
    record = content.get("constructor") if isinstance(content, dict) else None
    if record is None or os.environ.get(TRUST_VARIABLE) == "1":
        return
    module = str(getattr(record, "fun_module", _MODELS)).removeprefix("dlframework.")
    if not module.startswith(_MODELS):
        raise ValueError(f"refused to load {path}: it names {module}.{record.fun_name} as the function that makes its "
                         "network, and only those of ltr.models are called; if you trust its origin, set "
                         f"{TRUST_VARIABLE}=1")
    if not _is_plain([getattr(record, "args", ()), getattr(record, "kwds", {})]):
        raise ValueError(f"refused to load {path}: the function that makes its network would be called with more than "
                         f"numbers, texts and lists of these; if you trust its origin, set {TRUST_VARIABLE}=1")


def _is_plain(value: Any) -> bool:
    """Whether a value is of numbers and texts alone, and few enough of them."""
    left, seen = [value], 0
    while left and seen + len(left) <= _MOST_ARGUMENTS:
        value = left.pop()
        seen += 1
        if isinstance(value, (list, tuple)):
            left += value
        elif isinstance(value, dict):
            left += [*value, *value.values()]
        elif not isinstance(value, (bool, int, float, str, type(None))):
            return False
    return not left


def _torch_reads_objects() -> bool:
    file = io.BytesIO()
    torch.save(Attributes(), file)
    file.seek(0)
    try:
        torch.load(file)
    except pickle.UnpicklingError:
        return False
    return True


def _known() -> list[tuple[Callable[..., Any], str]]:
    """What may be made, and its name in the file."""
    known: list[tuple[Callable[..., Any], str]] = []
    for name in _CLASSES:
        module, _, kind = name.rpartition(".")
        # local is taken as it is: an error in that file of the user must not keep a checkpoint from being read.
        paths = getattr(sys.modules.get("ltr.admin.local"), kind, Attributes)
        known += [(paths if module == "local" else _found(_NEW + name), f"{prefix}{name}") for prefix in (_NEW, _OLD)]
    # Paths of another system cannot be made on this one.
    known += [(Path, f"{module}.{kind}") for module in ("pathlib", "pathlib._local")
              for kind in ("Path", "PosixPath", "WindowsPath")]
    multiarray = np._core.multiarray if hasattr(np, "_core") else np.core.multiarray
    known += [(getattr(multiarray, name), f"numpy.{package}.multiarray.{name}")
              for name in ("scalar", "_reconstruct") for package in ("core", "_core")]
    types = {type(np.dtype(kind)) for kind in "?bhilqBHILQefd"}
    known += [(kind, f"{kind.__module__}.{kind.__qualname__}") for kind in (np.dtype, np.ndarray, *types)]
    return known


def _found(name: str) -> type:
    module, _, kind = name.rpartition(".")
    return getattr(importlib.import_module(module), kind)
