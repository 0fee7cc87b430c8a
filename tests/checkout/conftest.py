"""The tests of this folder need a checkout as host and compare it with the standalone one."""

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import boxmask.host

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]


@pytest.fixture(scope="session")
def checkout():
    """The root of the checkout."""
    host = boxmask.host.activate()
    assert not host.is_standalone
    return host.root


@pytest.fixture(scope="session")
def contract_trees():
    """The module `trees.py` of the contract tests: makers of small datasets."""
    specification = importlib.util.spec_from_file_location("contract_trees", HERE.parent / "contract" / "trees.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def host_environment(checkout, tmp_path_factory):
    """(standalone) -> the environment of a process that uses that host and nobody's settings."""
    def make(*, standalone):
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith("BOXMASK_") and name != boxmask.host.ROOT_VARIABLE}
        chosen = {} if standalone else {boxmask.host.ROOT_VARIABLE: str(checkout)}
        return clean | chosen | {
            "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
            "XDG_CONFIG_HOME": str(tmp_path_factory.getbasetemp() / "no_settings_here"),
            "XDG_CACHE_HOME": str(tmp_path_factory.getbasetemp() / "cache"),
            # The lists of splits are part of pytracking; the standalone host reads them from where it is told.
            "BOXMASK_DATA_SPECS_DIR": str(checkout / "ltr" / "data_specs")}
    return make


@pytest.fixture(scope="session")
def observations(host_environment, tmp_path_factory):
    """What `observing/main.py` writes down on each host: {"ours": {module: {key: value}}, "theirs": ...}."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("ours", "theirs")}
    running = {name: subprocess.Popen([sys.executable, str(HERE / "observing" / "main.py"), "dump.pkl"], cwd=folder,
                                      env=host_environment(standalone=name == "ours"), text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
               for name, folder in folders.items()}
    for name, process in running.items():
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, f"{name}: {output[-4000:]}"
    return {name: pickle.loads((folder / "dump.pkl").read_bytes()) for name, folder in folders.items()}
