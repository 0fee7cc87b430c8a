"""The user's two files of paths, `ltr/admin/local.py` and `pytracking/evaluation/local.py`: read, never written.

A checkout's own `env_settings` overwrites the file with defaults after any error in it. Here an error is raised with
its file and line; without a file the paths are those of the host that comes with boxmask, from the user's
`~/.config/boxmask/local.py` and with results under `./workspace`; environment variables BOXMASK_<ATTRIBUTE> win over
either. Attributes that the checkout asks for and that the file does not set are ''.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from boxmask.compat.hook import ImportHook
from boxmask.compat.mend import note, replace

_STANDALONE = Path(__file__).resolve().parents[1] / "standalone"
_TRAINING, _EVALUATION = "ltr.admin.environment", "pytracking.evaluation.environment"
# Used in the checkout, and in neither of its defaults.
_TRAINING_EXTRAS = ("davis16_dir", "davis_testdev_dir", "imagenet_vid_gmot_dir", "tao_burst_dir")
_EVALUATION_EXTRAS = ("got10k_mask_path", "lasot_mask_path", "trackingnet_mask_path", "dataspec_path", "avist_path",
                      "lagot_path", "mobiface_path")
# Names of its defaults that lie in the checkout, where nothing of ours goes.
_IN_THE_CHECKOUT = ("results_path", "segmentation_path", "result_plot_path")


def protect(hook: ImportHook) -> None:
    """Replaces both `env_settings` as soon as their modules are imported."""
    # Checkpoints hold pickled `ltr.admin.local.EnvironmentSettings` objects, so that a module of the name must exist.
    for name in ("local", "local_file"):
        hook.serve(f"ltr.admin.{name}", _STANDALONE / "ltr" / "admin" / f"{name}.py")
    hook.after(_TRAINING, lambda module: _replace(module, training_paths))
    hook.after(_EVALUATION, lambda module: _replace(module, evaluation_paths))


def training_paths() -> object:
    """An `EnvironmentSettings`. Raises LocalSettingsError, a ValueError, for an error in the user's file."""
    own = _own_file("ltr.admin")
    if own is None:
        settings = _standalone(_TRAINING).env_settings()
    else:
        settings = _from_file(own, lambda: importlib.import_module("ltr.admin.local").EnvironmentSettings())
    defaults = vars(_standalone("ltr.admin.local").EnvironmentSettings())
    _complete(settings, [*defaults, *_TRAINING_EXTRAS])
    return settings


def evaluation_paths() -> object:
    """An `EnvSettings`. Raises LocalSettingsError, a ValueError, for an error in the user's file."""
    module = importlib.import_module(_EVALUATION)
    own = _own_file("pytracking.evaluation")
    if own is not None:
        settings = _from_file(own, lambda: importlib.import_module("pytracking.evaluation.local").local_env_settings())
        _complete(settings, [*vars(module.EnvSettings()), *_EVALUATION_EXTRAS])
        return settings
    files = importlib.import_module("ltr.admin.local_file")
    settings, default, path = module.EnvSettings(), vars(module.EnvSettings()), files.local_file()
    function = getattr(files.run_local_file(path), "local_env_settings", None) if path is not None else None
    if function is not None:
        settings = _from_file(path, function)
    for name in _IN_THE_CHECKOUT:
        if getattr(settings, name, "") == default.get(name, ""):
            setattr(settings, name, "")
    if not Path(default["network_path"]).is_dir() and getattr(settings, "network_path", "") == default["network_path"]:
        settings.network_path = ""
    _complete(settings, [*default, *_EVALUATION_EXTRAS])
    _standalone(_EVALUATION).fill_from_training(settings)
    files.expand_paths(settings)
    return settings


def _replace(module: ModuleType, replacement: Callable[[], object]) -> None:
    """Puts `replacement` in the place of a module's `env_settings`."""
    replace(module, "env_settings", replacement)
    note("local.py", module.__name__, _the_users_paths_are_never_written)


def _own_file(package: str) -> Path | None:
    """The checkout's `local.py` in a package, or None where it has none."""
    path = Path(importlib.import_module(package).__path__[0], "local.py")
    return path if path.is_file() else None


def _from_file(path: Path, read: Callable[[], object]) -> object:
    try:
        return read()
    except Exception as error:
        local_error = importlib.import_module("ltr.admin.local_file").local_error
        raise local_error(path, error, advice="mend it") from error


def _complete(settings: object, names: list[str] | tuple[str, ...]) -> None:
    """Sets absent attributes to '', and then those that have an environment variable to its value."""
    for name in names:
        if not hasattr(settings, name):
            setattr(settings, name, "")
    importlib.import_module("ltr.admin.local_file").override_from_environment(settings)


@cache
def _standalone(name: str) -> ModuleType:
    """A module of the host that comes with boxmask, beside the checkout's of the same name."""
    path = _STANDALONE.joinpath(*name.split(".")).with_suffix(".py")
    spec = spec_from_file_location(f"boxmask.standalone.{name}", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _the_users_paths_are_never_written(module: ModuleType) -> bool:
    """The name of this mend in the list of those that were applied."""
    return True
