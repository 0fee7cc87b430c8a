"""The demo's training step: in a process of its own, on sample clips whatever else is configured."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import boxmask
from boxmask import demo, host

SCRIPT = """
import os, pathlib, sys
workspace = pathlib.Path(os.environ["BOXMASK_WORKSPACE_DIR"])
(workspace / "seen.txt").write_text(" ".join(sys.argv[1:]) + "\\n" + "\\n".join(sorted(os.environ)))
"""
SAVES = """
folder = workspace / "checkpoints/ltr/boxmask/samples"
folder.mkdir(parents=True)
for epoch in (1, 2, 10):
    (folder / f"BoxMaskNet_ep{epoch:04d}.pth.tar").write_bytes(b"")
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """make(more) -> out: a project whose run_training.py is `SCRIPT` and more."""
    def make(more):
        (tmp_path / "run_training.py").write_text(SCRIPT + more)
        monkeypatch.setattr(host, "overlay_root", lambda: tmp_path)
        (tmp_path / "out").mkdir()
        return tmp_path / "out"
    return make


def test_the_newest_checkpoint_of_a_training_without_datasets_is_used(project, monkeypatch):
    monkeypatch.setenv("BOXMASK_DAVIS_DIR", "/data/DAVIS")
    monkeypatch.setenv("PYTRACKING_ROOT", "/pytracking")
    out = project(SAVES)
    assert demo.train(out).name == "BoxMaskNet_ep0010.pth.tar"
    arguments, *variables = (out / "training" / "seen.txt").read_text().splitlines()
    assert arguments == "boxmask default"
    assert {"BOXMASK_LOCAL", "BOXMASK_WORKSPACE_DIR"} <= set(variables)
    assert not {"BOXMASK_DAVIS_DIR", "PYTRACKING_ROOT"} & set(variables)


def test_the_demos_file_of_paths_is_what_the_host_reads(project, monkeypatch):
    from ltr.admin.environment import env_settings

    out = project(SAVES)
    demo.train(out)
    monkeypatch.setenv("BOXMASK_LOCAL", str(out / "training" / "paths.py"))
    assert env_settings().davis_dir == "" and env_settings().youtubevos_dir == ""


def test_what_is_not_of_a_demo_stays(tmp_path):
    (tmp_path / "samples" / "frames").mkdir(parents=True)
    (tmp_path / "samples" / "mine.txt").write_text("mine")
    (tmp_path / "net").touch()
    with pytest.raises(demo.DemoError, match=r"samples: has files that are not of a demo; choose another --out"):
        demo.run(tmp_path, checkpoint=tmp_path / "net", num_sequences=1)
    assert (tmp_path / "samples" / "mine.txt").read_text() == "mine"


def test_a_training_that_fails_or_leaves_nothing_ends_the_demo(project, tmp_path):
    out = project("sys.exit(3)")
    with pytest.raises(demo.DemoError, match="exit code 3"):
        demo.train(out)
    (tmp_path / "run_training.py").write_text(SCRIPT)
    with pytest.raises(demo.DemoError, match="left no checkpoint"):
        demo.train(out)
    (tmp_path / "run_training.py").unlink()
    with pytest.raises(demo.DemoError, match=r"run_training\.py.*--checkpoint"):
        demo.train(out)


@pytest.fixture
def running(project, tmp_path):
    """running(more) -> out, process: the command `boxmask demo` whose training is `more` and has begun."""
    def start(more):
        out = project(more)
        # The activator needs the true overlay: activate before the demo finds the false script.
        code = (f"import pathlib, sys\nfrom boxmask import cli, host\nhost.activate()\n"
                f"host.overlay_root = lambda: pathlib.Path({str(tmp_path)!r})\n"
                f"sys.exit(cli.main(['demo', '--out', {str(out)!r}]))")
        environment = {**os.environ, "PYTHONPATH": str(Path(boxmask.__file__).resolve().parents[1])}
        process = subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True,
                                   stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 50
        while not (out / "training" / "running").is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        return out, process
    return start


def test_ctrl_c_lets_the_training_save_and_exits_with_130(running):
    out, process = running("""
import signal, time
try:
    (workspace / "running").write_bytes(b"")
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(1)
    (workspace / "saved").write_bytes(b"")
    sys.exit(130)
""")
    with process:
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=90)
    assert process.returncode == 130, errors
    assert (out / "training" / "saved").is_file()


def test_a_demo_that_is_told_to_end_ends_its_training_too(running):
    _, process = running("""
import time
(workspace / "running").write_bytes(b"")
time.sleep(60)
""")
    with process:
        process.terminate()
        _, errors = process.communicate(timeout=50)  # the training holds the pipe too, until it ends
    assert process.returncode == 143, errors
