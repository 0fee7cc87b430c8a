"""What a mend is, and the list of those that were needed in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

# Mends its module if it has the symptom, and returns whether it had.
Repair = Callable[[ModuleType], bool]


@dataclass(frozen=True)
class Mend:
    """number: of the break. module: the one that is mended, right after it was imported."""

    number: str
    module: str
    repair: Repair

    def __str__(self) -> str:
        return f"{self.number} {self.module}: {self.repair.__name__.strip('_').replace('_', ' ')}"


_all: list[Mend] = []
_applied: list[Mend] = []


def mends(number: str, *modules: str) -> Callable[[Repair], Repair]:
    """Makes a function the mend of modules. Its name says in plain words what it does."""
    def register(repair: Repair) -> Repair:
        _all.extend(Mend(number, module, repair) for module in modules)
        return repair
    return register


def known() -> list[Mend]:
    """Every mend there is, needed here or not."""
    return list(_all)


def applied() -> list[str]:
    """What was mended in this process so far: the break's number, the module, and what was done."""
    return [str(mend) for mend in _applied]


def run(mend: Mend, module: ModuleType) -> None:
    """Applies a mend to its module if the symptom is there."""
    if mend not in _applied and mend.repair(module):
        _applied.append(mend)


def note(number: str, module: str, repair: Repair) -> None:
    """Records a mend that was made outside of an import."""
    mend = Mend(number, module, repair)
    if mend not in _applied:
        _applied.append(mend)


def replace(module: ModuleType, name: str, replacement: Any) -> None:
    """Puts something in the place of what a module has under a name, also where pytracking's other modules, or the
    program that runs, have imported that by name before.
    """
    original = getattr(module, name)
    setattr(module, name, replacement)
    for package, other in list(sys.modules.items()):
        if package.partition(".")[0] in ("ltr", "pytracking", "__main__") and vars(other).get(name) is original:
            setattr(other, name, replacement)
