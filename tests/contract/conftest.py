"""The paths of the host's environment, and small datasets to put there.

The tests of this folder run against whichever host is active: they import `ltr` and `pytracking` names only.
"""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

TOY = Path(__file__).parents[1] / "standalone" / "toy"


def _import(name, path):
    """A module of these tests under a name of its own; test folders are not packages."""
    if name not in sys.modules:
        specification = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(sys.modules[name])
    return sys.modules[name]


_import("toy_launch", TOY / "launch.py").activate_toys()


@pytest.fixture
def configure(monkeypatch, tmp_path):
    """Sets paths of the host's environment: `configure(got10k_dir=path)`; nobody's settings are read."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no_settings_here"))
    for name in [name for name in os.environ if name.startswith("BOXMASK_")]:
        monkeypatch.delenv(name)

    def set_paths(**paths):
        for name, path in paths.items():
            monkeypatch.setenv(f"BOXMASK_{name.upper()}", str(path))

    return set_paths


@pytest.fixture
def trees():
    """The module `trees.py` beside this file."""
    return _import("contract_trees", Path(__file__).with_name("trees.py"))


@pytest.fixture
def toy():
    """The module `training.py` of the toy run: an actor, data, and a trainer of a network of one layer."""
    return _import("toy_training", TOY / "training.py")
