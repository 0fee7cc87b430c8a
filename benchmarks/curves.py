"""How a training went: loss and J of every epoch, from its newest checkpoint or from what it printed.

    python -m benchmarks.curves workspace/checkpoints/ltr/boxmask/lite --out curves.png
    python -m benchmarks.curves train.log --out curves.png
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from boxmask.evaluate.table import align

# What is drawn, by the start of a statistic's name; learning rates are left out.
_AXES = {"Loss/": "loss", "Stats/J": "J"}
# What both hosts print at the last batch of an epoch: [train: 3, 240 / 240] FPS: ...  ,  Loss/total: 0.5  , ...
_EPOCH = re.compile(r"\[(?P<loader>\w+): (?P<epoch>\d+), (?P<batch>\d+) / (?P=batch)\] (?P<means>.*)")
_MEAN = re.compile(r"([\w/]+): ([-+]?(?:nan|inf)\b|[-+.\de]+)")

# By loader, statistic and number of the epoch: the mean over it.
Curves = Mapping[str, Mapping[str, Mapping[int, float]]]


def main(arguments: list[str] | None = None) -> int:
    """Prints a table per loader, and draws the curves if --out is given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curves", description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path, help="a checkpoint of it (.pth.tar), the folder of its checkpoints, or "
                        "a file of what it printed")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a picture of the curves (needs matplotlib)")
    args = parser.parse_args(arguments)
    curves = read(_newest(args.training))
    print(format_curves(curves))
    if args.out is not None:
        draw(curves, args.out)
        print(f"\n{args.out}")
    return 0


def read(path: Path) -> Curves:
    """The curves that a checkpoint keeps, or that a training has printed. Raises ValueError where there are none."""
    curves = _kept(path) if path.suffix == ".tar" else _printed(path.read_text(encoding="utf-8"))
    curves = {loader: found for loader, found in curves.items() if found}
    if not curves:
        raise ValueError(f"{path}: no statistics of epochs; it is neither a checkpoint of a training nor what one has "
                         "printed")
    return curves


def _kept(path: Path) -> Curves:
    from boxmask import host

    host.activate()
    from ltr.admin.loading import torch_load_legacy

    stats = torch_load_legacy(path).get("stats") or {}
    histories = {loader: {name: meter.history for name, meter in (meters or {}).items()
                          if name.startswith(tuple(_AXES)) and meter.history} for loader, meters in stats.items()}
    epochs = max((len(history) for found in histories.values() for history in found.values()), default=0)
    return {loader: {name: _numbered(history, epochs) for name, history in found.items()}
            for loader, found in histories.items()}


def _numbered(history: Sequence[float], epochs: int) -> dict[int, float]:
    """A loader that did not run in each of the epochs ran in every so many, as far as a checkpoint tells."""
    return {math.ceil(epochs * number / len(history)): value for number, value in enumerate(history, start=1)}


def _printed(text: str) -> Curves:
    """An epoch that was printed twice, as a run was stopped in it and went on, counts as it was the last time.

    What one epoch has and another has not is NaN there.
    """
    epochs: dict[str, dict[int, dict[str, float]]] = {}
    for line in _EPOCH.finditer(text):
        means = {name: float(value) for name, value in _MEAN.findall(line["means"]) if name.startswith(tuple(_AXES))}
        epochs.setdefault(line["loader"], {})[int(line["epoch"])] = means
    return {loader: {name: {epoch: means.get(name, math.nan) for epoch, means in sorted(found.items())}
                     for name in dict.fromkeys(chain(*found.values()))} for loader, found in epochs.items()}


def format_curves(curves: Curves) -> str:
    """A table per loader, with a line for each of its epochs: not every loader runs in all of the training."""
    tables = []
    for loader, found in curves.items():
        numbers = next(iter(found.values()))
        lines = [(str(number), *(f"{values.get(number, math.nan):.3f}" for values in found.values()))
                 for number in numbers]
        tables.append(align([(loader, *found), *lines]))
    return "\n\n".join(tables)


def draw(curves: Curves, path: Path) -> None:
    """Loss and J over the training, a line per loader and statistic, with a gap where a value is not finite."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axis, (start, label) in zip(figure.subplots(1, len(_AXES)), _AXES.items(), strict=True):
        for loader, found in curves.items():
            for name, values in found.items():
                if name.startswith(start):
                    axis.plot(list(values), list(values.values()), "--" if loader == "val" else "-",
                              label=f"{loader} {name}")
        axis.set(xlabel="epoch", ylabel=label)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def _newest(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = sorted(path.glob("*_ep*.pth.tar"))
    if not found:
        raise FileNotFoundError(f"{path}: no checkpoint (*_ep*.pth.tar) in this folder")
    return found[-1]


if __name__ == "__main__":
    sys.exit(main())
