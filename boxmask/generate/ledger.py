"""The ledger of a run: what became of every sequence and every frame, read from what is in the output folder."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boxmask.generate import manifest
from boxmask.generate.manifest import ManifestError
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder, write_whole
from boxmask.generate.settings import Record

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """Why a sequence has no masks, and how many frames that leaves without (0 if not even that is known)."""

    reason: str
    frames: int = 0


@dataclass(frozen=True)
class Ledger:
    """Sequences by what became of them. done: the counts of their frames. open: neither done nor failed."""

    done: Mapping[str, Mapping[Outcome, int]] = field(default_factory=dict)
    failed: Mapping[str, Failure] = field(default_factory=dict)
    open: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[Outcome, int]:
        """Frames by outcome, those of failed sequences among them; every outcome is there."""
        total: Counter[Outcome] = Counter()
        for counts in self.done.values():
            total.update(counts)
        total[Outcome.FAILED] += sum(failure.frames for failure in self.failed.values())
        return {outcome: total[outcome] for outcome in Outcome}

    @property
    def is_complete(self) -> bool:
        """Whether every sequence is done."""
        return not self.failed and not self.open

    def __str__(self) -> str:
        parts = [f"{len(self.done)} done", f"{len(self.failed)} failed"]
        if self.open:
            parts.append(f"{len(self.open)} not done")
        counts = self.counts
        frames = ", ".join(f"{count} {outcome.value.replace('_', ' ')}" for outcome, count in counts.items())
        return f"sequences: {', '.join(parts)}\nframes: {sum(counts.values())} = {frames}"

    def to_json(self) -> dict[str, Any]:
        """What `--json` writes: counts of sequences and frames, and the failures."""
        return {"sequences": {"done": len(self.done), "failed": len(self.failed), "open": len(self.open)},
                "frames": {outcome.value: count for outcome, count in self.counts.items()},
                "failed": {name: vars(failure) for name, failure in sorted(self.failed.items())}}


def take(out: OutFolder, names: Iterable[str]) -> Ledger:
    """The ledger of the named sequences."""
    published, redo, failures = out.published(), out.marked(out.redo), out.marked(out.failed)
    done, failed, still_open = {}, {}, []
    for name in names:
        failure = read_failure(out, name) if name in failures else None
        if name in published and name not in redo and failure is None:
            try:
                done[name] = manifest.read_header(out.sequence(name)).counts
            except ManifestError as error:
                failed[name] = Failure(str(error))
        elif failure is not None:
            failed[name] = failure
        else:
            still_open.append(name)
    return Ledger(done, failed, tuple(still_open))


def names_there(out: OutFolder, record: Record | None) -> list[str]:
    """The names of the sequences that are there, in order.

    Folders without a manifest that are not on record are not of the run, as lost+found is; a warning names them. Where
    there is no record, nothing tells them from sequences whose manifests are lost.
    """
    published = out.published()
    if record is None:
        return sorted(published)
    foreign = {name for name in published - {*record.sequences} if not out.has_manifest(name)}
    for name in sorted(foreign):
        logger.warning("%s is passed over: it has no manifest, and is not of this run", out.sequence(name))
    return sorted(published - foreign)


def read_failure(out: OutFolder, name: str) -> Failure | None:
    """The record of a sequence that failed, None if there is none."""
    try:
        record = json.loads(failure_file(out, name).read_text(encoding="utf-8"))
        reason, frames = record["reason"], record["frames"]
        if type(reason) is not str or type(frames) is not int or frames < 0:
            raise ValueError("expected a reason and a number of frames")
        return Failure(reason, frames)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return Failure(f"{failure_file(out, name)}: the record of the failure cannot be read ({error!r})")


def write_failure(out: OutFolder, name: str, failure: Failure, scratch: Path) -> None:
    """Puts the failure of a sequence on record."""
    record = {"frames": failure.frames, "reason": failure.reason, "sequence": name}
    write_whole(failure_file(out, name), json.dumps(record, indent=2, ensure_ascii=False) + "\n", scratch)


def failure_file(out: OutFolder, name: str) -> Path:
    """Where the failure of a sequence is put on record."""
    return out.failed / f"{name}.json"
