"""A run that is killed at any moment and started again leaves the same files as one that was not."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import boxmask
from boxmask.generate.owner import Owner

PROJECT = Path(boxmask.__file__).resolve().parents[1]
# Kills; BOXMASK_KILLS=50 is the long form.
KILLS = int(os.environ.get("BOXMASK_KILLS", "6"))


@pytest.fixture
def data(got10k):
    for number in range(8):
        root = got10k(f"GOT-10k_Train_{number + 1:06d}", boxes=["10,8,20,16"] * 11 + ["0,0,0,0"])
    return root


def start(root, out, *more, environment=()):
    arguments = [sys.executable, "-m", "boxmask", "generate", "got10k", "--root", str(root), "--out", str(out),
                 "--method", "grabcut", *more]
    return subprocess.Popen(arguments, cwd=PROJECT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                            env={**os.environ, "OMP_NUM_THREADS": "1", **dict(environment)}, start_new_session=True)


def finish(process, *, timeout=120):
    _, errors = process.communicate(timeout=timeout)
    assert process.returncode == 0, errors


def is_whole(folder, truth):
    return {path.name: path.read_bytes() for path in folder.iterdir()} == truth


def wait_for_work(process, out):
    """Until a worker has a sequence; False if the run ended before."""
    while not any((out / ".boxmask" / "claims").glob("*/*")):
        if process.poll() is not None:
            return False
        time.sleep(0.002)
    return True


def test_killed_and_started_again_the_files_are_the_same(data, tmp_path, tree):
    process = start(data, tmp_path / "truth")
    assert wait_for_work(process, tmp_path / "truth")
    begin = time.monotonic()
    finish(process)
    length = time.monotonic() - begin
    truth, out = tree(tmp_path / "truth"), tmp_path / "out"
    chance = random.Random(7)
    killed = 0
    for _ in range(KILLS):
        process = start(data, out)
        if wait_for_work(process, out):
            time.sleep(chance.uniform(0, 0.5) * length)
            killed += process.poll() is None
            process.kill()
        process.communicate()
        whole = sorted(out.glob("GOT-10k_*"))
        for folder in whole:
            assert is_whole(folder, {Path(name).name: data for name, data in truth.items()
                                     if name.startswith(f"{folder.name}/")})
        if len(whole) > 5:  # so that there is always something to do
            for folder in whole[::2]:
                shutil.rmtree(folder)
    finish(start(data, out))
    assert killed >= KILLS // 2
    assert tree(out) == truth
    assert os.listdir(out / ".boxmask") == ["run.json"]


def test_a_killed_one_of_several_workers_is_replaced_by_the_others(data, tmp_path, tree):
    finish(start(data, tmp_path / "truth"))
    process = start(data, tmp_path / "out", "--workers", "2")
    assert wait_for_work(process, tmp_path / "out")
    claim = next((tmp_path / "out" / ".boxmask" / "claims").glob("*/*"))
    os.kill(Owner.parse(claim.name).pid, signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "was killed by signal 9; the others do what it had" in errors
    assert tree(tmp_path / "out") == tree(tmp_path / "truth")


def test_workers_started_apart_do_each_sequence_once(data, tmp_path, tree):
    finish(start(data, tmp_path / "truth"))
    processes = [start(data, tmp_path / "out", "--log", str(tmp_path / f"{number}.log")) for number in range(4)]
    for process in processes:
        finish(process)
    done = "".join(path.read_text() for path in tmp_path.glob("*.log")).count('"event": "sequence"')
    assert done == 8
    assert tree(tmp_path / "out") == tree(tmp_path / "truth")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("raised", "said"), [
    ("MemoryError('no room')", "boxmask: error: out of memory (no room); use fewer --workers"),
    ("cv2.error('too many pixels')", "boxmask: error: too many pixels"),
    ("no_memory", "boxmask: error: out of memory (no pixels); use fewer --workers"),
])
def test_an_error_that_ends_a_worker_is_the_line_that_a_run_alone_says(data, tmp_path, workers, raised, said):
    """Raised where the second frame is read, in whichever process."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "def hear(event, arguments):\n"
        "    if event == 'open' and str(arguments[0]).endswith('00000002.jpg'):\n"
        "        import cv2\n"
        "        no_memory = cv2.error('no\\npixels')\n"
        "        no_memory.code = cv2.Error.StsNoMem\n"
        f"        raise {raised}\n"
        "sys.addaudithook(hear)\n")
    process = start(data, tmp_path / "out", "--workers", workers,
                    environment={"PYTHONPATH": os.pathsep.join((str(tmp_path), str(PROJECT)))})
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith(said) and "Traceback" not in errors


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_all_workers_and_leaves_nothing_half(data, tmp_path, sent):
    out = tmp_path / "out"
    process = start(data, out, "--workers", "2")
    assert wait_for_work(process, out)
    os.killpg(process.pid, sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (130 if sent == signal.SIGINT else 143), errors
    finish(start(data, out))
    assert os.listdir(out / ".boxmask") == ["run.json"]
