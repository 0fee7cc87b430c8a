"""Mask files that appear under their folder's name all at once, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np

from boxmask import masks


class OutputError(ValueError):
    """The output folder is in the way; the message says why and what to do."""


class SequenceWriter:
    """Writes the masks of one sequence into `folder`.

    The masks go to a hidden folder beside it, `.NAME.partial`, which takes the name when the `with` block ends well and
    goes away when it does not. What a killed run left behind is removed by the next one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.partial = self.folder.with_name(f".{self.folder.name}.partial")
        self._retired = self.folder.with_name(f".{self.folder.name}.old")

    def __enter__(self) -> SequenceWriter:
        self._discard()
        self.partial.mkdir(parents=True)
        return self

    def __exit__(self, error: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        try:
            if error is None:
                self._publish()
        finally:
            self._discard()

    def write(self, stem: str, mask: np.ndarray) -> None:
        """Writes the mask (H, W) of the frame called `stem`."""
        path = self.partial / f"{stem}.png"
        try:
            path.write_bytes(masks.encode(mask))
        except OSError as error:
            # A full disk is met while writing, where Python does not add the name of the file.
            raise OSError(error.errno, error.strerror, str(path)) from error

    def _publish(self) -> None:
        if self.folder.is_dir():
            self.folder.rename(self._retired)
        self.partial.rename(self.folder)

    def _discard(self) -> None:
        if self._retired.is_dir() and not self.folder.exists():
            self._retired.rename(self.folder)  # killed between the two renames: the old masks are the whole ones
        for leftover in (self.partial, self._retired):
            if leftover.is_dir():
                shutil.rmtree(leftover)


def require_apart(out: Path, source: Path, *, inside: bool = True) -> None:
    """Raises `OutputError` if masks would go to the folder they are made from, or (`inside`) anywhere in it."""
    target, origin = out.resolve(), source.resolve()
    if target == origin or (inside and origin in target.parents):
        raise OutputError(f"{out} is in {source}, from which the masks are made; choose an --out outside of it")


def is_finished(folder: Path, stems: Iterable[str]) -> bool:
    """Whether `folder` already holds the masks of all frames. Raises `OutputError` if it holds something else."""
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file, and masks go into a folder; choose another --out")
    found = {path.name for path in folder.iterdir()}
    expected = {f"{stem}.png" for stem in stems}
    if not found:
        return False
    if expected - found:
        raise OutputError(f"{folder} is there and holds no mask {min(expected - found)}; remove the folder, choose "
                          "another --out, or replace it with --overwrite")
    return True


def require_replaceable(folder: Path) -> None:
    """Raises `OutputError` unless a folder that is to be overwritten is absent or holds nothing but PNG files."""
    if not folder.is_dir():
        if folder.exists():
            raise OutputError(f"{folder} is a file, and masks go into a folder; choose another --out")
        return
    others = sorted(path.name for path in folder.iterdir() if path.suffix != ".png" or not path.is_file())
    if others:
        raise OutputError(f"{folder} also holds {others[0]}, which --overwrite would delete; remove it or choose "
                          "another --out")
