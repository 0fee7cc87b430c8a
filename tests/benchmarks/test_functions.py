"""The benchmarks of single functions still run: each once, without a clock."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_function_is_called_and_answers_right():
    command = [sys.executable, "-m", "pytest", "benchmarks/functions.py", "--benchmark-disable", "-p",
               "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "14 passed" in done.stdout, done.stdout + done.stderr
