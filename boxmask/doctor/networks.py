"""Networks: the one that comes with boxmask, the backbone that training starts from, and those of trackers."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

from boxmask import weights
from boxmask.doctor.data import trains_on_data
from boxmask.doctor.framework import Found
from boxmask.doctor.layouts import names, some
from boxmask.doctor.report import ERROR, OK, WARNING, Line

_ENDINGS = (".pth", ".tar", ".pkl", ".safetensors")


def examine(found: Found, safely: Callable[..., list[Line]]) -> list[Line]:
    """A line or more for each network. safely: runs one check, whatever it raises."""
    lines = safely(ERROR, "pretrained_networks", _backbone, found.training)
    lines += safely(ERROR, "BOXMASK_SET", _settings, found.training)
    lines += safely(ERROR, "weights", _weights)
    lines += safely(WARNING, "network_path", _folders, found.training)
    return lines + safely(WARNING, "tracker", _trackers)


def _backbone(paths: SimpleNamespace) -> Iterator[Line]:
    """The backbone that `boxmask default` starts from, and what else lies beside it."""
    from ltr.train_settings.boxmask._choices import asked
    from ltr.train_settings.boxmask._common import BACKBONE_FILE

    folder = Path(paths.pretrained_networks).expanduser()
    where = folder if paths.pretrained_networks else "not set"
    there = sorted(name for name in names(folder) if name.endswith(_ENDINGS)) if folder.is_dir() else []
    chosen = asked().get("backbone_weights")
    if BACKBONE_FILE in there or chosen is not None:
        text = f"{where}: {len(there)} networks, {some(there)}" if there else f"{where}: none"
        yield Line(OK, "pretrained_networks", text + (f"; BOXMASK_SET: backbone_weights={chosen}" if chosen else ""))
        return
    # Without a dataset nothing is trained from it.
    yield Line(ERROR if trains_on_data(paths) else WARNING, "pretrained_networks",
               f"{where}: the backbone of `boxmask default`, {BACKBONE_FILE}, is not there",
               "pytracking's MODEL_ZOO.md has it (Mask R-CNN, for LWL); to try the machinery without: "
               "--set backbone_weights=none")


def _settings(paths: SimpleNamespace) -> Iterator[Line]:
    """Names in BOXMASK_SET that `boxmask default` refuses."""
    from boxmask.view.training import CHOICES
    from ltr.train_settings.boxmask import _choices

    try:
        wanted = _choices.asked()
    except ValueError:  # told with the backbone
        return
    name = "default" if trains_on_data(paths) else "samples"
    offered = {*_keywords_of_choose(importlib.import_module(f"ltr.train_settings.boxmask.{name}")), *CHOICES}
    unknown = [name for name in wanted if name not in offered]
    if unknown:
        yield Line(ERROR, "BOXMASK_SET", f"`boxmask default` has no {', '.join(unknown)}",
                   f"unset it, or correct the name: {', '.join(sorted(offered))}")


def _keywords_of_choose(settings: ModuleType) -> Iterator[str]:
    """The names that a settings file offers to BOXMASK_SET, read in its text: running it would train."""
    for node in ast.walk(ast.parse(inspect.getsource(settings))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "choose":
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)


def _weights() -> Iterator[Line]:
    """The network that comes with boxmask, opened."""
    try:
        from ltr.models.boxmask import checkpoint

        path = weights.default_checkpoint()
        checkpoint.load(path)
    except ImportError:  # told with what generation imports
        return
    except FileNotFoundError as error:
        yield Line(ERROR, "weights", str(error), "install boxmask again, or fetch its repository again")
        return
    yield Line(OK, "weights", f"{path.name} comes with boxmask, for generation without --checkpoint")


def _folders(paths: SimpleNamespace) -> Iterator[Line]:
    """The folders in which trackers look for networks by name."""
    from pytracking.tracker.boxmask import networks

    # Where nobody has named one it is that of the networks that training starts from, which need not be there.
    named = [folder for folder in networks.network_folders() if folder != Path(paths.pretrained_networks).expanduser()]
    for folder in named:
        if not folder.is_dir():
            yield Line(WARNING, "network_path", f"{folder}: there is no such folder",
                       "correct network_path in local.py, or BOXMASK_NETWORK_PATH")
            continue
        there = sorted(name for name in names(folder) if name.endswith(_ENDINGS))
        yield Line(OK, "network_path", f"{folder}: {len(there)} networks" + (f", {some(there)}" if there else ""))


def _trackers() -> Iterator[Line]:
    """The files that BOXMASK_BOX_NETWORK and BOXMASK_VOS_NETWORK name."""
    from pytracking.tracker.boxmask import networks

    for parameter in ("box_network", "vos_network"):
        variable = f"BOXMASK_{parameter.upper()}"
        named = os.environ.get(variable)
        if not named:
            continue
        try:
            yield Line(OK, "tracker", f"{variable}: {networks.find({}, parameter)}")
        except FileNotFoundError:
            yield Line(WARNING, "tracker", f"{variable}: there is no file {named}, and no folder with checkpoints",
                       f"train one (docs/tracking.md), or correct {variable}")
