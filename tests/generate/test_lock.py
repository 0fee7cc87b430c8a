"""The lock of the record: one at a time, and nobody who is gone holds it."""

import multiprocessing
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from boxmask.generate import lock
from boxmask.generate.claims import Claims, take_free
from boxmask.generate.lock import locked
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.owner import Owner, machine
from boxmask.generate.settings import Record, Settings, enter, read_record

NUMBER = 8


@pytest.fixture
def out(tmp_path):
    return OutFolder(tmp_path / "out")


def source(number):
    return {"layout": "folder", "arguments": {"frames": f"/x/{number}"}, "sequence": f"s{number}"}


def join(root, number, start):
    out = OutFolder(root)
    start.wait()
    enter(out, Record(Settings("folder", "box"), (source(number),), None, (f"s{number}",)), out.workers / str(number))


def test_commands_that_start_at_once_are_all_on_record(out):
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(NUMBER)
    processes = [fork.Process(target=join, args=(out.root, number, start)) for number in range(NUMBER)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * NUMBER
    record = read_record(out)
    assert record.sequences == tuple(f"s{number}" for number in range(NUMBER))
    assert list(record.sources) == [source(number) for number in range(NUMBER)]
    assert not out.lock.exists()


def held_by(owner, out):
    """What a process leaves that is killed in the block."""
    assert take_free(out.lock, owner, out.workers / "made")


def dead_owner():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return Owner(machine(), process.pid, 1, "0" * 12)


def seconds_to_enter(out):
    begin = time.monotonic()
    with locked(out.lock, out.workers / "me"):
        assert len(os.listdir(out.lock)) == 1
    assert not out.lock.exists()
    return time.monotonic() - begin


def test_who_died_on_this_machine_loses_the_lock_at_once(out):
    held_by(dead_owner(), out)
    assert seconds_to_enter(out) < 2


def test_who_is_silent_elsewhere_loses_it_after_a_while(out, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.5)
    held_by(replace(Owner.new(), machine="0" * 16), out)
    assert 0.5 <= seconds_to_enter(out) < 5


def test_who_lost_the_lock_does_not_take_it_from_the_next(out, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.1)
    slow, quick = (locked(out.lock, out.workers / name) for name in ("slow", "quick"))
    slow.__enter__()
    with quick:
        holder = os.listdir(out.lock)
        slow.__exit__(None, None, None)
        assert os.listdir(out.lock) == holder
    assert not out.lock.exists()


def test_a_lock_of_a_dead_process_goes_with_the_next_run_even_if_that_writes_no_record(out):
    held_by(dead_owner(), out)
    with Claims(out):
        pass
    assert not out.root.exists() or not list(out.root.rglob("*"))
