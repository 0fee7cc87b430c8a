"""Builds the API pages from the docstrings, with pdoc: what `make docs` runs. Every warning is an error.

    python docs/build_api.py [FOLDER]    # build/docs without one
"""

from __future__ import annotations

import importlib
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pdoc
import pdoc.render

from boxmask import host

PROJECT = Path(__file__).resolve().parents[1]
# The host has pytracking's interfaces; mends, stand-ins and command lines are nobody's interface.
_LEFT_OUT = ("boxmask.standalone", "boxmask.standins", "boxmask.compat", "boxmask.cli", "boxmask.__main__")


def specifications() -> list[str]:
    """What pdoc is told: every module by its name, as it passes over those that a package's `__all__` has not."""
    host.activate()
    paths = [path for root, pattern in (("boxmask", "**/*.py"), ("ltr", "*/boxmask*"), ("ltr", "*/boxmask*/**/*.py"),
                                        ("pytracking", "*/boxmask/**/*.py"))
             for path in sorted(PROJECT.glob(f"{root}/{pattern}"))]
    names = [".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return [name for name in dict.fromkeys(names)
            if not any(f"{name}.".startswith(f"{left_out}.") for left_out in _LEFT_OUT)
            and not any(part.startswith("_") for part in name.split("."))]


def modules() -> list[ModuleType]:
    """The documented modules, imported on the host in use."""
    return [importlib.import_module(name) for name in specifications()]


def build(folder: Path) -> None:
    """Writes the pages into a folder. Raises what pdoc would warn of."""
    names = specifications()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Each name also covers what is below it, which is named, too.
        warnings.filterwarnings("ignore", message=".*already been added")
        # The generated __init__ of a NamedTuple does not know its module's names; its fields are shown all the same.
        warnings.filterwarnings("ignore", message=r".*ForwardRef\(.*Tensor.*\) for \S+\.__init__")
        pdoc.render.configure(docformat="markdown", show_source=False)
        pdoc.pdoc(*names, *(f"!{left_out}" for left_out in _LEFT_OUT), output_directory=folder)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "build/docs")
    build(target)
    print(f"{target / 'index.html'}: {len(modules())} modules")
