"""One forward pass of boxmask_resnet50 against the plain arithmetic of the method: `python -m benchmarks.forward`.

Same weights, same clip, in alternation: a round times the plain arithmetic (`benchmarks/plain.py`), the network as it
trains, with either half of `for_inference`, and with both, as it makes masks. Printed are medians and, in brackets, the
lowest and the highest; ratios of the clock and, which other programs hardly change, of the processors' seconds.
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

# Before PyTorch is loaded, as `boxmask generate` has it: idle threads sleep (docs/performance.md).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from boxmask import host  # noqa: E402
from boxmask.evaluate.table import align  # noqa: E402

PLAIN = "plain arithmetic"


@dataclass(frozen=True)
class Timed:
    """seconds, processors: of each round, on the clock and of all processors; difference: the largest from the plain
    arithmetic's logits, over the largest of those.
    """

    seconds: list[float]
    processors: list[float]
    difference: float


def measure(ways: dict[str, Callable[[], Tensor]], rounds: int) -> dict[str, Timed]:
    """Each way to the logits of the second stage, timed in alternation; a first round is not counted."""
    logits = {name: way() for name, way in ways.items()}
    expected = logits[PLAIN]
    timed = {name: Timed([], [], float((found - expected).abs().max() / expected.abs().max()))
             for name, found in logits.items()}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter(), time.process_time()
            way()
            timed[name].seconds.append(time.perf_counter() - start[0])
            timed[name].processors.append(time.process_time() - start[1])
    return timed


def ways(frames: int, size: tuple[int, int], iterations: int, **widths: object) -> dict[str, Callable[[], Tensor]]:
    """The rows of the table: names, and calls that give logits (T, 1, H, W) on `frames` images of `size` (W, H).

    Random weights, on the scale of the reference's: they change no time. `widths` are the network's own if not given.
    """
    from benchmarks import plain
    from ltr.models.boxmask import boxmask_resnet50, for_inference

    torch.manual_seed(0)
    net = boxmask_resnet50(**widths).eval()
    width, height = size
    images = 50 * torch.randn(frames, 1, 3, height, width)
    boxes = torch.tensor([0.3 * width, 0.3 * height, 0.4 * width, 0.4 * height]).expand(frames, 1, 4)
    last, plain_order = torch.channels_last, torch.contiguous_format
    folded = for_inference(copy.deepcopy(net)).to(memory_format=plain_order)
    ordered = copy.deepcopy(net).to(memory_format=last)
    ready = for_inference(copy.deepcopy(net))
    channels_last = images[:, 0].contiguous(memory_format=last)[:, None]

    @torch.inference_mode()
    def inferred(network: torch.nn.Module, images: Tensor) -> Tensor:
        return network(images, boxes, iterations)[1]

    return {PLAIN: lambda: plain.forward(net, images, boxes, iterations)[1],
            "as it trains": lambda: inferred(net, images),
            "  norms folded once": lambda: inferred(folded, images),
            "  channels-last": lambda: inferred(ordered, channels_last),
            "as it makes masks": lambda: inferred(ready, channels_last)}


def report(timed: dict[str, Timed]) -> str:
    """The table."""
    lines = [("", "s", "", "plain / it", "", "processors", "", "difference")]
    for name, row in timed.items():
        lines.append((name, *_spread(row.seconds), *_spread(_ratios(timed[PLAIN].seconds, row.seconds)),
                      *_spread(_ratios(timed[PLAIN].processors, row.processors)), f"{row.difference:.1e}"))
    return align(lines)


def _ratios(plain: list[float], now: list[float]) -> list[float]:
    return [before / after for before, after in zip(plain, now, strict=True)]


def _spread(values: list[float]) -> tuple[str, str]:
    return f"{median(values):.2f}", f"({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=3, help="of the clip (default: %(default)s)")
    parser.add_argument("--iterations", type=int, default=15, help="of steepest descent (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    args = parser.parse_args()
    host.activate()
    print(f"boxmask_resnet50, T={args.frames}, 832x480, {args.iterations} iterations, float32 on the CPU, PyTorch "
          f"{torch.__version__} with {torch.get_num_threads()} threads, {args.rounds} rounds")
    print(report(measure(ways(args.frames, (832, 480), args.iterations), args.rounds)))


if __name__ == "__main__":
    main()
