"""A list of tensors that answers the operators and methods of a tensor."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import torch


class TensorList(list):
    """A list whose operators and tensor methods act element by element.

    With a list as the other operand elements are paired (as many as both have); anything else meets every element.

    >>> (TensorList([torch.tensor(1.), torch.tensor(2.)]) * 2).sum()
    [tensor(2.), tensor(4.)]
    """

    def __init__(self, tensors: Iterable[Any] | None = None) -> None:
        super().__init__(() if tensors is None else tensors)

    def __getitem__(self, index: int | slice | list[int] | tuple[int, ...]) -> Any:
        if isinstance(index, (list, tuple)):
            return TensorList(list.__getitem__(self, i) for i in index)
        item = super().__getitem__(index)
        return TensorList(item) if isinstance(index, slice) else item

    def __getattr__(self, name: str) -> Callable[..., TensorList]:
        # torch takes whatever answers to __torch_function__ for a tensor, so names with two underscores are refused.
        if name.startswith("__") or not hasattr(torch.Tensor, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def on_each(*args: Any, **kwargs: Any) -> TensorList:
            return TensorList(getattr(element, name)(*args, **kwargs) for element in self)

        return on_each

    def __pos__(self) -> TensorList:
        return self.apply(operator.pos)

    def __neg__(self) -> TensorList:
        return self.apply(operator.neg)

    def concat(self, other: Iterable[Any]) -> TensorList:
        """The elements of both lists, one after the other."""
        return TensorList([*self, *other])

    def copy(self) -> TensorList:
        """A new list of the same tensors."""
        return TensorList(self)

    def unroll(self) -> TensorList:
        """Lists within the list laid out flat."""
        flat = TensorList()
        for element in self:
            flat.extend(element.unroll() if isinstance(element, TensorList) else [element])
        return flat

    def list(self) -> list[Any]:
        """A plain list of the same tensors."""
        return list(self)

    def attribute(self, name: str, *default: Any) -> TensorList:
        """An attribute of every element: `tensors.attribute('shape')`."""
        return TensorList(getattr(element, name, *default) for element in self)

    def apply(self, function: Callable[[Any], Any]) -> TensorList:
        """`function` of every element."""
        return TensorList(function(element) for element in self)


def _paired(left: Any, right: Any, operation: Callable[[Any, Any], Any]) -> TensorList:
    if isinstance(left, list) and isinstance(right, list):
        return TensorList(operation(a, b) for a, b in zip(left, right, strict=False))
    if isinstance(left, list):
        return TensorList(operation(a, right) for a in left)
    return TensorList(operation(left, b) for b in right)


def _define_operator(name: str) -> None:
    """Gives TensorList the operator `name`, its reflected form, and its in-place form where Python has them."""
    plain = getattr(operator, f"__{name}__")
    setattr(TensorList, f"__{name}__", lambda self, other: _paired(self, other, plain))
    if name in ("le", "ge"):
        return
    setattr(TensorList, f"__r{name}__", lambda self, other: _paired(other, self, plain))
    if name == "mod":
        return
    in_place = getattr(operator, f"__i{name}__")

    def assign(self: TensorList, other: Any) -> TensorList:
        self[:] = _paired(self, other, in_place)
        return self

    setattr(TensorList, f"__i{name}__", assign)


for _name in ("add", "sub", "mul", "truediv", "matmul", "mod", "le", "ge"):
    _define_operator(_name)


def tensor_operation(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Lets a function of one or two tensors take TensorLists in their place, element by element."""

    @functools.wraps(operation)
    def on_lists(first: Any, *rest: Any, **kwargs: Any) -> Any:
        if rest and isinstance(rest[0], TensorList):
            return _paired(first, rest[0], lambda a, b: operation(a, b, *rest[1:], **kwargs))
        if isinstance(first, TensorList):
            return first.apply(lambda element: operation(element, *rest, **kwargs))
        return operation(first, *rest, **kwargs)

    return on_lists
