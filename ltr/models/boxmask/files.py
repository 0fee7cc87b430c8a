"""Reading checkpoint files without running anything they say.

`.safetensors` is data. A `.pth.tar` of pytracking is a pickle: it is read with `weights_only=True`, and the few classes
that pytracking pickles with its networks become `_Inert` objects that take their attributes and do nothing. Any other
global is refused.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import reprlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

CONSTRUCTOR_KEY = "constructor"
_SIZE_OF_LENGTH = 8  # a safetensors file starts with the length of its JSON header
_LONGEST_NAME = 200


class CheckpointError(ValueError):
    """A checkpoint that cannot be used: what is wrong with which file, and what to do, in one line."""


@dataclass(frozen=True)
class StoredConstructor:
    """What a file says made its network. Nothing here has been checked or called."""

    module: str
    function: str
    args: tuple[Any, ...]
    keywords: dict[str, Any]


@dataclass(frozen=True)
class StoredNetwork:
    """Contents of a file: tensors by name, and the constructor if the file names one."""

    state: dict[str, Tensor]
    constructor: StoredConstructor | None


class _Inert:
    """Takes the place of a pickled object; whatever it is made or restored with is stored or dropped, never run."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)


class _InertConstructor(_Inert):
    """pytracking's `NetConstructor`, or ours."""


# Statistics hold numpy numbers, whose module NumPy 2 renamed; settings may hold paths, as Python 3.13 did theirs.
_STAND_INS = {
    "ltr.admin.model_constructor.NetConstructor": _InertConstructor,
    "ltr.models.boxmask.config.Constructor": _InertConstructor,
    **dict.fromkeys((
        "ltr.admin.settings.Settings", "ltr.admin.local.EnvironmentSettings",
        "ltr.admin.environment.EnvironmentSettings", "ltr.admin.stats.AverageMeter", "ltr.admin.stats.StatValue",
        "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype",
        "pathlib.PosixPath", "pathlib.WindowsPath", "pathlib._local.PosixPath", "pathlib._local.WindowsPath",
    ), _Inert),
}


def read(path: str | os.PathLike[str]) -> StoredNetwork:
    """The tensors and the constructor of a `.safetensors` file, a checkpoint of ltr, or a plain state dict."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint file; name a .pth.tar or .safetensors file that is there")
    with open(path, "rb") as file:
        start = file.read(_SIZE_OF_LENGTH + 1)
    if start[_SIZE_OF_LENGTH:] == b"{":
        return _read_safetensors(path)
    if start.startswith((b"PK", b"\x80")):
        return _read_torch(path)
    raise CheckpointError(f"{path}: neither a .safetensors file nor one written by torch.save; check the download")


def _read_safetensors(path: Path) -> StoredNetwork:
    # Imported here, so that the networks alone need nothing but torch.
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 -- not a dict
    except SafetensorError as error:
        raise CheckpointError(f"{path}: damaged .safetensors file ({first_line(error)}); copy or download it again"
                              ) from error
    if CONSTRUCTOR_KEY not in metadata:
        return StoredNetwork(state, None)
    try:
        record = json.loads(metadata[CONSTRUCTOR_KEY])
        constructor = StoredConstructor(str(record["module"]), str(record["function"]), (), dict(record["keywords"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{path}: its record of the constructor cannot be read ({first_line(error)}); "
                              "load its weights into a network of your own with load_weights") from error
    return StoredNetwork(state, constructor)


def _read_torch(path: Path) -> StoredNetwork:
    _require_whole(path)
    stand_ins = [(stand_in, name) for name, stand_in in _STAND_INS.items()]
    try:
        with torch.serialization.safe_globals(stand_ins):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)|Trying to instantiate unsafe class <class '(\S+)'>", str(error))
        if named is None:  # torch wraps the reason into advice on how to switch the check off
            raise CheckpointError(_damaged(path, error.__context__ or error)) from error
        raise CheckpointError(f"{path}: refused, because reading it would run {named[1] or named[2]}, which no "
                              "checkpoint of these networks has; do not open it elsewhere unless you trust its origin"
                              ) from error
    except Exception as error:  # a damaged pickle can fail in any way; all mean the same to the user
        raise CheckpointError(_damaged(path, error)) from error
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path}: holds a {type(content).__name__}, not a network's parameters")
    state = content.get("net", content)
    if not isinstance(state, Mapping) or not state or not all(isinstance(v, Tensor) for v in state.values()):
        raise CheckpointError(f"{path}: holds neither a network under the key 'net' nor parameters alone; "
                              f"its keys are {', '.join(map(said, list(content)[:10]))}")
    return StoredNetwork({str(name): value for name, value in state.items()}, _constructor(content, path))


def _require_whole(path: Path) -> None:
    """torch.save stores tensors as they are, so that no file is smaller than what it unpacks to: others are refused.

    And torch does not look at checksums: what a disk or a download has lost would be weights like others.
    """
    try:
        if not zipfile.is_zipfile(path):
            return  # an older form, or damaged
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            is_stored = (all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
                         and sum(entry.file_size for entry in entries) <= path.stat().st_size)
            damaged = archive.testzip() if is_stored else None
    except Exception as error:  # an entry whose place or name is wrong ends in an error of any kind
        raise CheckpointError(_damaged(path, error)) from error
    if not is_stored:
        raise CheckpointError(f"{path}: refused, because it unpacks to more than its size, which no checkpoint does; "
                              "do not open it elsewhere unless you trust its origin")
    if damaged is not None:
        raise CheckpointError(_damaged(path, ValueError(f"the checksum of {damaged} is wrong")))


def _constructor(content: Mapping[str, Any], path: Path) -> StoredConstructor | None:
    stored = content.get(CONSTRUCTOR_KEY)
    if stored is None or isinstance(stored, Tensor):
        return None
    if not isinstance(stored, _InertConstructor):
        raise CheckpointError(f"{path}: its constructor is a {type(stored).__name__}, not a NetConstructor; "
                              "load its weights into a network of your own with load_weights")
    fields = vars(stored)
    module, function = fields.get("fun_module"), fields.get("fun_name")
    args, keywords = fields.get("args", ()), fields.get("kwds", {})
    if not (isinstance(module, str) and isinstance(function, str) and isinstance(args, tuple | list)
            and isinstance(keywords, dict)):
        raise CheckpointError(f"{path}: its NetConstructor is incomplete; "
                              "load its weights into a network of your own with load_weights")
    return StoredConstructor(module, function, tuple(args), keywords)


def _damaged(path: Path, error: BaseException) -> str:
    return f"{path}: damaged or truncated checkpoint ({first_line(error)}); copy or download it again"


def said(name: object) -> str:
    """A name from a file for an error message: as it is, or as `shown` if that would fill or spoil the message."""
    return name if isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST_NAME else shown(name)


def shown(value: object) -> str:
    """A value from a file as Python writes it, cut short: a small file may hold a value of any length."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # a number with thousands of digits
        return f"a {type(value).__name__}"


def _short() -> reprlib.Repr:
    short = reprlib.Repr()
    short.maxlevel, short.maxstring, short.maxother = 2, _LONGEST_NAME, _LONGEST_NAME
    return short


_SHORT = _short()


def first_line(error: BaseException) -> str:
    """The first line of what an error says, printable and cut short."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0][:_LONGEST_NAME]
    return "".join(letter if letter.isprintable() else "?" for letter in text)
