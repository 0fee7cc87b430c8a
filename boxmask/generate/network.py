"""The network of a checkpoint, ready to make masks. Needs the host (`boxmask.host.activate`)."""

from __future__ import annotations

from pathlib import Path

import torch

from boxmask.generate.defaults import ITERATIONS
from boxmask.generate.engine import NetworkMasker


class NetworkError(ValueError):
    """A checkpoint that cannot make masks, or a device that is not there."""


def load_masker(checkpoint: Path, *, device: str | None = None, search_factor: float | None = None,
                iterations: int = ITERATIONS) -> NetworkMasker:
    """The masker of a checkpoint. device: as torch names it; without one a GPU if there is one."""
    from ltr.models.boxmask import checkpoint as checkpoints
    from ltr.models.boxmask.boxmasknet import BoxMaskNet

    place = _device(device)
    net = checkpoints.load(checkpoint)
    if not isinstance(net, BoxMaskNet):
        raise NetworkError(f"{checkpoint}: this is a {net.constructor.fun_name} network, and masks are made from boxes "
                           "by boxmask_resnet50 or boxmask_lite; name the checkpoint of one of those")
    return NetworkMasker(net.to(place), search_factor=search_factor, iterations=iterations)


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise NetworkError(f"there is no device {name!r}; name one as PyTorch does: cpu, cuda, cuda:1") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise NetworkError(f"there is no device {name!r}: PyTorch sees {torch.cuda.device_count()} CUDA devices; leave "
                           "--device out, or name cpu")
    return device
