"""What readers of folder layouts share: folders that must be there, names from lists."""

from __future__ import annotations

from pathlib import Path

from boxmask.readers.sequence import DatasetError


def require_folder(path: Path, what: str, *, dataset: str, sequence: str | None = None) -> Path:
    """`path` if it is a folder, else a `DatasetError` that says what should have been there."""
    if not path.is_dir():
        found = "is a file" if path.is_file() else "does not exist"
        raise DatasetError(f"the folder {found}; expected {what}", dataset=dataset, sequence=sequence, file=path)
    return path


def read_names(path: Path, *, dataset: str) -> tuple[str, ...]:
    """The sequence names of a list file, one a line. A name is a folder of the dataset, never a way out of it."""
    names = tuple(line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip())
    for name in names:
        if "/" in name or "\\" in name or name in (".", ".."):
            raise DatasetError(f"{name!r} is not the name of a sequence: expected one folder name a line",
                               dataset=dataset, file=path)
    return names


def subfolders(root: Path) -> tuple[str, ...]:
    """The names of the folders in a folder, hidden ones left out, in order."""
    return tuple(sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")))
