"""Processes in which the file system fails, or which are killed, at a step of the test's choice.

A *step* is whatever changes something under one folder: a file opened for writing, data written, fsync, rename, link,
mkdir, unlink, rmdir. They are counted by Python's audit events, so that a new write in the code is a new step of the
test. The steps happen in a fork of this process, which may be killed as any other.
"""

from __future__ import annotations

import builtins
import faulthandler
import io
import itertools
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

# Events with their paths among the arguments (docs.python.org/3/library/audit_events.html).
_EVENTS = {"os.rename": 2, "os.link": 2, "os.mkdir": 1, "os.remove": 1, "os.rmdir": 1, "os.truncate": 1}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_OS_ERROR, _OTHER_ERROR, _LONGEST = 3, 4, 120


@dataclass
class Ended:
    """How a child ended. reason: the traceback of the error that it ended with."""

    was_killed: bool
    code: int
    reason: str = ""

    @property
    def had_os_error(self) -> bool:
        """Whether it ended with an error of the file system, as it should where that fails."""
        return self.code == _OS_ERROR

    @property
    def is_foreseen(self) -> bool:
        return self.was_killed or self.code in (0, _OS_ERROR)


class Fault:
    """Strikes at step number `at` (from 1) under `root`: the process is killed, or the step fails with `error`.

    lasts: every later step that needs room on the disk fails too. Data that are being written are half written then.
    """

    def __init__(self, root: Path, at: int | None = None, *, error: int | None = None, lasts: bool = False) -> None:
        self.root = str(root)
        self.at, self.error, self.lasts = at, error, lasts
        self.steps = 0
        self._lock = threading.Lock()

    def install(self) -> None:
        """For the rest of this process's life."""
        sys.addaudithook(self._hear)
        self._open, self._fsync = builtins.open, os.fsync
        builtins.open = io.open = self._opened
        os.fsync = self._synchronised

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
            self._step(arguments[:1], needs_room=True)
        elif event in _EVENTS:
            self._step(arguments[:_EVENTS[event]], needs_room=event in ("os.mkdir", "os.link"))

    def _opened(self, file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
        stream = self._open(file, mode, *arguments, **keywords)
        if set(mode) & set("wax+") and self._concerns((file,)):
            write = stream.write

            def write_by_halves(data: Any) -> Any:
                def half() -> None:
                    write(data[:len(data) // 2])
                    stream.flush()

                self._step((file,), needs_room=True, before=half)
                return write(data)

            stream.write = write_by_halves
        return stream

    def _synchronised(self, descriptor: int) -> None:
        self._step((os.readlink(f"/proc/self/fd/{descriptor}"),), needs_room=True)
        self._fsync(descriptor)

    def _concerns(self, paths: tuple[Any, ...]) -> bool:
        return any(isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(self.root)
                   for path in paths)

    def _step(self, paths: tuple[Any, ...], *, needs_room: bool, before: Callable[[], None] = lambda: None) -> None:
        if not self._concerns(paths):
            return
        with self._lock:
            self.steps += 1
            strikes = self.steps == self.at or (self.lasts and needs_room and self.at is not None
                                                and self.steps > self.at)
        if not strikes:
            return
        before()
        if self.error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(self.error, os.strerror(self.error), os.fsdecode(paths[0]))


def in_child(call: Callable[[], Any], fault: Fault | None = None, *, seconds: int = _LONGEST) -> Ended:
    """Makes a call in a fork of this process and waits for its end, which is an error after `seconds` (0: never)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _live(call, fault, writer, seconds)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8", errors="replace") as said:
        reason = said.read()
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return Ended(killed, os.waitstatus_to_exitcode(status), reason)


def _live(call: Callable[[], Any], fault: Fault | None, writer: int, seconds: int) -> None:
    """The child's life, from which nothing returns to the tests."""
    code = _OTHER_ERROR
    try:
        if seconds:  # it tells where it hangs
            faulthandler.dump_traceback_later(seconds, exit=True, file=writer)
        cv2.setNumThreads(0)  # its threads are the parent's
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        if fault is not None:
            fault.install()
        call()
        code = 0
    except BaseException as error:  # noqa: BLE001 -- the parent is told
        code = _OS_ERROR if isinstance(error, OSError) else _OTHER_ERROR
        os.write(writer, traceback.format_exc().encode())
    finally:
        os._exit(code)


def at_every_step(call: Callable[[], Any], root: Path, prepare: Callable[[], None] = lambda: None, *, first: int = 1,
                  every: int = 1, **fault: Any) -> Iterator[tuple[int, Ended]]:
    """(step, how it ended) of a child for each step of the call, with the fault at that step, until there are no more.

    prepare: called before each. first, every: only these steps.
    """
    for at in itertools.count(first, every):
        prepare()
        counting = Fault(root, at, **fault)
        ended = in_child(lambda: (call(), _require_reached(counting)), counting)  # noqa: B023 -- called at once
        if not ended.was_killed and ended.code == _OTHER_ERROR and "NotReached" in ended.reason:
            return
        yield at, ended


class NotReached(Exception):  # noqa: N818 -- no error: the call has fewer steps
    """The call ended before the step of its fault."""


def _require_reached(fault: Fault) -> None:
    if fault.steps < fault.at:
        raise NotReached
