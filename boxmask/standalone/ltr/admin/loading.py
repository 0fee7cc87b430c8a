"""Networks from checkpoint files."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from ltr.admin.environment import env_settings
from ltr.admin.safe_load import (
    CheckpointError,
    CorruptCheckpointError,
    UnsafeCheckpointError,
    read_checkpoint,
)

__all__ = ["CheckpointError", "CorruptCheckpointError", "UnsafeCheckpointError", "load_network", "load_pretrained",
           "load_weights", "torch_load_legacy"]

# A constructor named by a file is called only if it is a function of a module in here.
CONSTRUCTOR_PREFIX = "ltr.models."
# What a file may hand to it, and how much of that.
_PLAIN = (bool, int, float, str, type(None))
_MOST_ARGUMENTS = 10_000
# Weights that a network may have while it is made, beyond four times those of its file.
_SLACK = 2 ** 26
_log = logging.getLogger(__name__)


def load_pretrained(module: str, name: str, checkpoint: int | str | None = None,
                    **kwargs: Any) -> tuple[nn.Module, dict[str, Any]]:
    """The network trained by the settings `<module>/<name>`; the rest as in `load_network`."""
    directory = Path(env_settings().workspace_dir, "checkpoints", "ltr", module, name)
    return load_network(directory, checkpoint, **kwargs)


def load_network(network_dir: str | os.PathLike[str] | None = None, checkpoint: int | str | None = None,
                 constructor_fun_name: str | None = None, constructor_module: str | None = None,
                 **kwargs: Any) -> tuple[nn.Module, dict[str, Any]]:
    """Builds the network that a checkpoint describes, loads its weights, and returns it with the checkpoint's content.

    network_dir: a checkpoint file, or a folder of them. checkpoint: in a folder the epoch (int; None for the last file
    in order of names), or the path of a file (str).
    constructor_fun_name, constructor_module: called in place of what the file names. Other keyword arguments replace
    those in the file; ones that the constructor does not have are ignored with a warning.

    The network is on the CPU in training mode. Nothing in the file is run: the constructor it names must be a function
    of a module of `ltr.models`, and gets plain values alone.
    Raises FileNotFoundError, CheckpointError, or RuntimeError for weights that do not fit the network.
    """
    path = _find(network_dir, checkpoint)
    content = torch_load_legacy(path)
    record = content.get("constructor")
    if record is None or "net" not in content:
        raise CheckpointError(f"{path} has no {'constructor' if record is None else 'net'}: it was not written by a "
                              f"trainer with a network from a @model_constructor function; it has {sorted(content)}")
    function = _constructor_function(path, record, constructor_fun_name, constructor_module)
    _require_plain(path, [*record.args, record.kwds])
    keywords = _merged_keywords(function, record.kwds, kwargs)
    with _no_larger_than(content["net"], path):
        net = function(*record.args, **keywords)
    net.load_state_dict(content["net"])
    if getattr(net, "constructor", None) is None:
        net.constructor = record
    if content.get("net_info") is not None:
        net.info = content["net_info"]
    return net, content


def load_weights(net: nn.Module, path: str | os.PathLike[str], strict: bool = True) -> nn.Module:
    """Loads the weights of a checkpoint file into a network and returns it."""
    content = torch_load_legacy(path)
    if "net" not in content:
        raise CheckpointError(f"{path} has no weights under the key 'net'; it has {sorted(content)}")
    net.load_state_dict(content["net"], strict=strict)
    return net


def torch_load_legacy(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of a checkpoint file of any age, tensors on the CPU; see `ltr.admin.safe_load`."""
    return read_checkpoint(Path(path).expanduser())


