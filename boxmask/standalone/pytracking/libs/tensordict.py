"""A dict of tensors that answers the methods of a tensor."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch

from pytracking.libs.tensorlist import TensorList


class TensorDict(OrderedDict):
    """A dict whose tensor methods act on every tensor in it: `data.to(device)`.

    Entries that are neither tensors nor containers of tensors (names, plain lists, numbers) pass through as they are.

    >>> TensorDict(a=torch.ones(2), name='clip').sum()
    TensorDict({'a': tensor(2.), 'name': 'clip'})
    """

    def __getattr__(self, name: str) -> Callable[..., TensorDict]:
        # Names with two underscores are protocols (copying, pickling, torch functions) that a dict must not claim.
        if name.startswith("__") or not hasattr(torch.Tensor, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def on_each_tensor(*args: Any, **kwargs: Any) -> TensorDict:
            return self.apply(lambda value: getattr(value, name)(*args, **kwargs) if _holds_tensors(value) else value)

        return on_each_tensor

    def concat(self, other: dict[str, Any]) -> TensorDict:
        """Both dicts in one, with the values of `other` where both have a key; the tensors are not copied."""
        return TensorDict({**self, **other})

    def copy(self) -> TensorDict:
        """A new dict of the same tensors."""
        return TensorDict(self)

    def apply(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> TensorDict:
        """`function(value, *args, **kwargs)` of every value."""
        return TensorDict({name: function(value, *args, **kwargs) for name, value in self.items()})

    def attribute(self, name: str, *default: Any) -> TensorDict:
        """An attribute of every value: `data.attribute('shape')`."""
        return TensorDict({key: getattr(value, name, *default) for key, value in self.items()})


def _holds_tensors(value: Any) -> bool:
    return isinstance(value, (torch.Tensor, TensorList, TensorDict))
