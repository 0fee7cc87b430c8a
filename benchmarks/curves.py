"""How a training went: loss and J of every epoch, from its newest checkpoint.

    python -m benchmarks.curves workspace/checkpoints/ltr/boxmask/lite --out curves.png
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from boxmask.evaluate.table import align

# What is drawn, by the start of a statistic's name; learning rates are left out.
_AXES = {"Loss/": "loss", "Stats/J": "J"}

# By loader and statistic: the mean of every epoch in which the loader ran.
Curves = Mapping[str, Mapping[str, Sequence[float]]]


def main(arguments: list[str] | None = None) -> int:
    """Prints a table per loader, and draws the curves if --out is given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curves", description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="a checkpoint of a training, or the folder of its checkpoints")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a picture of the curves (needs matplotlib)")
    args = parser.parse_args(arguments)
    curves = read(_newest(args.checkpoint))
    print(format_curves(curves))
    if args.out is not None:
        draw(curves, args.out)
        print(f"\n{args.out}")
    return 0


def read(path: Path) -> Curves:
    """The curves that a checkpoint keeps. Raises ValueError where there are none."""
    from boxmask import host

    host.activate()
    from ltr.admin.loading import torch_load_legacy

    stats = torch_load_legacy(path).get("stats") or {}
    curves = {loader: {name: list(meter.history) for name, meter in (meters or {}).items()
                       if name.startswith(tuple(_AXES)) and meter.history} for loader, meters in stats.items()}
    curves = {loader: found for loader, found in curves.items() if found}
    if not curves:
        raise ValueError(f"{path}: no statistics of epochs; it is not a checkpoint of a training")
    return curves


def format_curves(curves: Curves) -> str:
    """A table per loader, with a line for each of its epochs: not every loader runs in all of the training."""
    tables = []
    for loader, found in curves.items():
        lines = zip(*([f"{value:.3f}" for value in values] for values in found.values()), strict=True)
        tables.append(align([(loader, *found), *((str(number), *line) for number, line in enumerate(lines, 1))]))
    return "\n\n".join(tables)


def draw(curves: Curves, path: Path) -> None:
    """Loss and J over the training, a line per loader and statistic."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    epochs = max(len(values) for found in curves.values() for values in found.values())
    figure = Figure(figsize=(11, 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axis, (start, label) in zip(figure.subplots(1, len(_AXES)), _AXES.items(), strict=True):
        for loader, found in curves.items():
            for name, values in found.items():
                if name.startswith(start):
                    at = [epochs * number / len(values) for number in range(1, len(values) + 1)]
                    axis.plot(at, values, "--" if loader == "val" else "-", label=f"{loader} {name}")
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
