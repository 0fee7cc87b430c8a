"""Checkpoint files of a run: written whole or not at all, found again, read with a fallback."""

from __future__ import annotations

import errno
import io
import logging
import os
import re
from pathlib import Path
from typing import Any

import torch

from ltr.admin.safe_load import CheckpointError, CorruptCheckpointError, read_checkpoint, unsafe_names

_log = logging.getLogger(__name__)


def checkpoint_path(directory: Path, net_type: str, epoch: int) -> Path:
    """`<directory>/<NetClass>_ep<epoch, four digits>.pth.tar`."""
    return directory / f"{net_type}_ep{epoch:04d}.pth.tar"


def checkpoint_files(directory: Path, net_type: str) -> list[Path]:
    """The checkpoints of a network class in a folder, the newest last."""
    pattern = re.compile(re.escape(net_type) + r"_ep(\d+)\.pth\.tar")
    matches = [pattern.fullmatch(path.name) for path in directory.glob(f"{net_type}_ep*.pth.tar")]
    by_epoch = {int(match[1]): directory / match[0] for match in matches if match}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Writes a checkpoint that is either whole or not there, also when the process is killed or the disk is full.

    Raises OSError naming the file, or CheckpointError for content that `read_checkpoint` would refuse to read back.
    """
    # Serialised in memory first: torch's own writer turns a full disk into errors without a reason.
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    refused = unsafe_names(buffer)
    if refused:
        raise CheckpointError(f"{path} was not written: it would hold objects of {', '.join(refused)}, which are not "
                              "read back from a checkpoint; keep plain values in net.info and constructor arguments")
    temporary = path.with_name(path.name.removesuffix(".pth.tar") + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(buffer.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise type(error)(error.errno, f"cannot write the checkpoint: {error.strerror}", str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def make_writable(folder: Path, variable: str) -> None:
    """Makes a folder for what a run writes. Raises OSError naming it and the variable that names another place."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise type(error)(error.errno, f"a training cannot be written there ({error.strerror}); name another place "
                                       f"with {variable}", str(folder)) from error


def read_newest(directory: Path, net_type: str) -> tuple[Path, dict[str, Any]] | None:
    """The newest checkpoint that is whole, and its content; None where there are no checkpoints at all.

    A damaged one (a disk that was full, a machine that lost power) is named in a warning and the one before it is
    taken. Raises CorruptCheckpointError if every one is damaged: training must not silently start anew over them.
    """
    files = checkpoint_files(directory, net_type)
    for path in reversed(files):
        try:
            return path, read_checkpoint(path)
        except CorruptCheckpointError as error:
            _log.warning("%s; trying the checkpoint before it", error)
    if files:
        raise CorruptCheckpointError(f"all {len(files)} checkpoints in {directory} are damaged; remove them to start "
                                     "anew")
    return None


def remove_older(directory: Path, net_type: str, keep: int) -> None:
    """Removes all but the `keep` newest checkpoints."""
    for path in checkpoint_files(directory, net_type)[:-keep]:
        path.unlink(missing_ok=True)


def plain_settings(settings: Any) -> Any:
    """A copy of a settings object with values that any program can read back; others become their text."""
    copy = object.__new__(type(settings))
    vars(copy).update({name: _plain(value) for name, value in vars(settings).items()})
    return copy


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str, bytes, torch.Tensor)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value] if isinstance(value, list) else tuple(_plain(item) for item in value)
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if type(value).__module__ == "ltr.admin.local":
        return plain_settings(value)
    return str(value)
