"""Claims: one worker has a sequence, a dead or silent one loses it, and no clock is trusted."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from boxmask.generate.claims import Claims
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.owner import Owner, machine


@pytest.fixture
def out(tmp_path):
    return OutFolder(tmp_path / "out")


@pytest.fixture
def open_claims(out):
    """make(timeout, elsewhere=False) -> Claims; elsewhere: of a process on another machine, without a heartbeat."""
    opened = []

    def make(timeout=600.0, *, elsewhere=False):
        claims = Claims(out, timeout=timeout)
        if elsewhere:
            claims.owner = replace(claims.owner, machine="0" * 16)
            claims.scratch = out.workers / str(claims.owner)
            claims.scratch.mkdir(parents=True)
        else:
            claims.__enter__()
            opened.append(claims)
        return claims

    yield make
    for claims in opened:
        if not claims._stop.is_set():
            claims.__exit__(None, None, None)


def files(out):
    return sorted(str(path.relative_to(out.root)) for path in out.root.rglob("*")) if out.root.exists() else []


def dead_owner():
    """An owner whose process has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return Owner(machine(), process.pid, 1, "0" * 12)


def leave(out, owner, name="A"):
    """What a killed worker leaves behind."""
    (out.claims / name).mkdir(parents=True)
    (out.claims / name / str(owner)).touch()
    (out.partial / name / str(owner)).mkdir(parents=True)
    (out.partial / name / str(owner) / "00000001.png").write_bytes(b"half")
    (out.workers / str(owner)).mkdir(parents=True)
    return out.claims / name / str(owner)


def test_one_of_two_has_a_sequence_until_it_gives_it_back(open_claims, out):
    one, other = open_claims(), open_claims()
    held = one.claim("A")
    assert held is not None and other.claim("A") is None and other.claim("B") is not None
    one.release(held)
    assert other.claim("A") is not None
    for claims in (one, other):
        claims.__exit__(None, None, None)
    assert files(out) == []


def test_of_many_at_once_each_sequence_goes_to_one(open_claims):
    names = [f"{number:03d}" for number in range(40)]
    workers = [open_claims() for _ in range(6)]
    got = [[] for _ in workers]
    start = threading.Barrier(len(workers))

    def work(claims, mine):
        start.wait()
        mine += [name for name in names if claims.claim(name) is not None]

    threads = [threading.Thread(target=work, args=pair) for pair in zip(workers, got, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sum(got, [])) == names


def test_what_a_dead_process_of_this_machine_had_is_free_at_once(open_claims, out):
    leave(out, dead_owner())
    claims = open_claims()
    assert claims.claim("A") is not None
    assert not list(out.partial.rglob("*.png"))
    claims.__exit__(None, None, None)
    assert files(out) == []


def test_a_later_process_of_the_same_number_is_not_taken_for_the_owner(open_claims, out):
    running = Owner.new()
    leave(out, replace(running, start=running.start + 1))
    leave(out, running, "B")
    claims = open_claims()
    assert claims.claim("A") is not None and claims.claim("B") is None


def test_what_dead_workers_left_is_removed_by_the_next_run_even_if_nobody_needs_it(open_claims, out):
    leave(out, dead_owner())
    open_claims().__exit__(None, None, None)
    assert files(out) == []


def test_a_silent_worker_elsewhere_loses_its_claim_after_the_timeout_and_to_one_alone(open_claims, out):
    silent = open_claims(elsewhere=True)
    held = silent.claim("A")
    takers = [open_claims(timeout=1.0), open_claims(timeout=1.0)]
    assert [claims.claim("A") for claims in takers] == [None, None]
    time.sleep(1.1)
    taken = [claims.claim("A") for claims in takers]
    assert [claim is None for claim in taken].count(False) == 1
    assert not held.touch() and held.is_lost
    winner = next(claim for claim in taken if claim is not None)
    assert winner.touch()
    silent.release(held)  # too late, and takes nothing from the new owner
    assert winner.touch()


def test_a_living_worker_elsewhere_keeps_its_claim(open_claims):
    living = open_claims(elsewhere=True)
    held = living.claim("A")
    other = open_claims(timeout=1.0)
    for _ in range(15):
        assert other.claim("A") is None
        assert held.touch()
        time.sleep(0.1)


def test_the_heartbeat_keeps_a_claim_fresh(open_claims, out):
    claims = open_claims(timeout=1.0)
    held = claims.claim("A")
    os.utime(held.file, (0, 0))
    deadline = time.monotonic() + 5
    while held.file.stat().st_mtime == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert held.file.stat().st_mtime > 0


@pytest.mark.parametrize("jump", [-1e6, 1e6], ids=["back", "forth"])
def test_a_clock_that_jumps_takes_no_claim_from_a_living_worker(open_claims, jump):
    """The heartbeat comes with a wrong time, but it comes."""
    living = open_claims(elsewhere=True)
    held = living.claim("A")
    other = open_claims(timeout=1.0)
    for beat in range(15):
        now = time.time() + jump + beat
        os.utime(held.file, (now, now))
        assert other.claim("A") is None
        time.sleep(0.1)


def test_a_dead_workers_claim_from_the_future_comes_free_too(open_claims):
    dead = open_claims(elsewhere=True)
    held = dead.claim("A")
    os.utime(held.file, (time.time() + 1e6,) * 2)
    other = open_claims(timeout=1.0)
    assert other.claim("A") is None
    time.sleep(1.1)
    assert other.claim("A") is not None


@pytest.mark.parametrize(("raised", "is_dead"), [(PermissionError, False), (ProcessLookupError, True), (None, False)])
def test_a_process_that_the_system_hides_is_not_taken_for_a_dead_one(monkeypatch, raised, is_dead):
    """As /proc does with those of other users where it is mounted with hidepid."""
    def kill(pid, number):
        assert number == 0
        if raised:
            raise raised

    owner = replace(Owner.new(), pid=2**22 + 1)
    monkeypatch.setattr(os, "kill", kill)
    assert owner.is_known_dead() is is_dead


def test_a_number_that_no_process_can_have_is_of_a_dead_one():
    assert replace(Owner.new(), pid=10**30).is_known_dead()


def test_owners_have_names_that_are_read_back():
    owner = Owner.new()
    assert Owner.parse(str(owner)) == owner and not owner.is_known_dead()
    assert not replace(owner, machine="f" * 16, pid=2**22 + 1).is_known_dead()
    assert Owner.parse("something else") is None
    assert Owner.new() != owner
