"""A lock for what takes milliseconds, on filesystems that machines share: a folder with one file, as a claim is one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from boxmask.generate.claims import holder_of, take_free, take_over
from boxmask.generate.owner import Owner

# Seconds that another holder may take, and between two looks whether it is done.
PATIENCE = 10.0
_POLL = 0.02


@contextmanager
def locked(folder: Path, scratch: Path) -> Iterator[None]:
    """Lets nobody else into a block with this `folder` while the block runs. scratch: a folder of this process's own.

    Who died in the block on this machine loses the lock at once, and anybody else who does not leave it in `PATIENCE`
    seconds of this machine's clock, so that one that was killed never holds up the others for longer.
    """
    owner = Owner.new()
    _take(folder, owner, scratch / str(owner))
    try:
        yield
    finally:
        with suppress(OSError):  # another's by now, or another has made it anew
            (folder / str(owner)).unlink()
            folder.rmdir()


def _take(folder: Path, owner: Owner, made: Path) -> None:
    """Waits until the lock is the owner's."""
    seen, since = "", 0.0
    while True:
        holder = holder_of(folder)
        if holder is None:
            if take_free(folder, owner, made):
                return
            continue  # another was quicker
        if holder != seen:
            seen, since = holder, time.monotonic()
        if _is_gone(holder, time.monotonic() - since) and take_over(folder, holder, owner):
            return
        time.sleep(_POLL)


def _is_gone(holder: str, seconds: float) -> bool:
    owner = Owner.parse(holder)
    return seconds >= PATIENCE or (owner is not None and owner.is_known_dead())
