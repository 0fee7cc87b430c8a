"""An output folder through any order of runs, kills, damage, verification and repair."""

import os
import random
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from boxmask.generate import verify
from boxmask.generate.job import Job
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.source import Source

NAMES = ("A", "B", "C")
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def read(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def make_data(root):
    for number, name in enumerate(NAMES):
        (root / name).mkdir(parents=True)
        for frame in (1, 2):
            image = np.full((24, 32, 3), 40 * number + frame, np.uint8)
            (root / name / f"{frame:08d}.jpg").write_bytes(cv2.imencode(".jpg", image)[1].tobytes())
        (root / name / "groundtruth.txt").write_text("3,4,9,8\n0,0,0,0\n")
    (root / "list.txt").write_text("\n".join(NAMES))


@pytest.fixture
def machine(faults):
    """The class of a machine: its folder starts empty, and `truth` is what a run without faults leaves in it.

    All work is done in children. This process has no thread, as a fork may find a lock of OpenCV held by one that ends.
    """

    class Folder(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.home = Path(tempfile.mkdtemp(dir=MEMORY, prefix="boxmask-"))
            make_data(self.home / "data")
            self.out = self.home / "out"
            self.job = Job(Source("got10k", {"root": str(self.home / "data")}), str(self.out), method="box")
            self.spoiled = set()

        @initialize()
        def learn_the_truth(self):
            self.in_child(self.job.run)
            self.truth = read(self.out)
            shutil.rmtree(self.out)

        def teardown(self):
            shutil.rmtree(self.home)

        @rule()
        def run(self):
            def run_to_the_end():
                ledger = self.job.run()
                self.leave_out_what_was_made_again()
                assert ledger.is_complete or self.spoiled

            self.in_child(run_to_the_end)
            self.leave_out_what_was_made_again()
            if not self.spoiled:
                assert read(self.out) == self.truth

        @rule(step=st.integers(1, 90), overwrite=st.booleans())
        def run_and_kill(self, step, overwrite):
            ended = faults.in_child(lambda: self.job.run(overwrite=overwrite), faults.Fault(self.out, step))
            assert ended.is_foreseen, ended.reason
            self.leave_out_what_was_made_again()

        @rule(step=st.integers(1, 90), error=st.sampled_from([28, 5, 30]))
        def run_on_a_bad_disk(self, step, error):
            ended = faults.in_child(self.job.run, faults.Fault(self.out, step, error=error, lasts=error != 5))
            assert ended.is_foreseen, ended.reason
            self.leave_out_what_was_made_again()

        @rule(name=st.sampled_from(NAMES), how=st.sampled_from(["flip", "cut", "empty", "remove", "add", "folder"]),
              seed=st.integers(0, 1000))
        def spoil(self, name, how, seed):
            folder = self.out / name
            if not folder.is_dir():
                return
            chance = random.Random(seed)
            paths = sorted(folder.iterdir())
            path = chance.choice(paths)
            if how == "remove" and {other.suffix for other in paths if other != path} <= {".png"}:
                return  # without any record they may be masks of others
            data = bytearray(path.read_bytes())
            if how == "folder":
                shutil.rmtree(folder)
            elif how == "remove":
                path.unlink()
            elif how == "add":
                (folder / "surplus.png").write_bytes(b"x")
            elif how == "flip" and data:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
                path.write_bytes(data)
            else:
                path.write_bytes(data[:len(data) // 2] if how == "cut" else b"")
            if self.is_spoiled(name):
                self.spoiled.add(name)
            else:
                self.spoiled.discard(name)

        @rule()
        def verify_and_repair(self):
            if not OutFolder(self.out).run_file.exists():
                return

            def repair_what_is_found():
                report = verify.verify(self.out)
                assert self.spoiled <= {fault.sequence for fault in report.faults}
                for job in verify.repair(self.out, report.to_repair):
                    job.run()
                assert verify.verify(self.out).faults == ()

            self.in_child(repair_what_is_found)
            self.spoiled.clear()
            # Those that were never there are told apart, as a run that was killed may not have come to them.
            assert read(self.out) == self.truth

        def in_child(self, call):
            ended = faults.in_child(call)
            assert ended.code == 0, ended.reason

        def leave_out_what_was_made_again(self):
            """As a run with `overwrite` does, or the next one where that was killed. Others are as they were."""
            self.spoiled = {name for name in self.spoiled if self.is_spoiled(name)}

        def is_spoiled(self, name):
            folder = self.out / name
            return folder.is_dir() and {f"{name}/{file}": data for file, data in read(folder).items()} != {
                file: data for file, data in self.truth.items() if file.startswith(f"{name}/")}

        @invariant()
        def what_nobody_has_spoiled_is_whole(self):
            if self.out.exists():
                assert {name for name in NAMES if self.is_spoiled(name)} <= self.spoiled

    return Folder


def test_a_folder_is_whole_after_any_history(machine, is_long):
    run_state_machine_as_test(machine, settings=settings(
        deadline=None, max_examples=300 if is_long else 12, stateful_step_count=30 if is_long else 10,
        derandomize=not is_long))
