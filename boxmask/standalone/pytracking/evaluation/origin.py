"""What made the results in a folder, in a small file beside them, so that those of another network are not reused.

pytracking skips a sequence that has results, whatever they came from. Shared with what mends a checkout's evaluation.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from boxmask import __version__
from boxmask.weights import checksum
from pytracking.evaluation.environment import env_settings

_log = logging.getLogger(__name__)
FILE = "origin.json"
# What may differ between runs that go on with each other's results.
_PASSING = ("debug", "visualization", "use_gpu", "device")
_DEEPEST = 8
_LARGEST = 4096  # numbers of an array that are written down; of a larger one only its checksum is


class OtherOriginError(ValueError):
    """A folder has results that came from something else."""


def claim(tracker: Any, *, others_may_stay: bool = False) -> None:
    """Says in a tracker's folder of results what makes them; called before a run that skips what is there.

    others_may_stay: results whose origin is not recorded are told and kept, not an error. Raises OtherOriginError for
    those, and for results of another network, other parameters or another version.
    """
    folder = Path(tracker.results_dir)
    path = folder / FILE
    ours = origin_of(tracker)
    if not _has_results(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, ours)
        return
    advice = "take another folder with --runid, or remove this one to compute them again"
    if not path.is_file():
        problem = f"{folder} has results, and nothing says what made them"
        if not others_may_stay:
            raise OtherOriginError(f"{problem}; {advice}")
        _log.warning("%s; they are taken as they are", problem)
        return
    differences = [f"{name} {was} -> {now}" for name, was, now in _differences(_read(path), ours)]
    if differences:
        shown = ", ".join(differences[:5]) + (f" and {len(differences) - 5} more" if len(differences) > 5 else "")
        raise OtherOriginError(f"{folder} has results of other networks or parameters ({shown}); {advice}")


def origin_of(tracker: Any) -> dict[str, Any]:
    """Tracker, parameters, and the SHA-256 of every network file.

    The files are those that the tracker's class names by `network_files(params)`, where it does, and otherwise the
    parameters that are names of files, as such or in the environment's `network_path`.
    """
    params = tracker.get_parameters()
    described = _plain(params)
    for name in (*_PASSING, "class"):
        described.pop(name, None)
    named = getattr(tracker.tracker_class, "network_files", None)
    files = named(params) if named is not None else dict(_files_among(described))
    networks = {name: None if path is None else checksum(path) for name, path in files.items()}
    # As it will be read again: tuples are lists there.
    return json.loads(json.dumps({"tracker": tracker.name, "boxmask": __version__, "networks": networks,
                                  "parameters": described}))


def _has_results(folder: Path) -> bool:
    """Whether a sequence of a dataset has boxes there. Videos are tracked anew each time, and do not count."""
    return any(path.suffix in (".txt", ".csv") and not path.name.startswith((".", "video_"))
               for path in (folder.iterdir() if folder.is_dir() else ()))


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except ValueError as error:
        raise OtherOriginError(f"{path} cannot be read ({error}); remove the folder to compute its results again"
                               ) from error


def _write(path: Path, origin: dict[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(origin, indent=1, sort_keys=True) + "\n")
    os.replace(partial, path)


def _differences(was: Any, now: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            yield from _differences(was.get(key, "absent"), now.get(key, "absent"), f"{name}.{key}" if name else key)
    elif was != now:
        yield name, *(str(value) if len(str(value)) <= 16 else f"{str(value)[:12]}..." for value in (was, now))


def _plain(value: Any, depth: int = 0) -> Any:
    """A parameter as JSON has it. Objects are their class and attributes, for nothing may depend on an address."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (np.ndarray, np.generic, torch.Tensor)):
        array = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
        return array.tolist() if array.size <= _LARGEST else hashlib.sha256(array.tobytes()).hexdigest()
    kind = value if isinstance(value, type) or not hasattr(value, "__dict__") else type(value)
    name = f"{getattr(kind, '__module__', '')}.{getattr(kind, '__qualname__', type(kind).__qualname__)}"
    if depth >= _DEEPEST:
        return name
    if isinstance(value, Mapping):
        return {str(key): _plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, type) or callable(value) or not hasattr(value, "__dict__"):
        return getattr(value, "__qualname__", name)
    return {"class": name, **{str(key): _plain(one, depth + 1) for key, one in vars(value).items()}}


def _files_among(value: Any, name: str = "") -> Iterator[tuple[str, Path]]:
    """The parameters that name a file."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _files_among(one, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _files_among(one, f"{name}.{number}")
    elif isinstance(value, str) and value:
        folders = env_settings().network_path
        folders = folders if isinstance(folders, (list, tuple)) else [folders]
        found = next((path for path in (Path(value), *(Path(folder or ".", value) for folder in folders))
                      if os.path.isfile(path)), None)
        if found is not None:
            yield name, found
