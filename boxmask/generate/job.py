"""A whole run as plain values: what a command line asks for, a worker is sent, and a repair takes from the record."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from collections.abc import Sequence as Names
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from boxmask import weights
from boxmask.generate import claims, ledger, settings
from boxmask.generate.defaults import CLAIM_TIMEOUT, ITERATIONS, METHODS
from boxmask.generate.ledger import Ledger
from boxmask.generate.masker import Masker
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.plan import DEFAULT_WINDOWS, WindowOptions
from boxmask.generate.run import Tell, Worker
from boxmask.generate.settings import Record, Settings
from boxmask.generate.source import SEQUENCES, Source, Sources
from boxmask.readers.sequence import Dataset, shorten
from boxmask.view.generation import ClipView, is_first_process
from boxmask.view.sinks import open_view

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """Masks of the sequences of `source` in the folder `out`.

    sequences: only these; limit: only the first so many. checkpoint: the network's file, for the method `network`;
    None for the weights that come with boxmask. search_factor, refinements, smoothing: None for the network's own.
    box_margin: how far masks may reach beyond their boxes, as `boxmask.generate.compose.compose` takes it. batch:
    windows solved at once, None for what suits the device. host: a pytracking checkout, None for the environment's or
    our own. visdom, tensorboard: where the first process shows its clips, as `boxmask.view.sinks.open_view` takes them.
    """

    source: Source
    out: str
    sequences: tuple[str, ...] | None = None
    limit: int | None = None
    method: str = METHODS[0]
    checkpoint: str | None = None
    device: str | None = None
    windows: WindowOptions = DEFAULT_WINDOWS
    iterations: int = ITERATIONS
    search_factor: float | None = None
    refinements: int | None = None
    smoothing: int | None = None
    box_margin: float = 0.0
    batch: int | None = None
    min_quality: float | None = None
    drop_poor: bool = False
    claim_timeout: float = CLAIM_TIMEOUT
    host: str | None = None
    visdom: str | None = None
    tensorboard: str | None = None

    def to_text(self) -> str:
        """As JSON, for a worker's orders."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Job:
        """The job that `to_text` wrote down."""
        values = json.loads(text)
        values["sequences"] = None if values["sequences"] is None else tuple(values["sequences"])
        return cls(**{**values, "source": Source(**values["source"]), "windows": WindowOptions(**values["windows"])})

    def run(self, *, overwrite: bool = False, tell: Tell = lambda event: None) -> Ledger:
        """Makes the masks, in this process, and returns what became of the sequences.

        overwrite: make those again that are there. Raises `OutputError` where the output folder does not suit, and
        `OSError` where it cannot be written.
        """
        prepared = self.prepare()
        with prepared.entered(overwrite=overwrite, tell=tell) as held:
            prepared.work(held, tell=tell)
        return prepared.take_ledger()

    @property
    def network_file(self) -> Path:
        """Raises FileNotFoundError where it is to be the weights that come with boxmask, and they are not there."""
        return weights.default_checkpoint() if self.checkpoint is None else Path(self.checkpoint)

    def prepare(self) -> Prepared:
        """Opens dataset and network, and writes nothing."""
        source, dataset = self.source.open()
        source.require_apart(Path(self.out))
        names = _choose(dataset, self.sequences, self.limit)
        out = OutFolder(self.out)
        masker = self._masker()
        record = Record(self._settings(source, dataset, masker), (source.to_json(),),
                        self.checkpoint if self.method == "network" else None, tuple(sorted(names)))
        return Prepared(self, out, dataset, names, masker, record)

    def _masker(self) -> Masker[Any]:
        from boxmask.evaluate import baselines

        if self.method not in METHODS:
            raise ValueError(f"there is no method {shorten(self.method)}; there are {', '.join(METHODS)}")
        if self.method != "network":
            return {"box": baselines.filled_box, "grabcut": baselines.grabcut}[self.method]
        path = self.network_file
        from boxmask import host
        host.activate(None if self.host is None else Path(self.host))
        from boxmask.generate.network import load_masker
        return load_masker(path, device=self._device(), search_factor=self.search_factor, iterations=self.iterations,
                           refinements=self.refinements, smoothing=self.smoothing)

    def _device(self) -> str | None:
        """Any GPU is the one of this process, if it is one of several on a machine."""
        return _device_of_rank() or self.device if self.device in (None, "cuda") else self.device

    def _settings(self, source: Source, dataset: Dataset, masker: Masker[Any]) -> Settings:
        common = Settings(dataset.name, self.method, first=source.first, every=source.every,
                          min_quality=self.min_quality, drop_poor=self.drop_poor)
        if self.method != "network":
            return common
        return replace(common, checkpoint=weights.checksum(self.network_file),
                       constructor=masker.net.constructor.fun_name, windows=self.windows.kind,
                       window=self.windows.window, stride=self.windows.stride,
                       overlap=self.windows.overlap if self.windows.kind == "chunk" else 0,
                       iterations=masker.iterations, search_factor=masker.search_factor,
                       refinements=masker.net.refinements, smoothing=masker.smoothing,
                       box_margin=self.box_margin or None)


