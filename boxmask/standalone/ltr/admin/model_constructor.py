"""How to build a network again: the record that `@model_constructor` leaves on it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from torch import nn


class NetConstructor:
    """The call that made a network: `fun_module.fun_name(*args, **kwds)`.

    Checkpoints hold it, so the module path of a network's function is part of their format.
    """

    def __init__(self, fun_name: str, fun_module: str, args: tuple[Any, ...], kwds: dict[str, Any]) -> None:
        self.fun_name = fun_name
        self.fun_module = fun_module
        self.args = args
        self.kwds = kwds

    def get(self) -> nn.Module:
        """Makes the call again. For records from files use `ltr.load_network`, which checks them first."""
        return getattr(importlib.import_module(self.fun_module), self.fun_name)(*self.args, **self.kwds)


def model_constructor(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a function that returns a network, or a tuple that starts with one: the network gets `.constructor`."""

    @wraps(function)
    def construct(*args: Any, **kwds: Any) -> Any:
        output = function(*args, **kwds)
        net = output[0] if isinstance(output, (tuple, list)) else output
        net.constructor = NetConstructor(function.__name__, function.__module__, args, kwds)
        return output

    return construct
