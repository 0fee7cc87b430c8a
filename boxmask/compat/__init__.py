"""What keeps an unmodified pytracking checkout working on today's Python, NumPy and PyTorch.

Three means, none of which changes a file of the checkout:

- stand-ins, at the end of `sys.path`, for packages that it imports everywhere and hardly uses;
- mends, made to a module right after it is imported, each only if the module has the symptom;
- `local.py`, the user's file of paths, is read and never written.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from boxmask.compat import (
    arrays,
    checkpoints,
    containers,
    devices,
    environment,
    evaluation,
    libraries,
    training,
)
from boxmask.compat.hook import ImportHook
from boxmask.compat.libraries import STANDINS
from boxmask.compat.mend import applied, known, run

__all__ = ["STANDINS", "applied", "apply", "hook", "known"]

# The modules that hold mends; imported for their registrations.
_HOLDERS = (arrays, checkpoints, containers, devices, evaluation, libraries, training)
hook = ImportHook()
_root: Path | None = None


def apply(root: Path) -> ImportHook:
    """Stand-ins and mends for the checkout `root`, from now on in this process. Calling it again does nothing.

    What is imported already is mended at once. Spawned workers inherit `sys.path`, and with it the stand-ins; the
    mends they get by calling this again.
    """
    global _root
    if _root is not None:
        return hook
    _root = root
    if str(STANDINS) not in sys.path:
        sys.path.append(str(STANDINS))
    hook.install()
    libraries.guard(hook)
    environment.protect(hook)
    evaluation.serve(hook)
    for mend in known():
        hook.after(mend.module, partial(run, mend))
    return hook
