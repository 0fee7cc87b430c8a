"""A zip file of an output folder: masks, manifests and quality, the same bytes for the same masks."""

from __future__ import annotations

import zipfile
from pathlib import Path

from boxmask.export.masks import SequenceMasks, open_masks
from boxmask.export.whole import whole
from boxmask.generate import manifest
from boxmask.terminal import Progress

# The earliest that the format knows: when the masks were made is no part of them.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def export(out: Path, target: Path, *, unfinished: bool = False,
           progress: Progress = iter) -> int:
    """Writes the zip file `target` and returns the number of sequences.

    Unpacked it is as good as the output folder for those who read masks, but it has no record of the run.
    """
    count = 0
    with whole(target, out) as partial, zipfile.ZipFile(partial, "w") as archive:
        for sequence in open_masks(out, unfinished=unfinished, progress=progress):
            _add(sequence, archive)
            count += 1
    return count


def _add(sequence: SequenceMasks, archive: zipfile.ZipFile) -> None:
    for frame in sequence.manifest.frames:
        if frame.bytes is not None:  # a PNG file is compressed already
            _write(archive, f"{sequence.name}/{frame.name}.png", sequence.read(frame), zipfile.ZIP_STORED)
    for name, stamp in sorted(sequence.manifest.header.files.items()):
        _write(archive, f"{sequence.name}/{name}", sequence.read_file(name, stamp), zipfile.ZIP_DEFLATED)
    _write(archive, f"{sequence.name}/{manifest.FILE_NAME}", (sequence.folder / manifest.FILE_NAME).read_bytes(),
           zipfile.ZIP_DEFLATED)


def _write(archive: zipfile.ZipFile, name: str, data: bytes, compression: int) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data, compression)
