"""The paths of the host's environment, and small datasets to put there.

The tests of this folder run against whichever host is active: they import `ltr` and `pytracking` names only.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

_ATTRIBUTES = ("davis_dir", "davis16_dir", "davis_testdev_dir", "youtubevos_dir", "got10k_dir", "lasot_dir",
               "trackingnet_dir", "workspace_dir", "tensorboard_dir", "pretrained_networks")


@pytest.fixture
def configure(monkeypatch, tmp_path):
    """Sets paths of the host's environment: `configure(got10k_dir=path)`.

    The standalone host reads environment variables, a checkout the class in its `ltr/admin/local.py`.
    """
    settings = dict.fromkeys(_ATTRIBUTES, "")
    local = ModuleType("ltr.admin.local")
    local.EnvironmentSettings = type("EnvironmentSettings", (), {
        "__init__": lambda self: vars(self).update(settings)})
    monkeypatch.setitem(sys.modules, "ltr.admin.local", local)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no_settings_here"))
    for name in ("local", *_ATTRIBUTES):
        monkeypatch.delenv(f"BOXMASK_{name.upper()}", raising=False)

    def set_paths(**paths):
        for name, path in paths.items():
            settings[name] = str(path)
            monkeypatch.setenv(f"BOXMASK_{name.upper()}", str(path))

    return set_paths


@pytest.fixture
def trees():
    """The module `trees.py` beside this file."""
    specification = importlib.util.spec_from_file_location("trees", Path(__file__).with_name("trees.py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
