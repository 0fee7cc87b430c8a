"""Which mends a true checkout needs: each that it does not need any more should go."""

import os
import subprocess
import sys
from pathlib import Path

import boxmask.compat

IMPORT_ALL = """
import importlib, sys
import boxmask.compat, boxmask.host
boxmask.host.activate()
for name in sorted({mend.module for mend in boxmask.compat.known()}):
    importlib.import_module(name)
print("\\n".join(boxmask.compat.applied()))
"""
# Needed or not by what is installed: torchvision, jpeg4py, tikzplotlib, a GPU.
DEPENDING = {"B3", "B6", "B7", "B14", "use_gpu"}


def test_every_mend_is_needed_by_the_checkout(tmp_path):
    project = Path(boxmask.compat.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(project), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, cwd=tmp_path,
                          env=environment)
    assert done.returncode == 0, done.stderr
    needed = set(done.stdout.splitlines())
    assert {str(mend) for mend in boxmask.compat.known() if mend.number not in DEPENDING} <= needed
