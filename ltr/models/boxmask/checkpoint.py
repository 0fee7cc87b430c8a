"""Checkpoints: networks to files and back, and weights to and from the reference networks' names.

A constructor that a file names is looked up in a closed table and its arguments are checked; a file cannot make this
package import or call anything else.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from . import constructors
from .boxmasknet import BoxMaskNet
from .config import PACKAGE, BoxMaskWidths, Widths
from .files import CONSTRUCTOR_KEY, CheckpointError, StoredConstructor, read, said, shown
from .reference import REFERENCE_BACKBONE, key_map
from .upstream import UPSTREAM
from .vosnet import VosNet
from .weights import assign, load_backbone

__all__ = ["CheckpointError", "load", "load_average", "load_backbone", "load_reference", "load_weights",
           "reference_state_dict", "save"]

Network = BoxMaskNet | VosNet

_BOX_WIDTHS, _VOS_WIDTHS = ({field.name for field in fields(widths)} for widths in (BoxMaskWidths, Widths))
_OURS: dict[str, tuple[Callable[..., Network], set[str]]] = {  # constructor, and the keywords it takes from a file
    "boxmask_resnet50": (constructors.boxmask_resnet50, {"iterations", *_BOX_WIDTHS}),
    "boxmask_lite": (constructors.boxmask_lite, {"iterations", "size", "backbone", *_BOX_WIDTHS}),
    "vos_resnet50": (constructors.vos_resnet50, {"iterations", *_VOS_WIDTHS}),
    "vos_lite": (constructors.vos_lite, {"iterations", "backbone", *_VOS_WIDTHS}),
}
# Of channels, and what else a wrong number must not ask all time or memory with.
_LARGEST_NUMBER = 8192
_LARGEST = {"iterations": 1000, "filter_size": 15, "size": 2048}
_SLACK = 2 ** 26  # weights that a network may have more than its file; then the names that are missing are told


def load(path: str | os.PathLike[str]) -> Network:
    """The network of a file, in eval mode on the CPU.

    Reads our `.safetensors`, the `.pth.tar` of training, and pytracking's published STA and LWL checkpoints.
    Raises FileNotFoundError, or CheckpointError with the file and what to do.
    """
    stored = read(path)
    if stored.constructor is None:
        raise CheckpointError(f"{path}: holds weights alone and does not say of which network; "
                              "make the network with its constructor and use load_weights(net, path)")
    with _no_larger_than(stored.state, str(path)):
        net = _construct(stored.constructor, str(path))
    _assign_either(net, stored.state, str(path))
    return net.eval()


def load_average(paths: Sequence[str | os.PathLike[str]]) -> Network:
    """The network whose weights are the means of those in several files, such as the last epochs of a training.

    All are of one constructor. Counters are the last file's. Otherwise as `load`.
    """
    nets = [load(path) for path in paths]
    for path, net in zip(paths, nets, strict=True):
        if net.constructor != nets[0].constructor:
            raise CheckpointError(f"{path}: a network of {net.constructor}, and {paths[0]} is one of "
                                  f"{nets[0].constructor}; average checkpoints of one training")
    states = [net.state_dict() for net in nets]
    for name, value in states[-1].items():
        if value.is_floating_point():
            value.copy_(torch.stack([state[name] for state in states]).double().mean(dim=0))
    return nets[-1]


def load_weights(net: Network, path: str | os.PathLike[str]) -> None:
    """Loads a file's weights, by our names or the reference's, into a network; a constructor in the file is ignored."""
    _assign_either(net, read(path).state, str(path))


def save(net: Network, path: str | os.PathLike[str], *, half: bool = False) -> None:
    """Writes weights and constructor as `.safetensors`: the whole file under its name, or nothing.

    half: weights of convolutions in half precision, for a file of half the size. It loads as any other, in float32.
    Raises CheckpointError for a folder, and if a weight is too large for half precision.
    """
    from safetensors.torch import save as to_bytes

    constructor = net.constructor
    record = {"module": constructor.fun_module, "function": constructor.fun_name, "keywords": constructor.kwds}
    state = {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    if half:
        state = {name: _halved(name, value) for name, value in state.items()}
    data = to_bytes(state, {CONSTRUCTOR_KEY: json.dumps(record)})
    path = Path(path)
    if path.is_dir():
        raise CheckpointError(f"{path}: a folder; name the file to write in it")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(data)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_reference(net: Network, state_dict: Mapping[str, Tensor]) -> None:
    """Loads a state dict of pytracking's STANet into a box-to-mask network, or of its LWTLNet into a VOS network."""
    assign(net, state_dict, names=key_map(net.state_dict()), source="reference state dict")


