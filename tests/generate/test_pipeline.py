"""Reading ahead and writing behind: the same events and files as without, bounded, in order, and no error is lost."""

import gc
import itertools
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

from boxmask.boxes import Window
from boxmask.evaluate.baselines import filled_box
from boxmask.generate import helpers as helper_threads
from boxmask.generate import run as runs
from boxmask.generate.engine import generate_masks
from boxmask.generate.helpers import Helpers, WriteBehind, num_processors
from boxmask.generate.masker import Scores
from boxmask.generate.network import NetworkMasker
from boxmask.generate.outcomes import FrameDone, SequenceDone, SequenceFailed
from boxmask.generate.plan import WindowOptions


class Filling:
    """Fills boxes; fails at a box that starts at `fail_view`."""

    batch = 2
    is_on_processors = False
    smoothing = 0

    def __init__(self, fail_view=None, error=RuntimeError):
        self.fail_view, self.error = fail_view, error
        self.alive, self.peak, self.lock = weakref.WeakSet(), 0, threading.Lock()

    def view(self, image, box):
        if box[0] == self.fail_view:
            raise self.error("no view of it")
        view = Seen(image.shape[1::-1])
        with self.lock:
            self.alive.add(view)
            self.peak = max(self.peak, len(self.alive))
        return view

    def solve(self, windows, keep, *, batch=1):
        return [[Scores(np.ones((1, 1), np.float32), Window(0, 0, *window[place].size)) for place in keep]
                for window in windows]


class Seen:
    def __init__(self, size):
        self.size = size


def told(events):
    """All that a test can compare of events."""
    return [(event.sequence.name, event.result.index, event.result.outcome, event.result.reason,
             event.result.mask.tobytes()) if isinstance(event, FrameDone)
            else (event.sequence.name, type(event), getattr(event, "reason", "")) for event in events]


def sequences(memory_sequence):
    boxes = np.full((40, 1, 4), 10.0)
    boxes[7, 0] = (-30, 0, 5, 5)
    return [memory_sequence("v" * 40, boxes=boxes, name="outside"), memory_sequence("", name="nothing"),
            memory_sequence("vavi" * 9, "avvv" * 9, name="two"), memory_sequence("a", name="absent"),
            memory_sequence("vvvv", sizes=["bad"] * 4, name="unreadable"),
            memory_sequence("v" * 30, box=(13, 8, 9, 9), sizes=[(64, 48)] * 9 + ["bad"] + [(50, 40)] * 20, name="last")]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("options", [WindowOptions(), WindowOptions("sliding", 5, 2), WindowOptions("chunk", 1, 1)])
@pytest.mark.parametrize("fail_view", [None, 13])
def test_the_events_are_the_same_with_any_number_of_helpers(memory_sequence, count, options, fail_view):
    masker = Filling(fail_view)
    alone = told(generate_masks(iter(sequences(memory_sequence)), masker, options))
    with Helpers(masker, count) as helpers:
        assert told(generate_masks(iter(sequences(memory_sequence)), masker, options, helpers=helpers)) == alone
    failed = {entry[0] for entry in alone if entry[1] is SequenceFailed}
    assert "unreadable" in failed and (len(failed) > 1) == (fail_view is not None)


@pytest.mark.parametrize("count", [1, 4])
def test_no_more_is_read_ahead_than_a_block_of_windows(memory_sequence, count):
    long, other, third = (memory_sequence("v" * length, name=str(length)) for length in (200, 3, 100))
    with Helpers(filled_box, count) as helpers:
        events = generate_masks(iter([long, other, third]), filled_box, WindowOptions(window=3, stride=2),
                                helpers=helpers)
        for number, event in enumerate(events):
            time.sleep(0.001)
            if isinstance(event, FrameDone) and event.sequence is long and number < 150:
                assert len(long.frames.loaded) <= number + 3 * 2 * 3 + 1  # a block, one more of up to 1.5, and ahead
                assert not third.frames.loaded
    assert len(third.frames.loaded) == 100


def test_frames_that_are_no_files_are_read_one_after_the_other(memory_sequence):
    sequence = memory_sequence("v" * 100)
    reading, read, expected = threading.Lock(), sequence.frames.load, itertools.count()

    def load(index):
        assert reading.acquire(blocking=False) and index == next(expected)
        time.sleep(0.0005)
        reading.release()
        return read(index)

    sequence.frames.load = load
    with Helpers(filled_box, 4) as helpers:
        events = list(generate_masks(iter([sequence]), filled_box, helpers=helpers))
    assert isinstance(events[-1], SequenceDone) and next(expected) == 100


def test_files_are_read_by_several_helpers_at_once(memory_sequence):
    sequence = memory_sequence("v" * 10)
    both, read = threading.Barrier(2, timeout=30), sequence.frames.load

    def load(index):
        both.wait()
        return read(index)

    sequence.frames.load, sequence.frames.paths = load, ()
    with Helpers(filled_box, 2) as helpers:
        events = list(generate_masks(iter([sequence]), filled_box, helpers=helpers))
    assert isinstance(events[-1], SequenceDone)


