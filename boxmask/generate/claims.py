"""Who does which sequence: workers that share nothing but the output folder agree on it by renaming files.

A claim is a folder `claims/<sequence>/` with one empty file in it, named for its owner; the file's time is the owner's
heartbeat. All that happens to it is atomic on one machine and over NFS, without locks:

- *claim*: the folder is made elsewhere with the file in it, and renamed into place, which fails where one is;
- *take over* a stale claim: the file is renamed from the old owner's name to the new one's, which one process alone can
  do, as for the others the old name is gone;
- *lost*: the owner's file is gone when it wants to touch it. Its work is then dropped.

Times are those of the filesystem: a heartbeat is compared with a file that was just touched there, never with the clock
of this machine. Since that clock may jump too, a claim must also have been seen without a heartbeat for a while.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from boxmask.generate.defaults import CLAIM_TIMEOUT
from boxmask.generate.outfolder import OutFolder, in_folder, remove_tree
from boxmask.generate.owner import Owner

logger = logging.getLogger(__name__)

# Heartbeats in the time after which a claim without one is stale, and how many of them must be missed while watched.
_BEATS = 20
_WATCHED_BEATS = 2


class ClaimLost(RuntimeError):  # noqa: N818 -- no error: another worker has the sequence
    """This worker was silent for so long that another took its sequence over."""


@dataclass
class Claim:
    """A sequence that is this process's to do, as long as `is_held`."""

    name: str
    file: Path
    is_lost: bool = False

    def touch(self) -> bool:
        """The heartbeat; False if the claim is another's now."""
        try:
            os.utime(self.file)
        except FileNotFoundError:
            self.is_lost = True
        except OSError as error:  # a server that does not answer for a moment takes nothing away
            logger.warning("%s: no heartbeat: %s", self.name, error)
        return not self.is_lost

    def require(self) -> None:
        """Raises `ClaimLost` if the claim is another's now."""
        if not self.touch():
            raise ClaimLost(f"{self.name}: another worker has taken it over, after more than the --claim-timeout "
                            "without a heartbeat from this one")


@dataclass
class _Sighting:
    owner: str
    beat: float
    since: float


class Claims:
    """The claims of one process, which a thread keeps alive while the `with` block lasts."""

    def __init__(self, out: OutFolder, *, timeout: float = CLAIM_TIMEOUT) -> None:
        self.out = out
        self.owner = Owner.new()
        self.scratch = out.workers / str(self.owner)
        self.timeout = timeout
        self._held: dict[str, Claim] = {}
        self._seen: dict[str, _Sighting] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Claims:
        in_folder(self.scratch, lambda: None)
        self._thread.start()
        return self

    def __exit__(self, error: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        for claim in list(self._held.values()):
            self.release(claim)
        self._sweep()
        remove_tree(self.scratch)
        self.out.remove_empty()

    def claim(self, name: str) -> Claim | None:
        """The claim of a sequence, or None if another worker has it."""
        folder = self.out.claims / name
        holder = holder_of(folder)
        if holder is None:
            claimed = take_free(folder, self.owner, self.scratch / "claim")
        else:
            claimed = self._is_stale(name, holder) and self._take_over(folder, holder)
        if not claimed:
            return None
        claim = Claim(name, folder / str(self.owner))
        self._held[name] = claim
        self._seen.pop(name, None)
        # Whatever earlier owners were writing: this one starts anew, and they find their folder gone.
        remove_tree(self.out.partial / name)
        return claim

    def release(self, claim: Claim) -> None:
        """Gives a claim back, with what is left of its work."""
        self._held.pop(claim.name, None)
        if claim.touch():
            remove_tree(self.out.partial / claim.name)
            with suppress(FileNotFoundError):
                claim.file.unlink()
        # Empty unless another's claim has taken the place.
        for folder in (self.out.partial / claim.name, self.out.claims / claim.name):
            with suppress(OSError):
                folder.rmdir()

    def _take_over(self, folder: Path, holder: str) -> bool:
        is_ours = take_over(folder, holder, self.owner)
        if is_ours:
            logger.info("%s: taken over from a worker that is gone", folder.name)
        return is_ours

    def _is_stale(self, name: str, holder: str) -> bool:
        owner = Owner.parse(holder)
        if owner is not None and owner.is_known_dead():
            return True
        try:
            beat = (self.out.claims / name / holder).stat().st_mtime
        except FileNotFoundError:
            return False
        now = time.monotonic()
        seen = self._seen.get(name)
        if seen is None or (seen.owner, seen.beat) != (holder, beat):
            self._seen[name] = _Sighting(holder, beat, now)
            return False
        watched = now - seen.since
        return watched >= self.timeout or (watched >= _WATCHED_BEATS * self.timeout / _BEATS
                                           and self._filesystem_time() - beat >= self.timeout)

    def _filesystem_time(self) -> float:
        clock = self.scratch / "clock"
        in_folder(self.scratch, clock.touch)
        return clock.stat().st_mtime

    def _beat(self) -> None:
        while not self._stop.wait(self.timeout / _BEATS):
            for claim in list(self._held.values()):
                claim.touch()
            with suppress(OSError):
                self._filesystem_time()

    def _sweep(self) -> None:
        """Removes what workers that are gone left behind, where nobody has come to need it."""
        for name in _list(self.out.claims):
            holder = holder_of(self.out.claims / name)
            if holder is not None and self._is_stale(name, holder) and self._take_over(self.out.claims / name, holder):
                self.release(Claim(name, self.out.claims / name / str(self.owner)))
        for entry in _left_by_the_dead(self.out.lock):
            entry.unlink(missing_ok=True)
        for folder in (self.out.workers, *(self.out.partial / name for name in _list(self.out.partial))):
            for entry in _left_by_the_dead(folder):
                remove_tree(entry)
            with suppress(OSError):
                folder.rmdir()


def holder_of(folder: Path) -> str | None:
    """The name of the owner's file in the folder of a claim, None if it is free."""
    return min(_list(folder), default=None)


def take_free(folder: Path, owner: Owner, made: Path) -> bool:
    """Makes the folder of a claim by way of the folder `made`, elsewhere; False if another has it."""
    in_folder(made, (made / str(owner)).touch)
    try:
        in_folder(folder.parent, lambda: made.rename(folder))
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def take_over(folder: Path, holder: str, owner: Owner) -> bool:
    """Makes the claim of an owner that is gone another's; False if somebody was quicker."""
    try:
        os.utime(folder / holder)  # first, so that nobody finds the new owner's file with the old time
        (folder / holder).rename(folder / str(owner))
    except FileNotFoundError:
        return False
    return True


def _left_by_the_dead(folder: Path) -> Iterator[Path]:
    """What is named for an owner that is gone."""
    for entry in _list(folder):
        owner = Owner.parse(entry)
        if owner is not None and owner.is_known_dead():
            yield folder / entry


def _list(folder: Path) -> list[str]:
    with suppress(FileNotFoundError):
        return os.listdir(folder)
    return []