@dataclass(frozen=True)
class Prepared:
    """A job whose dataset and network are open. names: of the sequences to do."""

    job: Job
    out: OutFolder
    dataset: Dataset
    names: tuple[str, ...]
    masker: Masker[Any]
    record: Record

    @contextmanager
    def entered(self, *, overwrite: bool, tell: Tell) -> Iterator[claims.Claims]:
        """Puts the run on record (see `settings.enter`) and gives the claims that its workers need.

        overwrite: marks what is to be made again, too.
        """
        with claims.Claims(self.out, timeout=self.job.claim_timeout) as held:
            settings.enter(self.out, self.record, held.scratch, overwrite=overwrite)
            self._forget_what_is_gone(held)
            if overwrite:
                settings.mark_to_redo(self.out, self.out.published() & set(self.names))
            tell({"event": "start", "sequences": len(self.names), "done": len(self.out.done() & set(self.names)),
                  **self._network()})
            yield held

    def _forget_what_is_gone(self, held: claims.Claims) -> None:
        """Takes those sequences off the record that have no masks, and that no dataset on record has any more."""
        there = settings.read_record(self.out)
        open_ones = {*there.sequences} - {*self.dataset.sequences} - self.out.published()
        if not open_ones or self.job.source.layout in SEQUENCES:  # of many videos each may have its own command
            return
        sources = Sources(Source(**each) for each in there.sources)
        gone = {name for name in open_ones if sources.lack(name)}
        settings.forget(self.out, gone, held.scratch)
        for name in sorted(gone):
            logger.info("%s: taken off the record, as it is in no dataset any more", name)
            for mark in (self.out.redo / name, ledger.failure_file(self.out, name)):
                mark.unlink(missing_ok=True)

    def _network(self) -> dict[str, str]:
        if self.job.method != "network":
            return {}
        used = self.record.settings
        return {"network": used.constructor, "file": str(self.job.network_file), "sha256": used.checkpoint}

    def work(self, held: claims.Claims, *, tell: Tell) -> None:
        """Makes the masks, in this process."""
        visdom, tensorboard = (self.job.visdom, self.job.tensorboard) if is_first_process() else (None, None)
        # Quiet: who leads the run shows more in the same places, and tells what is wrong with them.
        with open_view(visdom=visdom, quiet=True) as live, \
                open_view(tensorboard=tensorboard, name="clips", quiet=True) as record:
            worker = Worker(self.dataset, self.names, self.masker, self.record, held, batch=self.job.batch,
                            tell=tell, watch=ClipView(live, record))
            worker.work()

    def take_ledger(self) -> Ledger:
        """What has become of the job's sequences so far."""
        return ledger.take(self.out, self.names)


def _choose(dataset: Dataset, names: Names[str] | None, limit: int | None) -> tuple[str, ...]:
    known = frozenset(dataset.sequences)
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise ValueError(f"{dataset.name}: there is no sequence {unknown[0]}; it has {len(dataset.sequences)}, the "
                         f"first is {dataset.sequences[0]}")
    return tuple(dict.fromkeys(names or dataset.sequences))[:limit]


def _device_of_rank() -> str | None:
    """The GPU of this process if it is one of several on a machine, as torchrun and `--workers` number them."""
    rank = os.environ.get("LOCAL_RANK")
    if rank is None:
        return None
    import torch
    count = torch.cuda.device_count()
    return f"cuda:{int(rank) % count}" if count else None
