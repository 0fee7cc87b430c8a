"""A VOS network's first weights from a trained box-to-mask network: what the two have in common.

Only the prior, the box's encoding in the decoder, has no place in a VOS network; its channels are left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from . import checkpoint
from .boxmasknet import BoxMaskNet
from .config import Widths
from .decoder import Decoder
from .files import read
from .vosnet import VosNet
from .weights import assign


def start_from(net: VosNet, path: str | os.PathLike[str]) -> None:
    """Loads a checkpoint's weights: a VOS network's, or of a box-to-mask network those that a VOS network has too.

    Raises FileNotFoundError, or CheckpointError with the file where it is of a network of other widths.
    """
    if read(path).constructor is None:
        checkpoint.load_weights(net, path)
        return
    found = checkpoint.load(path)
    state = shared(found, net) if isinstance(found, BoxMaskNet) else found.state_dict()
    assign(net, state, names={name: name for name in net.state_dict()}, source=str(path))


def shape(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a constructor of a VOS network takes for it to have a checkpoint's network's backbone and widths, where they
    differ from the default; nothing of a file that does not say what made it. Raises as `start_from`.
    """
    if read(path).constructor is None:
        return {}
    names = {"backbone", *(field.name for field in fields(Widths))}
    return {name: value for name, value in checkpoint.load(path).constructor.kwds.items() if name in names}


def shared(box_network: BoxMaskNet, net: VosNet) -> dict[str, Tensor]:
    """The weights of a box-to-mask network that a VOS network has too, by the latter's names."""
    state = {name.replace("mask_aggregation.", "aggregation."): value
             for name, value in box_network.state_dict().items()}
    state.update(_without_prior(state, box_network.decoder))
    return {name: state[name] for name in net.state_dict() if name in state}


def _without_prior(state: Mapping[str, Tensor], decoder: Decoder) -> dict[str, Tensor]:
    """Of the decoder, the convolutions over `concat(features, prior, scores)` without the prior's channels."""
    changed = {}
    for number, level in enumerate(decoder.levels):
        features = level.reduce2.out_channels
        mixed = level.mix1.in_channels
        kept = torch.cat((torch.arange(features), torch.arange((features + mixed) // 2, mixed)))
        place = f"decoder.levels.{number}"
        for name in ("mix1", "mix2"):
            changed[f"{place}.{name}.weight"] = state[f"{place}.{name}.weight"][kept][:, kept]
            changed[f"{place}.{name}.bias"] = state[f"{place}.{name}.bias"][kept]
        changed[f"{place}.mix3.weight"] = state[f"{place}.mix3.weight"][:, kept]
    return changed
