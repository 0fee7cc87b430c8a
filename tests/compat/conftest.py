"""A small checkout with pytracking's faults, written for these tests, and programs that run on it in processes of
their own: this one has its host already.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
_LONGEST = 300  # seconds; workers that end at once are started again for ever


@pytest.fixture
def checkout(tmp_path):
    """The folder of a fresh checkout, without either local.py."""
    return Path(shutil.copytree(Path(__file__).with_name("checkout"), tmp_path / "checkout",
                                ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def run(checkout, tmp_path):
    """Runs Python, with code or the path of a program and its arguments, with the checkout as host; in an empty
    working folder `work` of the temporary one, without settings of the person who runs the tests.
    """
    def start(*arguments, path=(), **variables):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BOXMASK_")}
        environment = {**clean, "PYTHONPATH": os.pathsep.join(map(str, [PROJECT, *path])), "OMP_NUM_THREADS": "1",
                       "PYTRACKING_ROOT": str(checkout), "XDG_CONFIG_HOME": str(tmp_path / "config"), **variables}
        (tmp_path / "work").mkdir(exist_ok=True)
        return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True,
                              cwd=tmp_path / "work", env=environment, timeout=_LONGEST)
    return start
