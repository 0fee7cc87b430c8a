"""The user's file of paths, and the environment variables that win over it.

Shared by this host's environment and by what stands in for a checkout's where that has no `local.py`: this module
imports nothing of `ltr`.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from types import ModuleType

LOCAL_VARIABLE = "BOXMASK_LOCAL"
VARIABLE_PREFIX = "BOXMASK_"


class LocalSettingsError(ValueError):
    """The user's file of paths cannot be used; says which line."""


def local_file() -> Path | None:
    """The user's file of paths, or None where there is none."""
    named = os.environ.get(LOCAL_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f"{LOCAL_VARIABLE} names {path}, and there is no such file; "
                                    f"write one with a class EnvironmentSettings or unset {LOCAL_VARIABLE}")
        return path
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    path = Path(config).expanduser() / "boxmask" / "local.py"
    return path if path.is_file() else None


def run_local_file(path: Path) -> ModuleType:
    """Runs the user's file of paths and returns it as a module."""
    module = ModuleType("boxmask_users_local")
    module.__file__ = str(path)
    try:
        # Compiled here, not imported: nothing, no __pycache__ either, is written beside the user's file.
        exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    except Exception as error:
        raise local_error(path, error) from error
    return module


def local_error(path: Path, error: Exception, advice: str = f"mend it, or name another with {LOCAL_VARIABLE}"
                ) -> LocalSettingsError:
    """What to tell the user about an exception that came out of their file."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else (lines or [None])[-1]
    where = f"{path}, line {line}" if line is not None else str(path)
    return LocalSettingsError(f"error in {where}: {type(error).__name__}: {error}. The file was left as it is; "
                              f"{advice}")


def override_from_environment(settings: object) -> None:
    """Sets every attribute that has an environment variable BOXMASK_<ATTRIBUTE>; empty ones count as unset."""
    for name in vars(settings):
        value = os.environ.get(VARIABLE_PREFIX + name.upper())
        if value:
            setattr(settings, name, value)


def expand_paths(settings: object) -> None:
    """Expands `~` in every attribute; relative paths stay relative to the folder the program was started in."""
    for name, value in vars(settings).items():
        if isinstance(value, (str, Path)) and str(value):
            setattr(settings, name, os.path.expanduser(str(value)))
