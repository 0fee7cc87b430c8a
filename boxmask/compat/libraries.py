"""Packages that are installed and cannot be imported, or have lost a name; those that are absent have stand-ins."""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import torch

from boxmask.compat.hook import AfterImport, ImportHook
from boxmask.compat.mend import mends, note

STANDINS = Path(__file__).resolve().parents[1] / "standins"
# The schemas of torchvision's compiled operators, which its wheel for another torch cannot register.
_OPERATORS = ("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
              "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_kept: list[torch.library.Library] = []  # operators go when the object that defined them goes


def guard(hook: ImportHook) -> None:
    """Has imports of the packages watched that break on a current installation, and a module served that is gone."""
    hook.rescue("torchvision", _torchvision_without_its_operators)
    hook.rescue("tikzplotlib", _plots_without_tikz)
    hook.serve("torch._six", Path(__file__).with_name("torch_six.py"))


def _torchvision_without_its_operators(module: ModuleType, error: Exception, execute: AfterImport) -> bool:
    """B14: torchvision built for CUDA, as package indexes give it, over a CPU build of torch: 'operator
    torchvision::nms does not exist'. With the operators' schemas defined it can be imported; they cannot be called.
    """
    if not isinstance(error, RuntimeError) or "operator torchvision::" not in str(error) or _kept:
        return False
    library = torch.library.Library("torchvision", "DEF")
    for schema in _OPERATORS:
        library.define(schema)
    _kept.append(library)
    _forget_parts_of(module)
    execute(module)
    note("B14", module.__name__, _torchvision_without_its_operators)
    return True


def _plots_without_tikz(module: ModuleType, error: Exception, execute: AfterImport) -> bool:
    """B7: tikzplotlib 0.10.1 needs a matplotlib of 2022; `pytracking.analysis` imports it and does not use it."""
    if not isinstance(error, ImportError):
        return False
    _forget_parts_of(module)
    folder = STANDINS / module.__name__
    module.__path__ = [str(folder)]
    SourceFileLoader(module.__name__, str(folder / "__init__.py")).exec_module(module)
    note("B7", module.__name__, _plots_without_tikz)
    return True


@mends("B3", "torchvision.models.resnet")
def addresses_of_weights(module: ModuleType) -> bool:
    """torchvision 0.13 put the addresses of its weights into enums; the backbones import the old table."""
    if hasattr(module, "model_urls"):
        return False
    module.model_urls = {name.removesuffix("_Weights").lower(): weights.IMAGENET1K_V1.url
                         for name, weights in vars(module).items()
                         if name.endswith("_Weights") and hasattr(weights, "IMAGENET1K_V1")}
    return True


@mends("B6", "ltr.data.image_loader")
def jpegs_without_libturbojpeg(module: ModuleType) -> bool:
    """jpeg4py without the system's libturbojpeg fails for every image, and the loader returns None for it."""
    if Path(module.jpeg4py.__file__).is_relative_to(STANDINS):
        return False
    try:
        module.jpeg4py.initialize()
    except OSError:
        spec = spec_from_file_location("jpeg4py", STANDINS / "jpeg4py" / "__init__.py")
        module.jpeg4py = module_from_spec(spec)
        spec.loader.exec_module(module.jpeg4py)
        return True
    return False


def _forget_parts_of(module: ModuleType) -> None:
    for name in [name for name in sys.modules if name.startswith(f"{module.__name__}.")]:
        del sys.modules[name]
