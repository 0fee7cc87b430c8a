"""The output folder of a run: which file is where in it, and how a small file gets there whole.

`OUT/<sequence>/` holds what is done. `OUT/.boxmask/` holds the record of the run, `run.json`, and, while it runs or
where something failed, the state of its workers; when all is done, `run.json` alone is left of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from boxmask.generate import manifest
from boxmask.readers.images import is_folder

STATE = ".boxmask"
# How often a folder is made anew that others remove as they end: each time takes one of them, within microseconds.
_TRIES = 10

T = TypeVar("T")


class OutputError(ValueError):
    """The output folder, or a folder in it, is in the way; the message says why and what to do."""


class OutFolder:
    """Paths in an output folder. Nothing is made before it is needed."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).absolute()
        if self.root.exists() and not self.root.is_dir():
            raise OutputError(f"{root} is a file, and masks go into a folder; choose another --out")
        self.state = self.root / STATE
        self.run_file = self.state / "run.json"
        self.claims = self.state / "claims"
        self.partial = self.state / "partial"
        self.failed = self.state / "failed"
        self.redo = self.state / "redo"
        self.workers = self.state / "workers"
        self.lock = self.state / "lock"
        self._whole: set[str] = set()

    def sequence(self, name: str) -> Path:
        """The folder of a sequence: there when it is whole, and only then."""
        return self.root / name

    def published(self) -> set[str]:
        """The names of the folders of sequences."""
        if not self.root.is_dir():
            return set()
        with os.scandir(self.root) as entries:
            return {entry.name for entry in entries if not entry.name.startswith(".") and is_folder(entry)}

    def done(self) -> set[str]:
        """The names of the sequences that are there, with their manifests, and not to be made again."""
        # What was whole stays so: a server of files is asked for each manifest once, and not each second.
        self._whole = {name for name in self.published() if name in self._whole or self.has_manifest(name)}
        return self._whole - self.marked(self.redo)

    def is_done(self, name: str) -> bool:
        """Whether a sequence is one of those that are `done`, by now."""
        return self.has_manifest(name) and not (self.redo / name).exists()

    def has_manifest(self, name: str) -> bool:
        """Whether a folder is one of a sequence, damaged or not."""
        return os.path.isfile(self.sequence(name) / manifest.FILE_NAME)  # False too where one may not look

    def marked(self, folder: Path) -> set[str]:
        """The names of the sequences that have something in one of the state's folders."""
        suffix = ".json" if folder == self.failed else ""
        with suppress(FileNotFoundError):
            return {name.removesuffix(suffix) for name in os.listdir(folder)}
        return set()

    def remove_empty(self) -> None:
        """Removes the folders of the state that nothing is left in."""
        for folder in (self.claims, self.partial, self.failed, self.redo, self.workers, self.lock, self.state):
            with suppress(OSError):
                folder.rmdir()


def version(path: Path) -> tuple[int, ...] | None:
    """What tells one version of a file from the next, None where there is none.

    It is opened for that: only then is a server of files asked.
    """
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def in_folder(folder: Path, step: Callable[[], T]) -> T:
    """Takes a step in a folder that is made for it, once more where others removed the folder in between as empty."""
    for _ in range(_TRIES - 1):
        with suppress(FileNotFoundError, FileExistsError):  # that one if it went while it was looked at
            folder.mkdir(parents=True, exist_ok=True)
            return step()
    folder.mkdir(parents=True, exist_ok=True)
    return step()


def write_whole(path: Path, text: str, scratch: Path) -> None:
    """Writes a file so that nobody ever sees it half, by way of the folder `scratch` of the same filesystem."""
    temporary = scratch / path.name

    def write() -> None:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    in_folder(scratch, write)
    in_folder(path.parent, lambda: os.replace(temporary, path))


def sync_folder(path: Path) -> None:
    """Makes the names in a folder survive a power cut; where folders cannot be synchronised, nothing is done."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_tree(path: Path) -> None:
    """Removes a folder with all that is in it, which others may be removing or filling too."""
    shutil.rmtree(path, ignore_errors=True)


def require_apart(out: Path, source: Path, *, inside: bool = True) -> None:
    """Raises `OutputError` if what is made would go to the folder it is made from, or (`inside`) anywhere in it."""
    target, origin = out.resolve(), source.resolve()
    if target == origin or (inside and origin in target.parents):
        raise OutputError(f"{out} is in {source}, which is only read; choose an --out outside of it")
