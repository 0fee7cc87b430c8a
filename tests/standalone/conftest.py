"""Toy networks, runs and trackers, and a home folder of their own for every test."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

TOY = Path(__file__).parent / "toy"


def _import(name):
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, TOY / f"{name.removeprefix('toy_')}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


_import("toy_launch").activate_toys()


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """No settings of the person who runs the tests, and the workspace in a temporary folder."""
    for name in [name for name in os.environ if name.startswith("BOXMASK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def settings():
    """Settings of a run `ltr/toy/plain`, without TensorBoard."""
    from ltr.admin.settings import Settings

    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "toy", "plain", "ltr/toy/plain"
    settings.env.tensorboard_dir = ""
    return settings


@pytest.fixture
def checkpoints(settings):
    """The folder of the checkpoints of that run."""
    return Path(settings.env.workspace_dir, "checkpoints", settings.project_path)


@pytest.fixture
def toy_trainer():
    """Makes the trainer of a run; see toy/training.py."""
    return _import("toy_training").toy_trainer


@pytest.fixture
def toy_actor(monkeypatch):
    """The actor's class."""
    actor = _import("toy_training").ToyActor
    monkeypatch.setattr(actor, "nan_at", None)
    return actor


@pytest.fixture
def command():
    """The start of a command line, and its environment, that runs a host's main function in another process."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    return [sys.executable, str(TOY / "launch.py")], environment
