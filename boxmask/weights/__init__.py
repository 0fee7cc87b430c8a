"""The weights that come with boxmask, for whoever names no checkpoint: `<constructor>.safetensors` in this folder.

`boxmask pack` writes such files.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
DEFAULT = "boxmask_lite.safetensors"


def default_checkpoint() -> Path:
    """The box-to-mask network that is used where none is named. Raises FileNotFoundError if it is not there."""
    path = FOLDER / DEFAULT
    if not path.is_file():
        raise FileNotFoundError(f"no --checkpoint, and this boxmask comes without weights ({path} is not there): train "
                                "a network with `python run_training.py boxmask lite` and name its file, or choose "
                                "--method box or grabcut")
    return path


def checksum(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
