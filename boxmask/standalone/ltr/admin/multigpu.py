"""Networks on several devices: wrappers that still answer for the network inside."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.parallel import DistributedDataParallel


class _AnswersForModule(nn.Module):
    """Attributes that a wrapper lacks are those of its `module`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "module":
                raise
        return getattr(self.module, name)


class MultiGPU(_AnswersForModule, nn.DataParallel):
    """One process, several GPUs: `MultiGPU(net, dim=1)` splits batches along dimension 1.

    Without a GPU it passes everything on to `net`. Under torchrun the trainer replaces it by DistributedNet.
    """


class DistributedNet(_AnswersForModule, DistributedDataParallel):
    """One process a device.

    Gradients are averaged over processes for calls of the wrapper itself (`actor.net(images, boxes)`), not for calls of
    other methods of the network.
    """


def is_multi_gpu(net: nn.Module) -> bool:
    """True for a network inside a wrapper, which is then `net.module`."""
    return isinstance(net, (nn.DataParallel, DistributedDataParallel))


def unwrapped(net: nn.Module) -> nn.Module:
    """The network without its wrapper."""
    return net.module if is_multi_gpu(net) else net
