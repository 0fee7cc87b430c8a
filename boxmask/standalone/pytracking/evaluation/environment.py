"""Where the evaluation finds datasets and networks and keeps results.

As in `ltr.admin.environment`: defaults, then the user's file if it has a function `local_env_settings()` that returns
such an object (as in pytracking's `evaluation/local.py`), then environment variables BOXMASK_<ATTRIBUTE>. What is then
still '' follows from the paths for training.
"""

from __future__ import annotations

import os

from ltr.admin import environment as training
from ltr.admin.local_file import expand_paths, local_error, local_file, override_from_environment, run_local_file


class EnvSettings:
    """Folders, as strings; '' means that there is none.

    results_path, segmentation_path: boxes and masks of trackers. network_path: networks that parameter files name.
    got10k_path: holds `train`, `val` and `test`. The other datasets are as downloaded.
    """

    def __init__(self) -> None:
        self.results_path = ""
        self.segmentation_path = ""
        self.network_path = ""
        self.otb_path = ""
        self.got10k_path = ""
        self.lasot_path = ""
        self.trackingnet_path = ""


def env_settings() -> EnvSettings:
    """The paths of this machine. Raises what `ltr.admin.environment.env_settings` raises."""
    settings = EnvSettings()
    path = local_file()
    if path is not None:
        users_function = getattr(run_local_file(path), "local_env_settings", None)
        if users_function is not None:
            try:
                vars(settings).update(vars(users_function()))
            except Exception as error:
                raise local_error(path, error) from error
    override_from_environment(settings)
    fill_from_training(settings)
    expand_paths(settings)
    return settings


def fill_from_training(settings: object) -> None:
    """Sets what is '' or absent to what follows from the paths for training."""
    paths = training.env_settings()
    defaults = {
        "results_path": os.path.join(paths.workspace_dir, "tracking_results"),
        "segmentation_path": os.path.join(paths.workspace_dir, "segmentation_results"),
        "result_plot_path": os.path.join(paths.workspace_dir, "result_plots"),
        "network_path": paths.pretrained_networks,
        # Training reads the folder `train` alone; the splits for evaluation lie beside it.
        "got10k_path": os.path.dirname(paths.got10k_dir.rstrip("/")) if paths.got10k_dir else "",
        "lasot_path": paths.lasot_dir,
        "trackingnet_path": paths.trackingnet_dir,
    }
    for name, value in defaults.items():
        if not getattr(settings, name, ""):
            setattr(settings, name, value)
