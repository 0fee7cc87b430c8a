"""The rounds of a benchmark: in each, everything that is compared is timed one after the other."""

from __future__ import annotations

import logging
import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from boxmask import host, weights
from boxmask.bench import measure, samples
from boxmask.bench.report import Report, Round, Setting
from boxmask.generate.helpers import num_processors
from boxmask.generate.job import Job, Prepared
from boxmask.generate.phases import peak_memory
from boxmask.generate.plan import DEFAULT_WINDOWS, WindowOptions
from boxmask.generate.source import Source

logger = logging.getLogger(__name__)

# Frames of a sequence, as many as those of many datasets have; and frames of the reference procedure in a round.
SEQUENCE_FRAMES = 60
_REFERENCE_FRAMES = 4
_FILES = 20


@dataclass(frozen=True)
class Options:
    """source: None for drawn frames of `size` (W, H). checkpoint: None for the `network` that comes with boxmask, or of
    another with random weights, which are as fast. out: where masks are written for the time being, None for the
    system's folder of temporary files.
    """

    source: Source | None = None
    size: tuple[int, int] = (1920, 1080)
    num_frames: int = 120
    network: str = "boxmask_lite"
    checkpoint: Path | None = None
    device: str | None = None
    windows: WindowOptions = DEFAULT_WINDOWS
    rounds: int = 3
    against_reference: bool = False
    out: Path | None = None
    host: str | None = None


def run(options: Options) -> Report:
    """Measures and returns the report; what is written meanwhile is removed."""
    with tempfile.TemporaryDirectory(prefix="boxmask-bench-", dir=options.out) as name:
        folder = Path(name)
        job = _job(options, folder)
        prepared = job.prepare()
        size = _size(prepared)
        reference = measure.Reference(prepared, _REFERENCE_FRAMES) if options.against_reference else None
        _round(replace(prepared, names=prepared.names[:1]), reference, size, folder / "warm-up")
        rounds = []
        for number in range(1, options.rounds + 1):
            rounds.append(_round(prepared, reference, size, folder / f"round {number}"))
            logger.info("round %d of %d: %.2f frames/s", number, options.rounds, 1 / rounds[-1].pipeline.seconds)
        return Report(_setting(options, prepared, size), tuple(rounds))


def _round(prepared: Prepared, reference: measure.Reference | None, size: tuple[int, int], folder: Path) -> Round:
    folder.mkdir()
    steps = measure.alone(prepared, folder / "alone")
    spent = measure.pipeline(prepared, folder / "pipeline")
    memory = peak_memory()
    naive = None if reference is None else reference(folder / "reference")
    return Round(steps, spent, memory, naive, *measure.mask_files(size, _FILES))


def _job(options: Options, folder: Path) -> Job:
    num_sequences = math.ceil(options.num_frames / SEQUENCE_FRAMES)
    source = options.source
    if source is None:
        samples.write(folder / "frames", options.size, options.num_frames, num_sequences)
        source = Source("got10k", {"root": str(folder / "frames")})
    else:
        source = replace(source, first=min(SEQUENCE_FRAMES, options.num_frames))
    checkpoint = _known_network(options) or _random_network(options, folder)
    return Job(source, str(folder / "masks"), limit=num_sequences, checkpoint=str(checkpoint), device=options.device,
               windows=options.windows, host=options.host)


def _known_network(options: Options) -> Path | None:
    """The checkpoint that is named, or that of the network that comes with boxmask; None for another network."""
    if options.checkpoint is None and options.network == Path(weights.DEFAULT).stem:
        return weights.default_checkpoint()
    return options.checkpoint


def _random_network(options: Options, folder: Path) -> Path:
    host.activate(None if options.host is None else Path(options.host))
    import ltr.models.boxmask as networks
    from ltr.models.boxmask import checkpoint

    torch.manual_seed(0)
    path = folder / "random.safetensors"
    checkpoint.save(getattr(networks, options.network)(), path)
    return path


def _size(prepared: Prepared) -> tuple[int, int]:
    frames = prepared.dataset.read(prepared.names[0]).frames
    return frames.size(0)


def _setting(options: Options, prepared: Prepared, size: tuple[int, int]) -> Setting:
    frames = sum(len(prepared.dataset.read(name)) for name in prepared.names)
    masker = prepared.masker
    known = _known_network(options)
    said = "random weights" if known is None else f"{known.name}, {weights.checksum(known)[:8]}"
    network = f"{masker.net.constructor.fun_name} ({said})"
    device = next(masker.net.parameters()).device
    place = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return Setting(frames, size, "drawn" if options.source is None else prepared.dataset.name, network, place,
                   options.windows.kind, num_processors(), torch.get_num_threads(), torch.__version__)
