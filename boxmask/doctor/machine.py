"""Python, PyTorch, device, processor cores, and the folders that results go to."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from boxmask.doctor.report import ERROR, OK, WARNING, Line, import_line

_OLDEST_TORCH = (2, 6)
# A checkpoint of the paper's network with its optimizer is about a third of a gigabyte, and every epoch's is kept.
_ROOM = 30
_GIGA = 1024**3


def versions() -> Iterator[Line]:
    """The versions of Python and of what boxmask computes with."""
    try:
        import cv2
        import numpy
        import torch
    except ImportError as error:
        yield import_line("python", error)
        return
    too_old = tuple(int(part) for part in torch.__version__.split(".")[:2]) < _OLDEST_TORCH
    yield Line(ERROR if too_old else OK, "python", f"Python {platform.python_version()}, torch {torch.__version__}, "
               f"NumPy {numpy.__version__}, OpenCV {cv2.__version__}",
               f"torch {'.'.join(map(str, _OLDEST_TORCH))} or newer is needed: pip install -U torch" if too_old else "")


def hardware() -> Iterator[Line]:
    """GPUs and processors."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count:
        names = [f"{torch.cuda.get_device_name(index)} "
                 f"({torch.cuda.get_device_properties(index).total_memory / _GIGA:.0f} GiB)" for index in range(count)]
        yield Line(OK, "device", ", ".join(names))
    elif torch.version.cuda:
        yield Line(WARNING, "device", f"no GPU is to be seen, and torch is built for CUDA {torch.version.cuda}",
                   "see whether nvidia-smi finds one; training of the paper's network is slow without")
    else:
        yield Line(OK, "device", "CPU; enough for boxmask_lite, slow for the paper's network")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Line(OK, "cores", f"{usable} of {os.cpu_count()} can be used, torch takes {torch.get_num_threads()}")


def workspace(paths: SimpleNamespace) -> Iterator[Line]:
    """Where checkpoints go: without it there is no training."""
    if not paths.workspace_dir:
        yield Line(WARNING, "workspace_dir", f"not set: checkpoints would go to {Path.cwd()}",
                   "set workspace_dir in local.py, or BOXMASK_WORKSPACE_DIR")
    yield _output("workspace_dir", paths.workspace_dir, ERROR)


def tensorboard(paths: SimpleNamespace) -> Iterator[Line]:
    """Where training writes its curves, if that is not in the workspace: where it cannot, training ends."""
    folder = paths.tensorboard_dir
    if folder and not _full(folder).is_relative_to(_full(paths.workspace_dir)):
        yield _output("tensorboard_dir", folder, ERROR)


def results(paths: SimpleNamespace) -> Iterator[Line]:
    """Where boxes and masks of trackers go."""
    for name in ("results_path", "segmentation_path"):
        if getattr(paths, name, ""):
            yield _output(name, getattr(paths, name), WARNING)


def _full(folder: str) -> Path:
    return Path(folder).expanduser().absolute()


def _output(name: str, folder: str, status: str) -> Line:
    path = _full(folder)
    # Not there is fine: training makes it, if its parent lets it.
    standing = next(place for place in (path, *path.parents) if os.path.lexists(place))
    if not standing.is_dir():
        return Line(status, name, f"{path}: {standing} is no folder", f"name another folder in local.py or "
                                                                      f"BOXMASK_{name.upper()}")
    if not os.access(standing, os.W_OK | os.X_OK):
        return Line(status, name, f"{path}: {standing} cannot be written to",
                    f"name another folder in local.py or BOXMASK_{name.upper()}")
    free = shutil.disk_usage(standing).free / _GIGA
    text = f"{path}{'' if standing == path else ' (will be made)'}, {free:.0f} GiB free"
    if name == "workspace_dir" and free < _ROOM:
        return Line(WARNING, name, text, f"the checkpoints of a whole `boxmask default` take about {_ROOM} GiB")
    return Line(OK, name, text)