def _find(network_dir: str | os.PathLike[str] | None, checkpoint: int | str | None) -> Path:
    if isinstance(checkpoint, (str, os.PathLike)):
        return Path(checkpoint).expanduser()
    if network_dir is None:
        raise ValueError("load_network needs a folder or the path of a checkpoint")
    place = Path(network_dir).expanduser()
    if place.is_file():
        return place
    pattern = "*.pth.tar" if checkpoint is None else f"*_ep{checkpoint:04d}.pth.tar"
    found = sorted(place.glob(pattern))
    if not found:
        raise FileNotFoundError(f"there is no checkpoint {place / pattern}")
    if checkpoint is not None and len(found) > 1:
        raise ValueError(f"{len(found)} files match {place / pattern}; give the path of one of them: "
                         f"{', '.join(path.name for path in found)}")
    return found[-1]


def _constructor_function(path: Path, record: Any, name: str | None, module: str | None) -> Callable[..., nn.Module]:
    """The function that builds the network; names given by the caller are trusted, names from the file are checked."""
    missing = [field for field in ("fun_name", "fun_module", "args", "kwds") if not hasattr(record, field)]
    if missing:
        raise CheckpointError(f"the constructor in {path} is a {type(record).__name__} without {missing[0]!r}")
    module_name = module or record.fun_module.removeprefix("dlframework.")
    function_name = name or record.fun_name
    trusted = module is not None and name is not None
    if module is None and not module_name.startswith(CONSTRUCTOR_PREFIX):
        raise UnsafeCheckpointError(f"refused to call {module_name}.{function_name}, which {path} names as its "
                                    f"constructor: only functions of modules in {CONSTRUCTOR_PREFIX}* are called")
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise CheckpointError(f"{path} needs the constructor {module_name}.{function_name}, and there is none "
                              f"({error}); name another with constructor_module and constructor_fun_name") from error
    is_own = inspect.isfunction(function) and function.__module__.startswith(CONSTRUCTOR_PREFIX)
    if not trusted and (not is_own or function_name.startswith("_")):
        raise UnsafeCheckpointError(f"refused to call {module_name}.{function_name}, which {path} names as its "
                                    f"constructor: it is not a public function of a module in {CONSTRUCTOR_PREFIX}*")
    return function


def _require_plain(path: Path, arguments: list[Any]) -> None:
    """Raises UnsafeCheckpointError unless arguments are numbers, texts, and containers of these.

    An object from a file may pretend to be a network, and a public function of `ltr.models` may write one to a file.
    """
    left, seen = list(arguments), 0
    while left:
        value = left.pop()
        seen += 1
        if isinstance(value, (list, tuple)):
            left += value
        elif isinstance(value, dict):
            left += [*value, *value.values()]
        elif not isinstance(value, _PLAIN):
            raise UnsafeCheckpointError(f"refused to load {path}: its constructor would be called with a "
                                        f"{type(value).__name__}, and only numbers, texts and lists of these are")
        if seen + len(left) > _MOST_ARGUMENTS:
            raise UnsafeCheckpointError(f"refused to load {path}: its constructor has more than {_MOST_ARGUMENTS} "
                                        "arguments")


@contextmanager
def _no_larger_than(weights: dict[str, torch.Tensor], path: Path) -> Iterator[None]:
    """Raises CheckpointError when a network is made of many times the weights of its file, before it takes the memory.

    A few numbers in a small file may ask for any. What is made and replaced again before the weights come is allowed.
    """
    # As stored: a view may show one number any number of times.
    left = _SLACK + 4 * sum(value.untyped_storage().nbytes() // value.element_size() for value in weights.values())
    thread = threading.get_ident()

    def count(module: nn.Module, name: str, weight: nn.Parameter | None) -> None:
        nonlocal left
        if weight is not None and threading.get_ident() == thread:
            left -= weight.numel()
            if left < 0:
                raise CheckpointError(f"{path} has the weights of another network than its constructor makes with the "
                                      "arguments in it, which has many times as many")

    with register_module_parameter_registration_hook(count):
        yield


def _merged_keywords(function: Callable[..., Any], stored: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    unknown = [name for name in given if name not in parameters and not takes_any]
    for name in unknown:
        _log.warning("the constructor %s has no argument %r: ignored", function.__name__, name)
    return {**stored, **{name: value for name, value in given.items() if name not in unknown}}
