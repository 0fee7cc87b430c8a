"""Where datasets and lists of their splits lie."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ltr.admin.environment import env_settings
from ltr.dataset.errors import MissingDataError


def dataset_root(dataset: str, root: str | os.PathLike[str] | None, attribute: str) -> Path:
    """The folder of a dataset: `root`, or what the machine's settings say for `attribute`.

    Raises MissingDataError, saying how to set it, where neither names a folder that exists.
    """
    if root is None:
        root = getattr(env_settings(), attribute, None)
        if not root:
            raise MissingDataError(f"{dataset}: no folder is configured; set {attribute} in your local.py, "
                                   f"or the environment variable BOXMASK_{attribute.upper()}, or pass root=")
        told = f"set as {attribute} in local.py or BOXMASK_{attribute.upper()}"
    else:
        told = "given as root"
    if not Path(root).is_dir():
        raise MissingDataError(f"{dataset}: the folder {root}, {told}, does not exist")
    return Path(root)


def need_folder(dataset: str, folder: Path, holds: str) -> Path:
    """The folder, or MissingDataError."""
    if not folder.is_dir():
        raise MissingDataError(f"{dataset}: there is no folder {folder} with the {holds}; the dataset is "
                               "incomplete, or its root is another folder")
    return folder


def find_list(filename: str, folders: Iterable[Path]) -> Path | None:
    """A split list in one of the folders or in the machine's `data_specs_dir`; None where there is none."""
    specs = env_settings().data_specs_dir
    candidates = [Path(folder) / filename for folder in (*folders, *([specs] if specs else []))]
    return next((path for path in candidates if path.is_file()), None)


def need_list(dataset: str, filename: str, folder: Path) -> Path:
    """`find_list` in one folder, or MissingDataError saying where the list comes from and where to put it."""
    path = find_list(filename, [folder])
    if path is None:
        raise MissingDataError(
            f"{dataset}: the split needs the list {filename}, which is part of pytracking "
            f"(ltr/data_specs/{filename}): copy it to {folder}, or set data_specs_dir in local.py "
            "(BOXMASK_DATA_SPECS_DIR) to the folder that holds it")
    return path


def read_list(path: Path) -> list[str]:
    """The lines of a list that are not empty."""
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
