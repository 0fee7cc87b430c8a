"""Workers are stopped together, and their errors are told as they are."""

import subprocess
import sys
import time

import pytest

from boxmask.cli import main
from boxmask.generate import workers

STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); sys.stdin.read()"


def test_workers_that_do_not_end_share_one_time_to_do_so(job, monkeypatch):
    monkeypatch.setattr(workers, "_PATIENCE", 0.5)
    monkeypatch.setattr(workers, "_start", lambda rank, count: subprocess.Popen(
        [sys.executable, "-c", STUBBORN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    with workers._started(job("root"), 4) as processes:
        for process in processes:
            process.stdout.readline()
        begin = time.monotonic()
    assert time.monotonic() - begin < 1.5
    assert all(process.returncode == -9 for process in processes)


def test_debug_shows_where_in_a_worker_an_error_was(got10k, tmp_path, monkeypatch):
    """The record of the run becomes a folder before they start, so that each fails where it reads it."""
    root = got10k("A")
    started = workers._started

    def broken(job, count):
        run_file = tmp_path / "out" / ".boxmask" / "run.json"
        run_file.unlink()
        run_file.mkdir()
        return started(job, count)

    monkeypatch.setattr(workers, "_started", broken)
    with pytest.raises(Exception, match="run.json") as caught:
        main(["--debug", "generate", "got10k", "--root", str(root), "--out", str(tmp_path / "out"), "--method", "box",
              "--workers", "2"])
    assert "Traceback" in str(caught.value.__cause__) and "settings.py" in str(caught.value.__cause__)