def reference_state_dict(net: Network) -> dict[str, Tensor]:
    """The network's weights under the names that pytracking's STANet or LWTLNet loads them by."""
    state = net.state_dict()
    return {theirs: state[ours] for ours, theirs in key_map(state).items()}


def _halved(name: str, value: Tensor) -> Tensor:
    """Biases and the statistics of batch norm stay as they are: they are few, and may be of any size."""
    if value.dim() < 2 or not value.is_floating_point():
        return value
    if not torch.isfinite(value.half()).all():
        raise CheckpointError(f"{name}: a weight of {value.abs().max():g} is none of half precision; save the network "
                              "in full precision, or look at its training")
    return value.half()


def _assign_either(net: Network, state: Mapping[str, Tensor], source: str) -> None:
    own = net.state_dict()
    is_reference = any(name.startswith(REFERENCE_BACKBONE) for name in state)
    assign(net, state, names=key_map(own) if is_reference else {key: key for key in own}, source=source)


@contextmanager
def _no_larger_than(state: Mapping[str, Tensor], source: str) -> Iterator[None]:
    """Raises CheckpointError when a network is made of far more weights than the file has, before it takes the memory.

    A few numbers in a small file may ask for any.
    """
    # As stored: a view may show one number any number of times.
    left = _SLACK + sum(value.untyped_storage().nbytes() // value.element_size() for value in state.values())
    thread = threading.get_ident()

    def count(module: nn.Module, name: str, weight: nn.Parameter | None) -> None:
        nonlocal left
        if weight is not None and threading.get_ident() == thread:
            left -= weight.numel()
            if left < 0:
                raise CheckpointError(f"{source}: weights of another network than its constructor makes, which has far "
                                      "more of them; copy or download the file again")

    with register_module_parameter_registration_hook(count):
        yield


def _construct(stored: StoredConstructor, source: str) -> Network:
    place = said(f"{stored.module}.{stored.function}")
    if stored.module == PACKAGE and stored.function in _OURS:
        make, allowed = _OURS[stored.function]
        keywords = stored.keywords
    elif place in UPSTREAM:
        name, translate = UPSTREAM[place]
        make, allowed = _OURS[name]
        keywords = translate(stored.keywords, source)
    else:
        known = ", ".join([*(f"{PACKAGE}.{name}" for name in _OURS), *UPSTREAM])
        raise CheckpointError(f"{source}: names the constructor {place}, which is refused; known are {known}")
    unknown = [said(name) for name in keywords if name not in allowed]
    if stored.args or unknown:
        raise CheckpointError(f"{source}: {place} does not take {', '.join(unknown[:10]) or 'positional arguments'}; "
                              "make the network with its constructor and use load_weights(net, path)")
    for name, value in keywords.items():
        misfit = _misfit(name, value)
        if misfit is not None:
            raise CheckpointError(f"{source}: {place} does not take {name}={shown(value)}; {misfit}")
    try:
        # JSON has lists for tuples, and constructors are compared.
        return make(**{name: tuple(value) if isinstance(value, list) else value for name, value in keywords.items()})
    except (TypeError, ValueError, IndexError) as error:
        raise CheckpointError(f"{source}: {place} does not take these arguments ({error})") from error


def _misfit(name: str, value: object) -> str | None:
    """What is expected of a constructor's keyword in the place of a value that it cannot have; None if it can."""
    if name == "backbone":
        known = list(constructors.LITE_BACKBONES)
        return None if value in known else f"known are {', '.join(known)}"
    numbers = value if isinstance(value, tuple | list) else [value]
    largest = _LARGEST.get(name, _LARGEST_NUMBER)
    is_possible = all(type(n) is int and 1 <= n <= largest for n in numbers)
    return None if is_possible else f"expected whole numbers from 1 to {largest}"
