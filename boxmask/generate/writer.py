"""The files of one sequence, which appear under its name all at once, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

import boxmask
from boxmask import masks
from boxmask.generate import manifest, quality
from boxmask.generate.claims import Claim, Claims
from boxmask.generate.manifest import Frame, Header, Manifest, Stamp
from boxmask.generate.outcomes import FrameResult
from boxmask.generate.outfolder import OutputError, in_folder, remove_tree, sync_folder
from boxmask.generate.settings import Settings
from boxmask.readers.sequence import Sequence


class SequenceWriter:
    """Writes the masks, the qualities and the manifest of a sequence that this worker holds the claim of.

    They go to a folder of the claim's, `.boxmask/partial/<sequence>/<owner>`, which takes the sequence's name when it
    is whole. Whatever another worker that has lost the claim still writes goes elsewhere, or nowhere.
    """

    def __init__(self, claims: Claims, claim: Claim, sequence: Sequence, settings: Settings) -> None:
        self.claim = claim
        self.sequence = sequence
        self.settings = settings
        self.folder = claims.out.sequence(claim.name)
        self.partial = claims.out.partial / claim.name / str(claims.owner)
        # Of its own: helpers publish several sequences at once.
        self._replaced = claims.scratch / "replaced" / claim.name
        self._highest = max(sequence.object_ids)
        self._quality = quality.SequenceQuality(sequence.frames.names)
        self._frames: dict[int, Frame] = {}
        in_folder(self.partial.parent, self.partial.mkdir)

    def add(self, result: FrameResult) -> None:
        """Takes the result of a frame, from any thread; raises `ClaimLost` if the sequence is no longer this worker's.
        """
        name = self.sequence.frames.names[result.index]
        if result.index in self._frames:
            raise ValueError(f"{self.sequence.name}: frame {name} has two results")
        frame = Frame(name, result.outcome, result.reason, *result.size)
        self._quality.add(result)
        self._frames[result.index] = self._write_mask(frame, result.mask)

    def publish(self) -> Manifest:
        """Gives the finished sequence its name and returns its manifest; when all frames have been added."""
        names = self.sequence.frames.names
        missing = [name for index, name in enumerate(names) if index not in self._frames]
        if missing:
            raise ValueError(f"{self.sequence.name}: frame {missing[0]} and {len(missing) - 1} others have no result")
        try:
            return self._publish()
        except FileNotFoundError:
            self.claim.require()  # its folder went with the claim
            raise

    def _publish(self) -> Manifest:
        rows = self._quality.rows()
        self._judge(rows)
        table = quality.to_csv(rows).encode()
        self._write(quality.FILE_NAME, table)
        frames = tuple(frame for _, frame in sorted(self._frames.items()))
        header = Header(self.sequence.dataset, self.sequence.name, tuple(self.sequence.object_ids),
                        boxmask.__version__, self.settings.said(), {quality.FILE_NAME: Stamp.of(table)},
                        manifest.count(frames), manifest.best(frames, tuple(self.sequence.object_ids)))
        result = Manifest(header, frames)
        self._write(manifest.FILE_NAME, manifest.to_text(result).encode())
        self._synchronise()
        self.claim.require()
        self._take_the_name()
        return result

    def discard(self) -> None:
        """Removes what was written."""
        remove_tree(self.partial)

    def _write_mask(self, frame: Frame, mask: np.ndarray) -> Frame:
        data = masks.encode(mask, highest=self._highest)
        self._write(f"{frame.name}.png", data)
        stamp = Stamp.of(data)
        return replace(frame, bytes=stamp.bytes, crc32=stamp.crc32)

    def _judge(self, rows: list[quality.Row]) -> None:
        """Adds the quality to the frames; those with a poor object are marked, and lose it if that is wanted."""
        scores: dict[str, dict[int, float]] = {}
        for row in rows:
            scores.setdefault(row.frame, {})[row.object_id] = round(float(row.score), 4)
        least = self.settings.min_quality
        for index, frame in self._frames.items():
            objects = scores.get(frame.name, {})
            poor = [identity for identity, score in objects.items() if least is not None and score < least]
            frame = replace(frame, objects=objects, poor=bool(poor))
            if poor and self.settings.drop_poor:
                mask = masks.read(self.partial / f"{frame.name}.png")
                mask[np.isin(mask, poor)] = 0
                frame = self._write_mask(frame, mask)
            self._frames[index] = frame

    def _write(self, name: str, data: bytes) -> None:
        path = self.partial / name
        try:
            path.write_bytes(data)
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                self.claim.require()  # its folder went with the claim
            # A full disk is met while writing, where Python does not add the name of the file.
            raise OSError(error.errno, error.strerror, str(path)) from error

    def _synchronise(self) -> None:
        """Brings all files to the disk before the folder gets its name: after a power cut it is whole or not there.

        Only here, not file by file as they are written: by now most are on the disk, and the rest go there together.
        """
        for name in os.listdir(self.partial):
            with open(self.partial / name, "rb") as file:
                os.fsync(file.fileno())
        sync_folder(self.partial)

    def _take_the_name(self) -> None:
        remove_tree(self._replaced)
        require_replaceable(self.folder)
        if self.folder.is_dir():
            self._replaced.parent.mkdir(parents=True, exist_ok=True)
            self.folder.rename(self._replaced)
        try:
            self.partial.rename(self.folder)
        except OSError:
            with suppress(OSError):  # there was none, or another's has taken the place
                self._replaced.rename(self.folder)
            raise
        sync_folder(self.folder.parent)
        remove_tree(self._replaced)
        with suppress(OSError):
            self.partial.parent.rmdir()


def require_replaceable(folder: Path) -> None:
    """Raises `OutputError` unless what new masks are to replace is a folder of nothing but masks and their records.

    One of the records has to be there, damaged or not: masks without any may be painted by hand.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is no folder, and masks go into one; remove it, or choose another --out")
    records = {manifest.FILE_NAME, quality.FILE_NAME}
    paths = sorted(folder.iterdir())
    others = [path.name for path in paths
              if not path.is_file() or (path.suffix != ".png" and path.name not in records)]
    if others:
        raise OutputError(f"{folder} also holds {others[0]}, which would be deleted with its masks; remove it, or "
                          "choose another --out")
    if paths and records.isdisjoint(path.name for path in paths):
        raise OutputError(f"{folder} holds {paths[0].name} and no {manifest.FILE_NAME}, so it may not be of boxmask, "
                          "and would be deleted; move it elsewhere if you need it, or choose another --out")
