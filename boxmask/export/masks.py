"""The masks to export: those of a finished output folder, checked against their manifests while they are read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from boxmask.generate import manifest
from boxmask.generate.ledger import names_there
from boxmask.generate.manifest import Frame, Manifest, ManifestError, Stamp
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.settings import Record, read_record
from boxmask.terminal import Progress


class ExportError(ValueError):
    """Masks that cannot be exported, or a target that is in the way; the message says what to do."""


@dataclass(frozen=True)
class SequenceMasks:
    """The masks of one sequence."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The name of the sequence."""
        return self.manifest.sequence

    def is_known(self, frame: Frame) -> bool:
        """Whether the mask says where the objects are: neither of a frame that could not be looked at, nor poor.

        The layouts have no way to mark a mask as poor, and those who train on an empty mask take it for the truth.
        """
        return frame.outcome in (Outcome.OK, Outcome.ABSENT) and not frame.poor

    def shows(self, frame: Frame, object_id: int) -> bool:
        """Whether some of the object is in a known mask."""
        return frame.usable_quality(object_id) > 0

    def read(self, frame: Frame) -> bytes:
        """The PNG file of a frame's mask. Raises `ExportError` if it is not the one that the manifest tells of."""
        return self.read_file(f"{frame.name}.png", Stamp(frame.bytes, frame.crc32))

    def read_file(self, name: str, stamp: Stamp) -> bytes:
        """A file of the sequence. Raises `ExportError` if it is not the one that the stamp is of."""
        path = self.folder / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise _mismatch(path, "the file is missing", self.folder.parent) from None
        if Stamp.of(data) != stamp:
            raise _mismatch(path, "the file is not as it was written", self.folder.parent)
        return data


def open_masks(out: str | os.PathLike[str], *, unfinished: bool = False,
               progress: Progress = iter) -> Iterator[SequenceMasks]:
    """The sequences of an output folder of `boxmask generate`, one after the other, by name.

    unfinished: also of a run that has failed or open sequences, without those. Raises `ExportError` where there are no
    masks, or where files and manifests do not match, which is found out sequence by sequence.
    """
    folder = OutFolder(out)
    record = read_record(folder)
    names = names_there(folder, record)
    if not names:
        raise ExportError(f"{out}: no sequences in it; expected the --out of `boxmask generate`")
    if not unfinished and _has_open_ends(folder, record):
        raise ExportError(f"{out}: the run is not finished: some sequences failed or are still to do. Give the command "
                          f"of the run again, or export what is there with --unfinished; `boxmask verify {out}` tells "
                          "which they are")
    return _read_sequences(folder, progress(names))


def _read_sequences(folder: OutFolder, names: Iterable[str]) -> Iterator[SequenceMasks]:
    for name in names:
        path = folder.sequence(name)
        try:
            record = manifest.read(path)
        except ManifestError as error:
            raise _mismatch(path, str(error), folder.root) from error
        if record.sequence != name:
            raise _mismatch(path, f"its manifest is that of sequence {record.sequence}", folder.root)
        yield SequenceMasks(path, record)


def _has_open_ends(folder: OutFolder, record: Record | None) -> bool:
    """Whether a sequence on record is not done, or more is left of a run than its record and the lock of that.

    A folder may be taken along without them.
    """
    if record is not None and not folder.done().issuperset(record.sequences):
        return True
    return folder.state.is_dir() and not {folder.run_file.name, folder.lock.name}.issuperset(os.listdir(folder.state))


def _mismatch(path: Path, problem: str, out: Path) -> ExportError:
    return ExportError(f"{path}: {problem}; `boxmask verify {out}` tells what else is wrong, --repair mends it")
