"""Who works on something: a process, told apart from every other one on every machine that shares the folder."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PATTERN = re.compile(r"([0-9a-f]{16})-(\d+)-(\d+)-([0-9a-f]{12})")


@dataclass(frozen=True)
class Owner:
    """A process, and a random part, so that a process may be several owners one after the other.

    machine: a hash of what a process number means something on; start: when the process started, in the machine's own
    ticks, which tells it from a later one of the same number (0 where the system does not say).
    """

    machine: str
    pid: int
    start: int
    random: str

    @classmethod
    def new(cls) -> Owner:
        """An owner that is this process."""
        return cls(machine(), os.getpid(), _start_of(os.getpid()) or 0, uuid.uuid4().hex[:12])

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """The owner of a name that `str(owner)` gave, None if it is not one."""
        match = _PATTERN.fullmatch(text)
        return None if match is None else cls(match[1], int(match[2]), int(match[3]), match[4])

    def __str__(self) -> str:
        return f"{self.machine}-{self.pid}-{self.start}-{self.random}"

    def is_known_dead(self) -> bool:
        """Whether the process ran on this machine and does not any more. Nothing is known of other machines."""
        if self.machine != machine():
            return False
        start = _start_of(self.pid)
        return start is None or (self.start != 0 and start != 0 and start != self.start)


@cache
def machine() -> str:
    """A name of this machine, its current uptime, and, in a container, the space of its process numbers."""
    parts = [socket.gethostname()]
    boot = Path("/proc/sys/kernel/random/boot_id")
    if boot.is_file():
        parts += [boot.read_text(encoding="ascii"), os.readlink("/proc/self/ns/pid")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _start_of(pid: int) -> int | None:
    """When a process of this machine started, 0 if that cannot be told, None if it does not run."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _is_running(pid)  # no /proc, or one that hides the processes of others
    # The name of the program comes in brackets and may hold anything; the fields after it are plain (proc(5)).
    fields = text[text.rfind(")") + 1:].split()
    return None if fields[0] in "ZX" else int(fields[19])


def _is_running(pid: int) -> int | None:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        pass
    return 0
