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
from pathlib import Path

from ltr.admin.local import EnvironmentSettings
from ltr.admin.local_file import (
    LocalSettingsError,
    expand_paths,
    local_error,
    local_file,
    override_from_environment,
    run_local_file,
)

__all__ = ["LocalSettingsError", "env_settings"]


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
