"""Where this machine keeps datasets and results.

Three places, a later one winning over an earlier one:

1. the defaults of `ltr.admin.local.EnvironmentSettings`;
2. a file of the user's with a class `EnvironmentSettings`, as in pytracking's `ltr/admin/local.py`: the file that
   BOXMASK_LOCAL names, or `$XDG_CONFIG_HOME/boxmask/local.py` (`~/.config/boxmask/local.py`) where it exists;
3. one environment variable for each path: BOXMASK_DAVIS_DIR, BOXMASK_WORKSPACE_DIR, ...

The user's file is read and never written; an error in it is raised with its line.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from types import ModuleType

from ltr.admin.local import EnvironmentSettings

LOCAL_VARIABLE = "BOXMASK_LOCAL"
VARIABLE_PREFIX = "BOXMASK_"


class LocalSettingsError(ValueError):
    """The user's file of paths cannot be used; says which line."""


def env_settings() -> EnvironmentSettings:
    """The paths of this machine; '' stands for a dataset that is not configured.

    Raises LocalSettingsError for an error in the user's file, FileNotFoundError where BOXMASK_LOCAL names no file.
    """
    settings = EnvironmentSettings()
    path = local_file()
    if path is not None:
        vars(settings).update(_users_attributes(path))
    override_from_environment(settings)
    workspace = str(settings.workspace_dir)
    settings.tensorboard_dir = settings.tensorboard_dir or os.path.join(workspace, "tensorboard")
    settings.pretrained_networks = settings.pretrained_networks or os.path.join(workspace, "pretrained_networks")
    expand_paths(settings)
    return settings


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


def local_error(path: Path, error: Exception) -> LocalSettingsError:
    """What to tell the user about an exception that came out of their file."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else (lines or [None])[-1]
    where = f"{path}, line {line}" if line is not None else str(path)
    return LocalSettingsError(f"error in {where}: {type(error).__name__}: {error}. The file was left as it is; mend "
                              f"it, or name another with {LOCAL_VARIABLE}")


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


def _users_attributes(path: Path) -> dict[str, object]:
    module = run_local_file(path)
    users_class = getattr(module, "EnvironmentSettings", None)
    if users_class is None or users_class is EnvironmentSettings:
        raise LocalSettingsError(f"{path} has no class EnvironmentSettings; write one whose __init__ sets the paths, "
                                 "such as self.davis_dir = '/data/DAVIS'")
    try:
        return dict(vars(users_class()))
    except Exception as error:
        raise local_error(path, error) from error
