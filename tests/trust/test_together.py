"""Several at once on one output folder: workers, versions, clocks, and the same bytes whatever happens."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import boxmask
from boxmask.generate import job as jobs
from boxmask.generate import manifest, settings, verify, writer
from boxmask.generate.claims import Claims
from boxmask.generate.outcomes import FrameResult, Outcome
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.settings import SettingsError

BOX = "10,8,20,16"


@pytest.fixture
def data(got10k):
    for number in range(12):
        root = got10k(f"S{number:02d}", boxes=[BOX, "0,0,0,0", BOX])
    return root


def test_eight_workers_do_each_sequence_once_and_leave_the_same_bytes(data, tmp_path, job, tree, faults):
    """Eight processes at the same moment, three of which are killed on the way."""
    assert faults.in_child(job(data, tmp_path / "truth").run).code == 0
    out = tmp_path / "out"
    done = tmp_path / "done"

    def work():
        def tell(event):
            if event["event"] == "sequence":
                with open(done, "a") as file:
                    file.write(f"{event['name']}\n")
        job(data, out).run(tell=tell)

    pids = []
    for number in range(8):
        pid = os.fork()
        if pid == 0:
            faults._live(work, faults.Fault(out, 40) if number < 3 else None, os.open(os.devnull, os.O_WRONLY), 120)
        pids.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    assert set(codes) <= {0, -signal.SIGKILL} and codes.count(0) >= 5
    assert tree(out) == tree(tmp_path / "truth")
    names = done.read_text().split()
    # What one had made it may not have told before it was killed.
    assert len(names) == len(set(names)) >= 12 - codes.count(-signal.SIGKILL)


def test_sequences_that_are_replaced_at_once_do_not_meet(got10k, tmp_path, job, monkeypatch):
    """Each needs a place for what it replaces while it takes its name."""
    for name in "AB":
        root = got10k(name, boxes=[BOX])
    dataset = job(root).prepare().dataset
    job(root).run()
    out = OutFolder(tmp_path / "out")
    used = settings.read_record(out).settings
    with Claims(out) as claims:
        one, other = (writer.SequenceWriter(claims, claims.claim(name), dataset.read(name), used) for name in "AB")
        for each in (one, other):
            each.add(FrameResult(0, Outcome.ABSENT, "", (64, 48), np.zeros((48, 64), np.uint8)))
        require = writer.require_replaceable

        def meanwhile(folder):
            monkeypatch.setattr(writer, "require_replaceable", require)
            monkeypatch.setattr(writer, "remove_tree", lambda path: None)  # not yet
            other.publish()
            require(folder)

        monkeypatch.setattr(writer, "require_replaceable", meanwhile)
        one.publish()
    for name in "AB":
        assert manifest.read(out.sequence(name)).header.counts == {Outcome.ABSENT: 1}


def test_two_versions_share_a_folder_as_long_as_they_make_the_same_masks(data, tmp_path, job, tree, monkeypatch):
    job(data, tmp_path / "truth").run()
    first = tuple(sorted(path.name for path in data.iterdir() if path.is_dir()))[:5]
    job(data, sequences=first).run()
    older = boxmask.__version__
    monkeypatch.setattr(boxmask, "__version__", "0.2")
    job(data).run()
    assert verify.verify(tmp_path / "out").faults == ()
    said = [manifest.read_header(tmp_path / "out" / name).version for name in sorted(os.listdir(data))[:12]]
    assert said == [older] * 5 + ["0.2"] * 7
    masks = {name: content for name, content in tree(tmp_path / "out").items() if name.endswith((".png", ".csv"))}
    assert masks == {name: content for name, content in tree(tmp_path / "truth").items() if name in masks}
    assert len(masks) == 12 * 4


@pytest.mark.parametrize("newer", ["masks", "record", "manifest"])
def test_a_version_that_makes_other_masks_or_records_is_told_apart_and_changes_nothing(data, tmp_path, job, tree,
                                                                                      monkeypatch, newer):
    with monkeypatch.context() as later:
        if newer == "masks":
            later.setattr(jobs, "Settings", lambda *a, **k: settings.Settings(*a, **k, mask_format=2))
        elif newer == "record":
            later.setattr(settings, "FORMAT", 2)
        else:
            later.setattr(manifest, "FORMAT", 2)
        job(data).run()
    before = tree(tmp_path / "out")
    if newer == "manifest":
        found = job(data).run()
        assert len(found.failed) == 12 and "a manifest of format 2" in next(iter(found.failed.values())).reason
        with pytest.raises(manifest.ManifestError, match="update boxmask"):
            manifest.read(tmp_path / "out" / "S00")
    else:
        with pytest.raises(SettingsError, match="mask format is 1 and was 2|a record of format 2"):
            job(data).run()
    assert tree(tmp_path / "out") == before


@pytest.mark.parametrize("jump", [-1e9, 1e9, "to and fro"])
def test_clocks_that_jump_change_no_byte(data, tmp_path, job, tree, monkeypatch, jump):
    job(data, tmp_path / "truth").run()
    now = time.time
    turns = iter(range(10 ** 9))
    monkeypatch.setattr(time, "time",
                        lambda: now() + (jump if isinstance(jump, float) else 1e6 * (next(turns) % 3 - 1)))
    job(data).run()
    for folder in (tmp_path / "out").rglob("*"):
        os.utime(folder, (time.time(),) * 2)
    shutil.rmtree(tmp_path / "out" / "S03")
    job(data).run()
    assert verify.verify(tmp_path / "out").faults == ()
    assert tree(tmp_path / "out") == tree(tmp_path / "truth")


def test_the_same_machine_and_flags_give_the_same_bytes(got10k, tmp_path, is_long):
    """Processes of different hash seeds, in other folders; the long form with the network too."""
    root = got10k("A", boxes=[BOX] * 3)
    for method in ("grabcut", "network") if is_long else ("grabcut",):
        first, second = (_made_by_command(root, tmp_path / f"{method}{seed}", method, seed) for seed in "12")
        assert first == second and len(first) == 6


def _made_by_command(root, out, method, seed):
    command = [sys.executable, "-m", "boxmask", "generate", "got10k", "--root", str(root), "--out", str(out),
               "--method", method]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(boxmask.__file__).parents[1],
                          env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_all_workers_dead_is_an_error_and_the_next_run_goes_on(data, tmp_path, job, tree, monkeypatch):
    from boxmask.generate import workers

    job(data, tmp_path / "truth").run()
    whole = workers._environment
    monkeypatch.setattr(workers, "_environment", lambda *a: {**whole(*a), "PYTHONPATH": str(tmp_path)})
    (tmp_path / "sitecustomize.py").write_text("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(workers.WorkerError, match=r"worker [01] was killed by signal 9"):
        workers.run(job(data), workers=2)
    monkeypatch.undo()
    workers.run(job(data))
    assert tree(tmp_path / "out") == tree(tmp_path / "truth")
