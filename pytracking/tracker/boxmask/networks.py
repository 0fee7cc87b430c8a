"""The tracker's two networks: where their files are found, and one copy of each for all objects of a process."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import torch

from boxmask import weights
from boxmask.generate.network import NetworkError, choose_device
from ltr.models.boxmask import BoxMaskNet, VosNet, checkpoint, for_inference
from pytracking.evaluation.environment import env_settings
from pytracking.utils.params import TrackerParams

SUFFIXES = (".pth.tar", ".safetensors")
_BOX = ("box_network", BoxMaskNet, "boxmask_resnet50 or boxmask_lite")
_VOS = ("vos_network", VosNet, "vos_resnet50 or vos_lite")


def box_network(params: TrackerParams) -> BoxMaskNet:
    """The network of `params.box_network`, which makes a mask from a box, ready for inference on the device."""
    return _network(params, *_BOX)


def vos_network(params: TrackerParams) -> VosNet:
    """The network of `params.vos_network`, which segments the frames after the first, ready for inference on it."""
    return _network(params, *_VOS)


def find(params: TrackerParams, parameter: str) -> Path:
    """The checkpoint file that a parameter names.

    The environment variable BOXMASK_<PARAMETER> wins over it. A name is looked up in the environment's `network_path`,
    with and without the endings .pth.tar and .safetensors, and then among the weights that come with boxmask; an
    absolute path is taken as it is; of a folder, the last of its checkpoints. Raises FileNotFoundError with all places
    that were tried and how to come by the file.
    """
    variable = f"BOXMASK_{parameter.upper()}"
    said = os.environ.get(variable)
    name = Path(said or params.get(parameter)).expanduser()
    # What a variable names is relative to where the program was started, as in every other program.
    folders = [Path()] if said or name.is_absolute() else [*network_folders(), weights.FOLDER]
    tried = [folder / f"{name}{ending}" for folder in folders for ending in ("", *SUFFIXES)]
    for path in tried:
        if path.is_file():
            return path
        if path.is_dir() and (inside := sorted(file for file in path.iterdir() if file.name.endswith(SUFFIXES))):
            return inside[-1]
    raise FileNotFoundError(
        f"there is no checkpoint {name} for params.{parameter}; looked for: {', '.join(map(str, tried))}. Train one "
        f"with `python run_training.py boxmask {params.get(f'{parameter}_training')}`, then set {variable} to its "
        "file, or copy it under that name into network_path (BOXMASK_NETWORK_PATH, or local.py)")


def network_folders() -> list[Path]:
    """Those of the environment's `network_path`, which names none, one or several."""
    folders = env_settings().network_path
    folders = folders if isinstance(folders, (list, tuple)) else [folders]
    return [Path(folder).expanduser() for folder in folders if folder]


def _network(params: TrackerParams, parameter: str, kind: type, expected: str) -> torch.nn.Module:
    path = find(params, parameter)
    net = _load(path, path.stat().st_mtime_ns, choose_device(params.get("device", None) or None))
    if not isinstance(net, kind):
        raise NetworkError(f"{path}: this is a {net.constructor.fun_name} network, and params.{parameter} needs "
                           f"{expected}")
    return net


@functools.lru_cache(maxsize=4)
def _load(path: Path, modified: int, device: torch.device) -> torch.nn.Module:
    del modified  # a file that was trained again is another network
    return for_inference(checkpoint.load(path).to(device))
