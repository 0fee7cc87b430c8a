"""The data and helpers of `tests/generate`, and how thorough the tests are."""

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import pytest


def _of(name, path):
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


_generate = _of("boxmask_generate_conftest", Path(__file__).parents[1] / "generate" / "conftest.py")
got10k, davis, tree, files, inside_net = (_generate.got10k, _generate.davis, _generate.tree, _generate.files,
                                          _generate.inside_net)
job, run_with, memory_sequence = _generate.job, _generate.run_with, _generate.memory_sequence


@pytest.fixture
def tmp_path(tmp_path):
    """A folder in memory where there is such, for runs by the hundred, each of which waits for the disk."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="boxmask-") as folder:
        yield Path(folder)


@pytest.fixture
def is_long():
    """Whether the long form was asked for, as by `make trust`."""
    return bool(os.environ.get("BOXMASK_TRUST"))
