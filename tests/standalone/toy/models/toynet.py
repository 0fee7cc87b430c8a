"""A network of one layer, in a module that checkpoints may name."""

from os import system  # noqa: F401  (a name that a hostile checkpoint might ask for)

import torch

from ltr import model_constructor


class ToyNet(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer = torch.nn.Linear(width, 1)

    def forward(self, x):
        return self.layer(x)


@model_constructor
def toynet(width=3, scale=1.0):
    net = ToyNet(width)
    net.scale = scale
    return net


class OwnRecord:
    """A record of a constructor that is not the host's class, as networks outside pytracking keep it."""

    def __init__(self, fun_name, fun_module, args, kwds):
        self.fun_name, self.fun_module, self.args, self.kwds = fun_name, fun_module, args, kwds


def own_toynet(width=3):
    net = ToyNet(width)
    net.constructor = OwnRecord("own_toynet", __name__, (), {"width": width})
    return net
