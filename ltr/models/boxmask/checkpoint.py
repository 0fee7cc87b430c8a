"""Checkpoints: networks to files and back, and weights to and from the reference networks' names.

A constructor that a file names is looked up in a closed table and its arguments are checked; a file cannot make this
package import or call anything else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path

from torch import Tensor

from . import constructors
from .boxmasknet import BoxMaskNet
from .config import PACKAGE, BoxMaskWidths, Widths
from .files import CONSTRUCTOR_KEY, CheckpointError, StoredConstructor, read
from .reference import REFERENCE_BACKBONE, key_map
from .upstream import UPSTREAM
from .vosnet import VosNet
from .weights import assign, load_backbone

__all__ = ["CheckpointError", "load", "load_backbone", "load_reference", "load_weights", "reference_state_dict", "save"]

Network = BoxMaskNet | VosNet

_OURS: dict[str, tuple[Callable[..., Network], type[Widths]]] = {
    "boxmask_resnet50": (constructors.boxmask_resnet50, BoxMaskWidths),
    "boxmask_lite": (constructors.boxmask_lite, BoxMaskWidths),
    "vos_resnet50": (constructors.vos_resnet50, Widths),
    "vos_lite": (constructors.vos_lite, Widths),
}
_LARGEST_NUMBER = 8192  # of channels or iterations; a wrong number must not ask for all memory


def load(path: str | os.PathLike[str]) -> Network:
    """The network of a file, in eval mode on the CPU.

    Reads our `.safetensors`, the `.pth.tar` of training, and pytracking's published STA and LWL checkpoints.
    Raises FileNotFoundError, or CheckpointError with the file and what to do.
    """
    stored = read(path)
    if stored.constructor is None:
        raise CheckpointError(f"{path}: holds weights alone and does not say of which network; "
                              "make the network with its constructor and use load_weights(net, path)")
    net = _construct(stored.constructor, str(path))
    _assign_either(net, stored.state, str(path))
    return net.eval()


def load_weights(net: Network, path: str | os.PathLike[str]) -> None:
    """Loads a file's weights, by our names or the reference's, into a network; a constructor in the file is ignored."""
    _assign_either(net, read(path).state, str(path))


def save(net: Network, path: str | os.PathLike[str]) -> None:
    """Writes weights and constructor as `.safetensors`: the whole file under its name, or nothing."""
    from safetensors.torch import save as to_bytes

    constructor = net.constructor
    record = {"module": constructor.fun_module, "function": constructor.fun_name, "keywords": constructor.kwds}
    state = {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    data = to_bytes(state, {CONSTRUCTOR_KEY: json.dumps(record)})
    path = Path(path)
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


def _assign_either(net: Network, state: Mapping[str, Tensor], source: str) -> None:
    own = net.state_dict()
    is_reference = any(name.startswith(REFERENCE_BACKBONE) for name in state)
    assign(net, state, names=key_map(own) if is_reference else {key: key for key in own}, source=source)


def _construct(stored: StoredConstructor, source: str) -> Network:
    place = f"{stored.module}.{stored.function}"
    if stored.module == PACKAGE and stored.function in _OURS:
        make, widths = _OURS[stored.function]
        keywords = stored.keywords
    elif place in UPSTREAM:
        name, translate = UPSTREAM[place]
        make, widths = _OURS[name]
        keywords = translate(stored.keywords, source)
    else:
        known = ", ".join([*(f"{PACKAGE}.{name}" for name in _OURS), *UPSTREAM])
        raise CheckpointError(f"{source}: names the constructor {place}, which is refused; known are {known}")
    allowed = {"iterations", *(f.name for f in fields(widths))}
    unknown = [str(name) for name in keywords if name not in allowed]
    if stored.args or unknown:
        raise CheckpointError(f"{source}: {place} does not take {', '.join(unknown) or 'positional arguments'}; "
                              "make the network with its constructor and use load_weights(net, path)")
    for name, value in keywords.items():
        numbers = value if isinstance(value, tuple | list) else [value]
        if not all(type(n) is int and 1 <= n <= _LARGEST_NUMBER for n in numbers):
            raise CheckpointError(f"{source}: {place} does not take {name}={value!r}; expected whole numbers from 1 to "
                                  f"{_LARGEST_NUMBER}")
    try:
        return make(**keywords)
    except (TypeError, ValueError, IndexError) as error:
        raise CheckpointError(f"{source}: {place} does not take these arguments ({error})") from error
