"""Putting tensors into networks by name, with a full account of what does not fit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from .files import CheckpointError, read, said

_SHOWN = 10
# A counter that nothing here reads; files written before PyTorch 0.4.1 lack it.
_COUNTER = ".num_batches_tracked"


def assign(module: nn.Module, state: Mapping[str, Tensor], *, names: Mapping[str, str], source: str) -> None:
    """Loads `state` into `module`, all of it or nothing.

    names: the name in `state` of each of the module's own. source: what an error calls the state.
    Raises CheckpointError with the missing, surplus and mis-shaped names, the first ten of each.
    """
    own = module.state_dict()
    missing = [names[key] for key in own if names[key] not in state and not key.endswith(_COUNTER)]
    surplus = sorted(set(state) - set(names.values()))
    misshaped = [f"{names[key]} {tuple(state[names[key]].shape)} for {tuple(value.shape)}"
                 for key, value in own.items() if names[key] in state and state[names[key]].shape != value.shape]
    problems = [_listed(kind, keys) for kind, keys in
                (("missing", missing), ("surplus", surplus), ("mis-shaped", misshaped)) if keys]
    if problems:
        raise CheckpointError(f"{source}: weights of another network than this {type(module).__name__}: "
                              f"{'; '.join(problems)}. Check which constructor, with which widths, the file belongs to")
    found = {key: state[names[key]] for key in own if names[key] in state}
    module.load_state_dict(found, strict=False)


def load_backbone(net: nn.Module, path: str | os.PathLike[str]) -> None:
    """Loads a backbone's weights: a file of the backbone alone, with or without its classifier, or of a whole network.

    Mask R-CNN's ResNet-50 as pytracking converted it (`e2e_mask_rcnn_R_50_FPN_1x_converted.pkl`) is of the first kind.
    """
    state = read(path).state
    for prefix in ("feature_extractor.", "backbone."):
        inside = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        state = inside or state
    state = {name: value for name, value in state.items() if not name.startswith(net.backbone.classifier)}
    own = net.backbone.state_dict()
    assign(net.backbone, state, names={key: key for key in own}, source=str(path))


def _listed(kind: str, keys: Iterable[str]) -> str:
    keys = [said(key) for key in keys]
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f"{len(keys)} {kind}: {', '.join(keys[:_SHOWN])}{more}"
