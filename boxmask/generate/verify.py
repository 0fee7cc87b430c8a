"""Whether an output folder is what its manifests say, file by file, and a repair of what is not."""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from boxmask.generate import ledger, manifest, settings
from boxmask.generate.job import Job
from boxmask.generate.ledger import Ledger
from boxmask.generate.manifest import Frame, Manifest, ManifestError, Stamp
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder, OutputError
from boxmask.generate.owner import Owner
from boxmask.generate.settings import Record
from boxmask.generate.source import Opened, Source, Sources
from boxmask.generate.writer import require_replaceable
from boxmask.readers.images import ImageError, is_folder
from boxmask.readers.sequence import DatasetError, Frames
from boxmask.terminal import Progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fault:
    """Something that is not as it should be. kind: a word for programs; sequence: None if it is of no sequence."""

    kind: str
    path: str
    problem: str
    sequence: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@dataclass(frozen=True)
class Report:
    """What was found: the ledger of the sequences that are there, and every fault."""

    ledger: Ledger
    faults: tuple[Fault, ...]

    @property
    def to_repair(self) -> tuple[str, ...]:
        """The sequences with a fault that making them again would mend."""
        return tuple(sorted({fault.sequence for fault in self.faults if fault.sequence is not None}))

    def to_json(self) -> dict[str, Any]:
        """What `boxmask verify --json` writes: the ledger, and a list of the faults."""
        return {**self.ledger.to_json(), "faults": [asdict(fault) for fault in self.faults]}


def verify(root: Path, *, quick: bool = False,
           progress: Progress = iter) -> Report:
    """Compares all files of an output folder with the manifests, and writes nothing.

    quick: looks at names and sizes, and reads no mask. Raises `OutputError` if there is no run on record in `root`.
    """
    out = OutFolder(root)
    record = settings.read_record(out)
    if record is None:
        raise OutputError(f"{root}: there is no {out.run_file.relative_to(out.root)} in it; name the --out folder of a "
                          "`boxmask generate`")
    names = sorted(out.published())
    faults = [*_stray_files(out), *_unfinished(out)]
    for name in progress(names):
        faults += _check_sequence(out, name, record, quick=quick)
    found, to_redo = ledger.take(out, record.sequences), out.marked(out.redo)
    faults += [Fault("missing", str(out.sequence(name)), "not done; the same command again, without "
                                                          "--overwrite, would do it", name)
               for name in found.open if name not in to_redo]
    return Report(found, tuple(faults))


def repair(root: Path, names: tuple[str, ...], *, dataset_root: str | None = None, checkpoint: str | None = None,
           device: str | None = None) -> list[Job]:
    """The jobs that make sequences of an output folder again, which are marked for it; one per dataset.

    dataset_root: as the `root` of `Sources`; checkpoint: where that on record is now, if it has moved. Sequences that
    no dataset on record has, or two, or with other frames, are left as they are, and so are those whose folders hold
    what is not ours to delete.
    """
    out = OutFolder(root)
    record = settings.read_record(out)
    sources = Sources((Source(**each) for each in record.sources), dataset_root)
    found: dict[Opened, list[str]] = {}
    to_redo = out.marked(out.redo)
    for name in names:
        opened = _find(sources, out.sequence(name)) if _is_replaceable(out.sequence(name)) else None
        if opened is not None and (name in to_redo or _has_its_frames(opened, out.sequence(name), record)):
            found.setdefault(opened, []).append(name)
    jobs = [_job(opened.source, out, record, tuple(its), checkpoint, device) for opened, its in found.items()]
    settings.mark_to_redo(out, out.published() & {name for job in jobs for name in job.sequences})
    return jobs


def _find(sources: Sources, folder: Path) -> Opened | None:
    """The source of a sequence, or a warning that its folder stays as it is."""
    try:
        opened = sources.find(folder.name)
    except DatasetError as error:
        logger.warning("%s: %s; name the right one with --root", folder, error)
        return None
    if opened is None:
        logger.warning("%s: no dataset on record has this sequence; name where it is now with --root, or, if it is "
                       "no more, remove this folder if it is there, and give the command of the run again", folder)
    return opened


def _has_its_frames(opened: Opened, folder: Path, record: Record) -> bool:
    """Whether a source has the frames that the masks in a folder are of, or else a warning that it stays as it is.

    True where nothing tells: no manifest, one of another sequence or other settings, nothing that can be read.
    """
    try:
        content = manifest.read(folder)
        frames = opened.dataset.read(folder.name).frames
    except (ManifestError, DatasetError):
        return True
    if content.sequence != folder.name or dict(content.header.settings) != record.settings.said():
        return True
    if frames.names == tuple(frame.name for frame in content.frames) and _have_sizes(frames, content.frames):
        return True
    logger.warning("%s: its masks are of other frames than there are in %s; name the right place with --root, or, if "
                   "the frames have changed, make it again with `boxmask generate --overwrite`", folder, opened.source)
    return False


