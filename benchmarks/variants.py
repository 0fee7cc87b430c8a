"""The rows of the quality benchmark: ways to make masks, each of which is made in a process of its own."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from boxmask.generate.defaults import ITERATIONS, STRIDE, WINDOW, WINDOWS
from boxmask.generate.job import Job, Prepared
from boxmask.generate.phases import peak_memory
from boxmask.generate.plan import WindowOptions
from boxmask.generate.progress import Progress
from boxmask.generate.source import Source
from boxmask.readers.sequence import Dataset, Sequence

GROUPS = {"baselines": "without a network", "frames": "frames that are solved together",
          "parts": "what the network is without one of its parts", "jitter": "boxes that are off",
          "search": "crop side over box side"}
# What the others are compared with: all parts of the network on windows of the default length.
WHOLE = f"T{WINDOW}"
SEARCH_FACTORS = (1.2, 2.0, 3.0, 4.0)
MARGIN = 0.1  # of the rows whose masks may reach beyond their boxes


@dataclass(frozen=True)
class Variant:
    """One way to make masks; name: its row, and the folder of its masks.

    iterations: None for the benchmark's. search_factor, refinements, smoothing: None for the network's own. jitter: how
    far the sides of the boxes are off, as `ltr.data.boxmask_augment.jitter_box` has it; box_margin: as `boxmask
    generate` takes it.
    """

    name: str
    group: str
    about: str
    method: str = "network"
    window: int = WINDOW
    iterations: int | None = None
    search_factor: float | None = None
    refinements: int | None = None
    smoothing: int | None = None
    jitter: float = 0.0
    box_margin: float = 0.0
    has_prior: bool = True


def variants(search_factors: Iterable[float] = SEARCH_FACTORS) -> tuple[Variant, ...]:
    """All rows, in the order of the table."""
    return (
        Variant("box", "baselines", "the filled box", "box"),
        Variant("GrabCut", "baselines", "OpenCV's GrabCut in the box", "grabcut"),
        Variant("T1", "frames", "the filter is solved on each frame alone", window=1),
        *(Variant(f"T{window}", "frames", f"{window} frames", window=window) for window in (3, 5, WINDOW)),
        Variant("no-filter", "parts", "no aggregation: z is 0, the decoder has the box's encoding and the frame alone",
                iterations=0),
        Variant("no-prior", "parts", "the decoder without the box's encoding: what z alone tells it", has_prior=False),
        Variant("no-prior-T1", "parts", "the same, each frame alone", window=1, has_prior=False),
        Variant("no-refine", "parts", "the masks of the first stage", refinements=0),
        *(Variant(f"refine-{count}", "parts", f"the masks of refinement {count}", refinements=count)
          for count in (1, 3)),
        Variant("no-smooth", "parts", "masks as the network makes them: none is smoothed", smoothing=0),
        Variant("no-smooth-T1", "parts", "the same, the filter solved on each frame alone: nothing comes from others",
                window=1, smoothing=0),
        *(Variant(f"jitter-{percent}", "jitter", f"each side of a box off by N(0, {percent} % of the side)",
                  jitter=percent / 100) for percent in (5, 10, 20)),
        Variant("margin", "jitter", f"exact boxes, and masks may reach {MARGIN:.0%} beyond them", box_margin=MARGIN),
        *(Variant(f"jitter-{percent}-margin", "jitter", f"boxes off by {percent} %, and the same", jitter=percent / 100,
                  box_margin=MARGIN) for percent in (5, 10, 20)),
        *(Variant(f"search-{factor:g}", "search", f"search factor {factor:g}", search_factor=factor)
          for factor in search_factors),
    )


def choose(names: Iterable[str], of: Iterable[Variant]) -> tuple[Variant, ...]:
    """The rows of these names and groups. Raises ValueError for a name that is neither."""
    names, known = list(names), list(of)
    for name in names:
        if name not in GROUPS and name not in {variant.name for variant in known}:
            raise ValueError(f"there is no row {name!r}; there are {', '.join(variant.name for variant in known)}, and "
                             f"the groups {', '.join(GROUPS)}")
    return tuple(variant for variant in known if {variant.name, variant.group} & set(names))


@dataclass(frozen=True)
class Conditions:
    """What is the same for all rows. seed: of the boxes' jitter. Others as in `boxmask.generate.job.Job`."""

    source: Source
    sequences: tuple[str, ...] | None = None
    checkpoint: str | None = None
    device: str | None = None
    windows: str = WINDOWS
    stride: int = STRIDE
    iterations: int = ITERATIONS
    seed: int = 0


