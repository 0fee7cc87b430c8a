"""What the stand-ins have in common.

pytracking imports torchvision, jpeg4py, timm, lvis, tikzplotlib, visdom, pandas and pycocotools everywhere, and few of
its paths use them. While a checkout is the host, this folder is the last one of `sys.path`: an installed package of the
same name always wins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn


class StandInError(ImportError):
    """Something was asked of a stand-in that only the package itself has."""


def refuse(package: str, name: str) -> NoReturn:
    """Says that `name` is not served."""
    raise StandInError(f"{name} is not in boxmask's stand-in for {package}, which serves only what training, VOS "
                       f"networks, datasets and evaluation use: pip install {package}")


def refuser(package: str, prefix: str = "") -> Callable[[str], Any]:
    """The `__getattr__` of a stand-in's module: refuses every name that the module does not have."""
    def __getattr__(name: str) -> NoReturn:  # noqa: N807 -- becomes the module's
        if name.startswith("__"):
            raise AttributeError(name)  # the import system and inspect ask for names that a module need not have
        refuse(package, f"{prefix or package}.{name}")
    return __getattr__


def unavailable(package: str, name: str) -> type:
    """A class that can be imported and subclassed, and is refused when an object of it is made."""
    def __init__(self: object, *args: object, **keywords: object) -> None:  # noqa: N807 -- becomes the class's
        refuse(package, name)
    return type(name.rpartition(".")[2], (), {"__init__": __init__})
