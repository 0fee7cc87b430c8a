"""From seconds to what they mean: the limit, what sets it, and how near the pipeline comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from boxmask.bench.measure import STEPS, Spent
from boxmask.evaluate.table import align

# The steps that are neither the network's nor the disk's.
_HOST = tuple(step for step in STEPS if step not in ("network", "disk"))
_SAID = {"decode": "decode", "crop": "crop", "network": "network", "smooth": "smooth", "compose": "paste",
         "quality": "quality", "png": "mask PNG", "disk": "disk"}


@dataclass(frozen=True)
class Setting:
    """What was measured. frames: how many, `size` (W, H) each; device: the network's; threads: PyTorch's."""

    frames: int
    size: tuple[int, int]
    source: str
    network: str
    device: str
    windows: str
    processors: int
    threads: int
    torch: str


@dataclass(frozen=True)
class Round:
    """One round, in seconds per frame: steps alone, all together, the reference procedure, both ways to mask files.

    memory: the most bytes that the process has had until then, those of the steps alone among them.
    """

    steps: Mapping[str, float]
    pipeline: Spent
    memory: float
    reference: Spent | None
    our_file: float
    pillow_file: float


@dataclass(frozen=True)
class Limit:
    """The most frames per second that the steps allow, and what binds: the processors, the device or the disk."""

    rate: float
    binding: str


def limit(steps: Mapping[str, float], processors: int, *, on_processors: bool) -> Limit:
    """The limit of a pipeline in which all steps overlap.

    Steps of the host share the processors, a step on one each; a network on a GPU and the disk have themselves. A
    network on the processors (`on_processors`) has them all while it runs, and what the host does comes on top.
    """
    host = sum(steps[step] for step in _HOST) / processors
    seconds = {"processors": host + (steps["network"] if on_processors else 0.0), "disk": steps["disk"]}
    if not on_processors:
        seconds["device"] = steps["network"]
    binding = max(seconds, key=seconds.__getitem__)
    return Limit(1 / max(seconds[binding], 1e-9), binding)


@dataclass(frozen=True)
class Report:
    """All rounds of a setting."""

    setting: Setting
    rounds: tuple[Round, ...]

    @property
    def limits(self) -> list[Limit]:
        """The limit of each round."""
        return [limit(each.steps, self.setting.processors, on_processors=self.setting.device == "cpu")
                for each in self.rounds]

    @property
    def binding(self) -> str:
        """What binds in the rounds' medians."""
        steps = {step: median(each.steps[step] for each in self.rounds) for step in STEPS}
        return limit(steps, self.setting.processors, on_processors=self.setting.device == "cpu").binding

    def values(self) -> dict[str, list[float]]:
        """The figures of each round: frames per second, and ratios."""
        rates = [1 / each.pipeline.seconds for each in self.rounds]
        limits = [each.rate for each in self.limits]
        found = {"limit": limits, "pipeline": rates,
                 "pipeline / limit": [rate / most for rate, most in zip(rates, limits, strict=True)]}
        found["pipeline / steps in turn"] = [sum(each.steps.values()) / each.pipeline.seconds for each in self.rounds]
        if all(each.reference is not None for each in self.rounds):
            found["reference"] = [1 / each.reference.seconds for each in self.rounds]
            found["pipeline / reference"] = [each.reference.seconds / each.pipeline.seconds for each in self.rounds]
            found["the same in processor time"] = [each.reference.processors / each.pipeline.processors
                                                   for each in self.rounds]
        found["Pillow's PNG / ours"] = [each.pillow_file / each.our_file for each in self.rounds]
        return found

    def to_json(self) -> dict[str, Any]:
        """What `boxmask bench --json` writes: setting, rounds, and median, lowest and highest of each figure."""
        return {"setting": asdict(self.setting), "rounds": [_plain(each) for each in self.rounds],
                "binding": self.binding, **{name: _spread(values) for name, values in self.values().items()}}

    def __str__(self) -> str:
        setting = self.setting
        head = (f"{setting.frames} frames of {setting.size[0]}x{setting.size[1]} ({setting.source}), {setting.network} "
                f"on {setting.device}, {setting.windows} windows, {setting.processors} processors, PyTorch "
                f"{setting.torch} with {setting.threads} threads; median of {len(self.rounds)} rounds (lowest to "
                "highest)")
        steps = [("alone, ms per frame", "", "")]
        steps += [(f"  {_SAID[step]}", *_numbers([1000 * each.steps[step] for each in self.rounds], ".1f"))
                  for step in STEPS]
        steps += [("  mask PNG of a large object", *_numbers([1000 * each.our_file for each in self.rounds], ".2f")),
                  ("    the same by Pillow", *_numbers([1000 * each.pillow_file for each in self.rounds], ".2f")),
                  ("most memory so far, MB", *_numbers([each.memory / 1e6 for each in self.rounds], ".0f"))]
        rates = [("frames per second, and ratios", "", "")]
        rates += [(f"  {name}", *_numbers(values, ".2f")) for name, values in self.values().items()]
        return f"{head}\n{align(steps + rates)}\nwhat binds: the {self.binding}"


def _plain(each: Round) -> dict[str, Any]:
    """A round for JSON: of what was spent, clock and processors by name."""
    return {name: value._asdict() if isinstance(value, Spent) else value for name, value in vars(each).items()}


def _numbers(values: list[float], form: str) -> tuple[str, str]:
    return f"{median(values):{form}}", f"({min(values):{form}} to {max(values):{form}})"


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": median(values), "lowest": min(values), "highest": max(values)}