def make(variant: Variant, conditions: Conditions, out: str, *, overwrite: bool = False) -> dict[str, Any]:
    """Makes the masks of a row that are not there yet, and returns what it took, nothing if all were there.

    frames: that were made; seconds: for each of them, from image file to mask file; memory: the most of this process
    so far, in bytes (NaN where the system does not tell), and gpu_memory, where it has one; threads: PyTorch's.
    """
    prepared = prepare(variant, conditions, out)
    frames = 0
    with closing(Progress()) as progress:
        def tell(event: Mapping[str, Any]) -> None:
            nonlocal frames
            frames += event["count"] if event["event"] == "frames" else 0
            progress.tell(event)

        with prepared.entered(overwrite=overwrite, tell=tell) as held:
            start = time.perf_counter()
            prepared.work(held, tell=tell)
            seconds = time.perf_counter() - start
    ledger = prepared.take_ledger()
    if not ledger.is_complete:
        raise RuntimeError(f"{variant.name}: " + "; ".join(failure.reason for failure in ledger.failed.values()))
    if not frames:
        return {}
    return {"frames": frames, "seconds": seconds / frames, "memory": peak_memory(), **_torch_use(prepared)}


def prepare(variant: Variant, conditions: Conditions, out: str) -> Prepared:
    """The job of `boxmask generate` for a row; what no option of it does is changed in it and in its record."""
    iterations = conditions.iterations if variant.iterations is None else variant.iterations
    prepared = Job(conditions.source, out, conditions.sequences, method=variant.method,
                   checkpoint=conditions.checkpoint, device=conditions.device,
                   windows=WindowOptions(conditions.windows, variant.window, conditions.stride), iterations=iterations,
                   search_factor=variant.search_factor, refinements=variant.refinements,
                   smoothing=variant.smoothing, box_margin=variant.box_margin).prepare()
    dataset, method = prepared.dataset.name, variant.method
    if variant.jitter:
        dataset = f"{dataset}, boxes off by {variant.jitter:.0%}, seed {conditions.seed}"
        prepared = replace(prepared, dataset=_jittered(prepared.dataset, variant.jitter, conditions.seed))
    if not variant.has_prior:
        method += " without prior"
        labels = prepared.masker.net.prior_encoder.labels
        prepared.masker.net.prior_encoder.labels = lambda raster, features: labels(raster, features).zero_()
    settings = replace(prepared.record.settings, dataset=dataset, method=method)
    return replace(prepared, record=replace(prepared.record, settings=settings))


def _jittered(dataset: Dataset, amount: float, seed: int) -> Dataset:
    """The dataset with boxes as an annotator might draw them; those of a sequence are the same in every run."""
    from ltr.data.boxmask_augment import jitter_box

    def read(name: str) -> Sequence:
        sequence = dataset.read(name)
        random.seed(f"{seed} {name}")
        boxes = sequence.boxes.copy()
        for index in np.argwhere(np.isfinite(boxes).all(axis=2)):
            boxes[tuple(index)] = jitter_box(boxes[tuple(index)], amount)
        return replace(sequence, boxes=boxes)

    return replace(dataset, read=read)


def _torch_use(prepared: Prepared) -> dict[str, float]:
    if prepared.job.method != "network":
        return {}
    import torch

    device = next(prepared.masker.net.parameters()).device
    use = {"device": str(device), "threads": torch.get_num_threads()}
    return use | ({"gpu_memory": torch.cuda.max_memory_allocated(device)} if device.type == "cuda" else {})
