"""Lists and dicts of tensors."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from boxmask.compat.mend import mends


@mends("B1", "pytracking.libs.tensorlist", "pytracking.libs.tensordict")
def containers_are_not_tensors(module: ModuleType) -> bool:
    """`TensorList` answers for every attribute that a tensor has, also `__torch_function__`; torch then takes the
    list for a tensor and `autograd.grad` fails in steepest descent. Names of the kind `__x__` are not passed on.
    """
    container = getattr(module, "TensorList", None) or module.TensorDict
    if not hasattr(container(), "__torch_function__"):
        return False
    passed_on = container.__getattr__

    def __getattr__(self: Any, name: str) -> Any:  # noqa: N807 -- becomes the class's
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return passed_on(self, name)

    container.__getattr__ = __getattr__
    return True
