"""Reading checkpoints without running what is in them, and none that is damaged.

A checkpoint is a pickle, and a pickle can run any command. `read_checkpoint` lets torch's restricted unpickler make
tensors, plain values, a few named classes, and inert stand-ins for other classes of `ltr`; anything else is refused.
"""

from __future__ import annotations

import errno
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from ltr.admin.local import EnvironmentSettings
from ltr.admin.model_constructor import NetConstructor
from ltr.admin.settings import Settings
from ltr.admin.stats import AverageMeter, StatValue

# First bytes of what torch.save has written over the years: a zip archive, a pickle (torch < 1.6), a tar (torch < 0.4).
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_NO_MEMORY = "can't allocate memory"


class CheckpointError(ValueError):
    """A checkpoint file cannot be used; says which one and why."""


class CorruptCheckpointError(CheckpointError):
    """The file is truncated or is no checkpoint at all."""


class UnsafeCheckpointError(CheckpointError):
    """The file asks for something other than tensors, plain values and known classes."""


class StandIn:
    """Takes the place of an object of a class that is not needed: holds its attributes and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of a checkpoint file, tensors on the CPU.

    Raises FileNotFoundError, CorruptCheckpointError or UnsafeCheckpointError.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    _require_whole(path)
    try:
        with safe_globals([*_KNOWN, *_others_of_ltr(path)]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch wraps the reason into advice on how to switch the check off.
        reason = _first_sentence(error.__context__ or error)
        raise UnsafeCheckpointError(f"refused to load {path}: {reason}. Only tensors, plain values and "
                                    "pytracking's own classes are read from a checkpoint") from error
    except OSError:
        raise
    except Exception as error:  # a file cut short ends in an error of any kind
        if isinstance(error, MemoryError) or _NO_MEMORY in str(error):  # as a whole file does on a full machine
            raise CheckpointError(f"{path} needs more memory than there is") from error
        raise CorruptCheckpointError(f"{path} is damaged ({_first_sentence(error)})") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}; a checkpoint is a dict with the key 'net'")
    return content


def unsafe_names(checkpoint: Any) -> list[str]:
    """The names of classes in a checkpoint (a path or a binary file) that `read_checkpoint` would refuse."""
    known = {name for _, name in _KNOWN}
    return [name for name in get_unsafe_globals_in_checkpoint(checkpoint)
            if name not in known and not name.startswith("ltr.")]


def _require_whole(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(4)
    if start == _ZIP and _is_archive(path):
        _require_stored(path)
        _require_right_sums(path)
        return
    if start.startswith(_PICKLE):
        return
    reason = "its end is missing" if start == _ZIP else "it is empty" if not start else "it is no checkpoint"
    raise CorruptCheckpointError(f"{path} is damaged ({reason}, {path.stat().st_size} bytes)")


def _is_archive(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # it has an archive's end, and that is broken
        return False


def _require_stored(path: Path) -> None:
    """torch.save stores tensors as they are, so that no file is smaller than what it unpacks to: others are refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise CorruptCheckpointError(f"{path} is damaged ({_first_sentence(error)})") from error
    if (any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
            or sum(entry.file_size for entry in entries) > path.stat().st_size):
        raise UnsafeCheckpointError(f"refused to load {path}: it unpacks to more than its size, which no checkpoint "
                                    "does")


def _require_right_sums(path: Path) -> None:
    """torch does not look at an archive's checksums: what a disk has lost or zeroed would be weights like others."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except Exception as error:  # an entry whose place or name is wrong ends in an error of any kind
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # not of a place before the file's start
            raise
        raise CorruptCheckpointError(f"{path} is damaged ({_first_sentence(error)})") from error
    if damaged is not None:
        raise CorruptCheckpointError(f"{path} is damaged (the checksum of {damaged} is wrong)")


def _others_of_ltr(path: Path) -> list[tuple[Callable[..., Any], str]]:
    """Stand-ins for the classes of `ltr` that a file mentions; one of `ltr.models` can only be a network's record."""
    if not _is_archive(path):
        return []
    known = {name for _, name in _KNOWN}
    return [(NetConstructor if name.startswith("ltr.models.") else StandIn, name)
            for name in get_unsafe_globals_in_checkpoint(path) if name.startswith("ltr.") and name not in known]


def _first_sentence(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text.split(". ")[0].rstrip(".")


def _known_names() -> list[tuple[Callable[..., Any], str]]:
    ours = [(NetConstructor, "model_constructor"), (Settings, "settings"), (EnvironmentSettings, "local"),
            (AverageMeter, "stats"), (StatValue, "stats")]
    # `dlframework` is what `ltr` was called when the oldest published networks were trained.
    names = [(cls, f"{package}.{module}.{cls.__name__}") for cls, module in ours
             for package in ("ltr.admin", "dlframework.common.utils")]
    names += [(Path, f"{module}.{cls}") for module in ("pathlib", "pathlib._local")
              for cls in ("Path", "PosixPath", "WindowsPath")]
    multiarray = np.core.multiarray if int(np.__version__.split(".")[0]) < 2 else np._core.multiarray
    names += [(getattr(multiarray, function), f"numpy.{package}.multiarray.{function}")
              for package in ("core", "_core") for function in ("scalar", "_reconstruct")]
    names += [(np.dtype, "numpy.dtype"), (np.ndarray, "numpy.ndarray")]
    numbers = [np.dtype(kind) for kind in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
                                           "uint64", "float16", "float32", "float64")]
    names += [(type(dtype), f"{type(dtype).__module__}.{type(dtype).__name__}") for dtype in numbers]
    return names


_KNOWN = _known_names()
