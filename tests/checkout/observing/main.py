"""Writes down what the host of this process does with fixed seeds: `python main.py OUTPUT`, in an empty folder.

The host is the checkout that PYTRACKING_ROOT names, or the one that comes with boxmask. The modules `observe_*.py`
beside this file have generators of pairs of a label and a value; those with a leading underscore are parts of others.
OUTPUT is a pickle of `{module: {"generator: label": value}}`, in which tensors are arrays.
"""

import importlib
import inspect
import pickle
import random
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
TESTS = HERE.parents[1]


def plain(value):
    """Tensors as arrays, mappings as dicts, tuples as lists, whatever their class is."""
    if torch.is_tensor(value):
        return value.detach().contiguous().numpy().copy()
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def seed(number):
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def next_numbers():
    """The next number of each source of randomness: equal only if equally many were drawn before."""
    return random.random(), np.random.rand(), torch.rand(1)


def attempt(function, *arguments, **options):
    """The function's value, or the class of its exception."""
    try:
        return function(*arguments, **options)
    except Exception as error:  # noqa: BLE001  (which one it is is the observation)
        return f"raises {type(error).__name__}"


def observe(module):
    found = {}
    for name, function in inspect.getmembers(module, inspect.isgeneratorfunction):
        if name.startswith("_") or function.__module__ != module.__name__:
            continue
        seed(0)
        for label, value in function():
            key = f"{name}: {label}"
            assert key not in found, f"two observations are named {key!r}"
            found[key] = plain(value)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    # The observing modules import these functions from `main`, which is this file under another name.
    sys.modules["main"] = sys.modules[__name__]
    sys.path[:0] = [str(HERE), str(TESTS / "contract"), str(TESTS / "standalone" / "toy")]
    importlib.import_module("launch").activate_toys()
    # A listed difference, of which all that is made of masks would differ; `observe_images` has it for itself.
    importlib.import_module("ltr.data.processing_utils").MASK_RESIZE = "nearest"
    dump = {path.stem: observe(importlib.import_module(path.stem)) for path in sorted(HERE.glob("observe_*.py"))}
    Path(sys.argv[1]).write_bytes(pickle.dumps(dump))