def test_that_chosen_frames_are_files_is_found_out_once(memory_sequence):
    asked = []

    class Paths(tuple):
        def __getitem__(self, index):
            asked.append(index)
            return super().__getitem__(index)

    sequence = memory_sequence("v" * 40)
    sequence.frames.paths = Paths(range(40))
    chosen = sequence.select(range(0, 40, 2)).select(range(10))
    with Helpers(filled_box, 2) as helpers:
        list(generate_masks(iter([chosen]), filled_box, helpers=helpers))
    assert asked == list(range(0, 40, 2))


def test_an_error_in_a_helper_says_its_frame_and_an_unforeseen_one_ends_the_run(memory_sequence):
    boxes = np.full((9, 1, 4), 10.0)
    boxes[5, 0, 0] = 2
    sequence = memory_sequence("v" * 9, boxes=boxes, name="bad")
    for error in (RuntimeError, KeyError):
        masker = Filling(2, error)
        with Helpers(masker, 2) as helpers:
            events = generate_masks(iter([sequence, memory_sequence("v")]), masker, WindowOptions(window=1, stride=1),
                                    helpers=helpers)
            if error is KeyError:
                with pytest.raises(KeyError, match="no view of it"):
                    list(events)
                continue
            ends = [event for event in events if not isinstance(event, FrameDone)]
        assert [type(end) for end in ends] == [SequenceFailed, SequenceDone]
        assert ends[0].reason == "frame 00005: no view of it" and ends[0].sequence is sequence


def test_memory_does_not_grow_with_the_length(memory_sequence):
    masker, sequence = Filling(), memory_sequence("v" * 10_000)
    sequence.frames.load = lambda index: np.zeros((6, 8, 3), np.uint8)
    with Helpers(masker, 2) as helpers:
        results = sum(isinstance(event, FrameDone) for event in generate_masks(iter([sequence]), masker,
                                                                               helpers=helpers))
    gc.collect()
    assert results == 10_000 and masker.peak <= 45 * 3 + 20 and not masker.alive


def test_what_is_written_behind_comes_back_in_order_with_its_error_and_bounded():
    running, most, lock = 0, 0, threading.Lock()

    def call(number):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002 * (number % 3))
        with lock:
            running -= 1
        if number == 4:
            raise OSError("the disk is full")
        return number

    found = []
    with Helpers(filled_box, 3) as helpers:
        behind = WriteBehind(helpers, 5)
        for number in range(30):
            behind.add(number, lambda number=number: call(number))
            found += behind.made()
            assert len(list(behind)) <= 5
        found += behind.made(is_last=True)
    assert [item for item, _ in found] == list(range(30)) and most <= 3
    assert [item for item, future in found if future.exception() is not None] == [4]
    assert found[7][1].result() == 7


@pytest.mark.parametrize("count", [1, 4])
def test_files_are_the_same_with_any_number_of_helpers(got10k, tmp_path, job, tree, monkeypatch, count):
    for number in range(5):
        root = got10k(f"S{number}", boxes=["10,8,20,16"] * (number * 7) + ["0,0,0,0", "nan,1,2,3"])
    job(root, out=tmp_path / "truth").run()
    monkeypatch.setattr(runs, "Helpers", lambda masker: Helpers(masker, count))
    write = Path.write_bytes

    def slowly(path, data):
        time.sleep(len(data) % 5 / 2000)
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", slowly)
    assert job(root).run().is_complete
    assert tree(tmp_path / "out") == tree(tmp_path / "truth")


def test_no_thread_is_left_after_a_run(got10k, job):
    before = threading.active_count()
    job(got10k()).run()
    assert threading.active_count() == before


def test_as_many_helpers_as_processors_but_one_beside_a_network_that_has_them_all(inside_net, monkeypatch):
    monkeypatch.setattr(helper_threads, "num_processors", lambda: 6)
    for masker, expected in ((filled_box, 6), (NetworkMasker(inside_net()), 1)):
        with Helpers(masker) as helpers:
            assert helpers.count == expected


def test_the_command_has_idle_threads_sleep_before_pytorch_reads_how_they_wait(got10k, tmp_path, monkeypatch):
    code = ("import os, sys; from boxmask.cli import main; assert 'torch' not in sys.modules; code = main(); "
            "print(code, os.environ['OMP_WAIT_POLICY'])")
    command = [sys.executable, "-c", code, "generate", "got10k", "--root", str(got10k()), "--method", "box", "--out"]
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    for chosen, expected in ((None, "PASSIVE"), ("ACTIVE", "ACTIVE")):
        if chosen is not None:
            monkeypatch.setenv("OMP_WAIT_POLICY", chosen)
        found = subprocess.run([*command, str(tmp_path / expected)], capture_output=True, text=True, check=False,
                               cwd=Path(runs.__file__).parents[2])
        assert found.stdout.splitlines()[-1] == f"0 {expected}", found.stderr


def test_processes_share_the_processors(monkeypatch):
    monkeypatch.setattr(helper_threads.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for size, expected in (("", 8), ("1", 8), ("3", 2), ("16", 1)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", size or "1")
        assert num_processors() == expected
