"""The base class of actors."""

from __future__ import annotations

from typing import Any

import torch

from pytracking.libs import TensorDict


class BaseActor:
    """Passes batches through a network and measures the loss.

    net: the network to train; a trainer may put a data-parallel wrapper around it.
    objective: the loss function, or a dict of them. Only `net` is moved by `to`: an objective that has parameters or
        buffers is moved by the settings that make it.
    """

    def __init__(self, net: torch.nn.Module, objective: Any) -> None:
        self.net = net
        self.objective = objective

    def __call__(self, data: TensorDict) -> tuple[torch.Tensor, dict[str, float]]:
        """Returns the loss (a scalar tensor) and statistics by name ('Loss/total', 'Stats/acc', ...).

        data: one batch, with 'epoch' and 'settings' put in by the trainer.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to compute its loss")

    def to(self, device: torch.device | str) -> None:
        """Moves the network."""
        self.net.to(device)

    def train(self, mode: bool = True) -> None:
        """Puts the network in training mode, or in evaluation mode."""
        self.net.train(mode)

    def eval(self) -> None:
        """Puts the network in evaluation mode."""
        self.train(False)
