"""Targets of an export that appear under their name when they are whole, and not before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boxmask.export.masks import ExportError
from boxmask.generate.outfolder import remove_tree, require_apart, sync_folder
from boxmask.signals import sigterm_raises


@contextmanager
def whole(target: Path, source: Path) -> Iterator[Path]:
    """A path beside `target` for a file or a folder, which gets the name `target` when the block ends well.

    Where it does not, what was written is removed. Raises `ExportError` where there is something already, and
    `OutputError` where the target is in `source`.
    """
    require_apart(target, source)
    if os.path.lexists(target):
        raise ExportError(f"{target} is there already; remove it, or choose another --out")
    partial = target.absolute().with_name(f".{target.name}.partial-{os.getpid()}")
    partial.parent.mkdir(parents=True, exist_ok=True)
    with sigterm_raises():
        try:
            yield partial
            _synchronise(partial)
            os.rename(partial, target)
        finally:
            if partial.is_dir():
                remove_tree(partial)
            else:
                partial.unlink(missing_ok=True)
    sync_folder(target.absolute().parent)


def _synchronise(path: Path) -> None:
    """A file is on the disk before it gets its name; a tree of many small files is not waited for one by one."""
    if path.is_dir():
        os.sync()
        return
    with open(path, "rb") as file:
        os.fsync(file.fileno())