def _have_sizes(frames: Frames, known: tuple[Frame, ...]) -> bool:
    for index, frame in enumerate(known):
        with suppress(ImageError):
            if frame.outcome is Outcome.OK and frames.size(index) != (frame.width, frame.height):
                return False
    return True


def _is_replaceable(folder: Path) -> bool:
    try:
        require_replaceable(folder)
    except OutputError as error:
        logger.warning("%s", error)
        return False
    return True


def _stray_files(out: OutFolder) -> Iterator[Fault]:
    with os.scandir(out.root) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not is_folder(entry):
                yield Fault("surplus", entry.path, "a file among the folders of sequences, which no run has written")


def _unfinished(out: OutFolder) -> Iterator[Fault]:
    """What runs have left undone, and failures on record."""
    for name in sorted(out.marked(out.failed)):
        failure = ledger.read_failure(out, name)
        if failure is not None:
            yield Fault("failed", str(out.sequence(name)), f"failed: {failure.reason}", name)
    for name in sorted(out.marked(out.redo)):
        yield Fault("redo", str(out.sequence(name)), "to be made again, which was not finished", name)
    for name in sorted(out.marked(out.claims)):
        owners = [Owner.parse(text) for text in out.marked(out.claims / name)]
        if all(owner is None or owner.is_known_dead() for owner in owners):
            yield Fault("half", str(out.partial / name), "half a sequence, of a run that was interrupted", name)
        else:
            yield Fault("running", str(out.claims / name), "a worker has this sequence now, or had it when its machine "
                                                           "went down")


def _check_sequence(out: OutFolder, name: str, record: Record, *, quick: bool) -> Iterator[Fault]:
    folder = out.sequence(name)
    try:
        content = manifest.read(folder)
    except ManifestError as error:
        kind = "unknown" if not os.path.lexists(folder / manifest.FILE_NAME) else "damaged"
        yield Fault(kind, str(folder), str(error).removeprefix(f"{folder / manifest.FILE_NAME}: "), name)
        return
    if content.sequence != name:
        yield Fault("damaged", str(folder), f"the manifest is of sequence {content.sequence}; give the folder its name "
                                            "back", name)
    if dict(content.header.settings) != record.settings.said():
        yield Fault("settings", str(folder), "made with other settings than those on record", name)
    expected = {manifest.FILE_NAME: None, **_stamps(content)}
    try:
        found = set(os.listdir(folder))
    except OSError as error:
        yield Fault("damaged", str(folder), f"cannot be listed ({error.strerror})", name)
        return
    for file in sorted(found - set(expected)):
        yield Fault("surplus", str(folder / file), "a file that is not in the manifest", name)
    for file, stamp in expected.items():
        if file not in found:
            yield Fault("missing", str(folder / file), "no such file", name)
        elif stamp is not None:
            yield from _check_file(folder / file, stamp, name, quick=quick)


def _stamps(content: Manifest) -> dict[str, Stamp]:
    masks = {f"{frame.name}.png": Stamp(frame.bytes, frame.crc32) for frame in content.frames
             if frame.bytes is not None}
    return masks | dict(content.header.files)


def _check_file(path: Path, stamp: Stamp, sequence: str, *, quick: bool) -> Iterator[Fault]:
    try:
        size = path.stat().st_size
        if size != stamp.bytes:
            yield Fault("damaged", str(path), f"{size} bytes, and the manifest says {stamp.bytes}", sequence)
        elif not quick and zlib.crc32(path.read_bytes()) != stamp.crc32:
            yield Fault("damaged", str(path), "its bytes have changed", sequence)
    except OSError as error:
        yield Fault("damaged", str(path), f"cannot be read ({error.strerror})", sequence)


def _job(source: Source, out: OutFolder, record: Record, names: tuple[str, ...], checkpoint: str | None,
         device: str | None) -> Job:
    """The job that would write `names` with the settings on record."""
    used = record.settings
    job = Job(source, str(out.root), names, method=used.method, checkpoint=checkpoint or record.checkpoint,
              device=device, min_quality=used.min_quality, drop_poor=used.drop_poor)
    if used.windows is None:
        return job
    return replace(job, windows=used.window_options, iterations=used.iterations,
                   search_factor=used.search_factor, refinements=used.refinements, smoothing=used.smoothing,
                   box_margin=used.box_margin or 0.0)
