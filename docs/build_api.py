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
import pdoc.extract
import pdoc.render

from boxmask import host

PROJECT = Path(__file__).resolve().parents[1]
# The host has pytracking's interfaces; mends, stand-ins and command lines are nobody's interface.
_LEFT_OUT = ("boxmask.standalone", "boxmask.standins", "boxmask.compat", "boxmask.cli", "boxmask.__main__")


def specifications() -> list[str]:
    """What pdoc is told: the package `boxmask`, and our folders and files in the host's packages."""
    overlay = [path for root in ("ltr", "pytracking") for path in sorted(PROJECT.glob(f"{root}/*/boxmask*"))]
    names = [".".join(path.relative_to(PROJECT).with_suffix("").parts) for path in overlay]
    return ["boxmask", *(f"!{name}" for name in _LEFT_OUT), *(f"!{name}\\..*" for name in _LEFT_OUT), *names]


def modules() -> list[ModuleType]:
    """The documented modules, imported on the host in use."""
    host.activate()
    names = pdoc.extract.walk_specs(specifications())
    return [importlib.import_module(name) for name in names if not name.rpartition(".")[2].startswith("_")]


def build(folder: Path) -> None:
    """Writes the pages into a folder. Raises what pdoc would warn of."""
    host.activate()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pdoc.render.configure(docformat="markdown", show_source=False)
        pdoc.pdoc(*specifications(), output_directory=folder)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "build/docs")
    build(target)
    print(f"{target / 'index.html'}: {len(modules())} modules")
