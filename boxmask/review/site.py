"""Makes the page of an output folder, or brings it up to date: `index.html` and, beside it, a folder of pictures.

Of a sequence there are, under the hash of its name, which may hold anything: a small picture, sheets of pictures, and
its details. The details say of which manifest they are, so that what has not changed is not drawn again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boxmask.generate import ledger, manifest, quality
from boxmask.generate.manifest import Manifest, ManifestError
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder, OutputError, require_apart
from boxmask.generate.quality import QualityError, Row
from boxmask.generate.settings import Record, read_record
from boxmask.generate.source import Source, Sources
from boxmask.readers.sequence import DatasetError, Sequence, check_name
from boxmask.review import figures, pictures
from boxmask.review.page import MADE_BY, details_text, read_details, render

logger = logging.getLogger(__name__)

PAGE, PICTURES = "index.html", "pictures"
# Counts up when the same masks come to give other files.
FORMAT = 1
_OURS = re.compile(r"[0-9a-f]{16}(-\d+\.jpg|\.jpg|\.js)(\.partial)?")


@dataclass(frozen=True)
class Built:
    """sequences: on the page; drawn: of them, those that are new or have changed; without: those without pictures."""

    page: Path
    sequences: int
    drawn: int
    without: int


def build(root: Path, target: Path, *, frames: int, dataset_root: str | None = None, workers: int = 1,
          progress: Callable[[Iterable[Any], int], Iterable[Any]] = lambda items, total: items) -> Built:
    """Writes the page of the output folder `root` into the folder `target`.

    frames: shown of a sequence, 0 for all. dataset_root: as the `root` of `Sources`. workers: threads.
    progress: given the results as they come and their number, to pass them on. Raises `OutputError` for folders that do
    not suit, and where the dataset is gone.
    """
    out = OutFolder(root)
    record = read_record(out)
    if record is None:
        raise OutputError(f"{root}: there is no {out.run_file.relative_to(out.root)} in it; name the --out folder of a "
                          "`boxmask generate`")
    opened = _open([Source(**each) for each in record.sources], dataset_root)
    _require_target(target, out, opened.sources)
    names = _names(out)
    if not names:
        raise OutputError(f"{root}: no sequences in it yet; run `boxmask generate` to its end")
    (target / PICTURES).mkdir(parents=True, exist_ok=True)
    maker = _Maker(out, target / PICTURES, opened, frames)
    with ThreadPoolExecutor(workers) as pool, closing(pool.map(maker.make, names)) as results:
        made = list(progress(results, len(names)))
    _remove_others(target / PICTURES, made)
    page = render(_head(out, record, made), [one.summary for one in made])
    _write(target / PAGE, page.encode())
    return Built(target / PAGE, len(made), sum(one.is_new for one in made), sum(not one.files for one in made))


@dataclass(frozen=True)
class _Made:
    """summary: what the list says of a sequence; files: the names of its pictures and details."""

    summary: Mapping[str, Any]
    files: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True)
class _Maker:
    """Makes the files of a sequence in `folder`, from any thread."""

    out: OutFolder
    folder: Path
    sources: Sources
    frames: int

    def make(self, name: str) -> _Made:
        failure = ledger.read_failure(self.out, name)
        if not self.out.sequence(name).is_dir():
            return self._listed(figures.failed(name, failure.frames, failure.reason) if failure else
                                figures.failed(name, 0, "not there any more"))
        try:
            made = self._up_to_date(name) or self._draw(name)
        except (ManifestError, QualityError) as error:
            return self._listed(figures.failed(name, 0, str(error)))
        if failure is not None:
            made.summary["note"] = f"the last run failed, and these masks are of an earlier one: {failure.reason}"
        return made

    def _listed(self, summary: dict[str, Any]) -> _Made:
        """Of a sequence without pictures; where it has no manifest either, its mark is for what is told of it."""
        stamp = self._stamp(summary["name"]) or f"{zlib.crc32(repr(summary).encode()):08x}"
        return _Made({**summary, "file": file_name(summary["name"]), "stamp": stamp, "has_pictures": False}, (), False)

    def _up_to_date(self, name: str) -> _Made | None:
        """What an earlier call has made of a sequence, if it is still right."""
        details = self._earlier(name)
        is_right = details.get("frames_wanted") == self.frames and details.get("is_whole")
        return _made_before(details) if is_right else None

    def _earlier(self, name: str) -> dict[str, Any]:
        """The details of the same masks that an earlier call has written, if all their pictures are there, else {}."""
        file = file_name(name)
        try:
            details = read_details((self.folder / f"{file}.js").read_text(encoding="utf-8"))
            details["summary"]["file"] = file
            is_right = (details["summary"]["stamp"] == self._stamp(name) and details["format"] == FORMAT
                        and all((self.folder / each).is_file() for each in details["files"]))
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return details if is_right else {}

    def _stamp(self, name: str) -> str:
        """Of the masks of a sequence: the manifest has the checksums of all its files."""
        try:
            return f"{zlib.crc32((self.out.sequence(name) / manifest.FILE_NAME).read_bytes()):08x}"
        except OSError:
            return ""

    def _draw(self, name: str) -> _Made:
        stamp = self._stamp(name)
        content = manifest.read(self.out.sequence(name))
        rows = quality.read_csv(self.out.sequence(name) / quality.FILE_NAME)
        if content.sequence != name:
            raise ManifestError(f"{self.out.sequence(name)}: the manifest is of sequence {content.sequence}; give the "
                                "folder its name back")
        summary = figures.summary(content, rows)
        if not content.frames:
            return self._listed({**summary, "note": "no frames"})
        try:
            sequence = self._read(name)
        except DatasetError as error:
            return self._without_dataset(summary, error)
        summary |= {"file": file_name(name), "stamp": stamp, "has_pictures": True}
        return self._write_files(summary, content, rows, sequence)

    def _without_dataset(self, summary: dict[str, Any], error: DatasetError) -> _Made:
        earlier = self._earlier(summary["name"])
        if not earlier:
            return self._listed({**summary, "note": f"no pictures: {error}"})
        made = _made_before(earlier)
        made.summary["note"] = f"the pictures are of an earlier time, and could not be drawn again: {error}"
        return made

    def _read(self, name: str) -> Sequence:
        opened = self.sources.find(name)
        if opened is None:
            raise DatasetError("it is not in the dataset any more; name with --root where it is", dataset="boxmask",
                               sequence=name)
        return opened.dataset.read(name)

    def _write_files(self, summary: dict[str, Any], content: Manifest, rows: list[Row], sequence: Sequence) -> _Made:
        file = summary["file"]
        scores = figures.lowest_scores(rows)
        shown = figures.choose(content.frames, scores, self.frames)
        size = pictures.cell_size(pictures.known_size(content.frames))
        columns = min(pictures.COLUMNS, max(1, len(shown)))
        shots = figures.frame_details(content.frames, rows, shown)
        worst = figures.worst(content.frames, scores, shown)
        files, held = [f"{file}.jpg"], []
        cells = pictures.draw_cells(sequence, self.out.sequence(content.sequence),
                                    [content.frames[index] for index in shown], size)
        for position, (shot, cell) in enumerate(zip(shots, cells, strict=True)):
            shot["problem"] = cell.problem
            held.append(cell.picture)
            if position == worst:
                _write(self.folder / files[0], pictures.encode(pictures.thumb(cell.picture)))
            if len(held) == pictures.CELLS or position == len(shots) - 1:
                files.append(f"{file}-{len(files)}.jpg")
                _write(self.folder / files[-1], pictures.encode(pictures.sheet(held, columns)))
                held.clear()
        # A frame that was there when its mask was made may be there again the next time.
        is_whole = all(not shot["problem"] or shot["outcome"] == Outcome.BAD_IMAGE.value for shot in shots)
        details = {"file": file, "summary": summary, "frames_wanted": self.frames, "format": FORMAT,
                   "is_whole": is_whole, "width": size[0], "height": size[1], "columns": columns,
                   "per_sheet": pictures.CELLS, "worst": worst, "files": files, "signs": figures.SIGNS, "frames": shots}
        # Last, as it says that the others are there.
        _write(self.folder / f"{file}.js", details_text(details).encode())
        return _Made(summary, tuple(files), True)


def _made_before(details: dict[str, Any]) -> _Made:
    return _Made(details["summary"], tuple(details["files"]), False)


def file_name(name: str) -> str:
    """What the files of a sequence are called: the name itself may not suit an address, or every file system."""
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16]


def _names(out: OutFolder) -> list[str]:
    """The sequences that are done or have failed; folders with names that no run gives are left out."""
    names = []
    for name in sorted(out.published() | out.marked(out.failed)):
        try:
            names.append(check_name(name, dataset=str(out.root)))
        except DatasetError as error:
            logger.warning("%s", error)
    return names


def _head(out: OutFolder, record: Record, made: list[_Made]) -> dict[str, Any]:
    there = {one.summary["name"] for one in made}
    return {"title": out.root.name, "dataset": record.settings.dataset,
            "method": record.settings.constructor or record.settings.method, "id": file_name(str(out.root.resolve())),
            "levels": figures.LEVELS, "open": len(set(record.sequences) - there)}


def _open(sources: list[Source], root: str | None) -> Sources:
    try:
        return Sources(sources, root)
    except DatasetError as error:
        raise OutputError(f"the frames cannot be shown: {error}; if the dataset has moved, name with --root where it "
                          "is") from error


def _require_target(target: Path, out: OutFolder, sources: list[Source]) -> None:
    """Raises `OutputError` unless the page may be written to `target`."""
    require_apart(target, out.root)
    for source in sources:
        source.require_apart(target)
    if not target.exists():
        return
    if not target.is_dir():
        raise OutputError(f"{target} is a file, and the page and its pictures go into a folder; choose another --out")
    # The last is left where an earlier call was killed.
    if set(os.listdir(target)) - {PICTURES, _partial(target / PAGE).name} and not _is_ours(target / PAGE):
        raise OutputError(f"{target} holds files that are not of `boxmask review`; choose another --out")


def _is_ours(page: Path) -> bool:
    try:
        with open(page, encoding="utf-8") as file:
            return MADE_BY in file.read(1000)
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _remove_others(folder: Path, made: list[_Made]) -> None:
    """Removes pictures and details of sequences that are gone, and those that a sequence has no longer."""
    wanted = {file for one in made for file in one.files} | {f"{one.summary['file']}.js" for one in made if one.files}
    for name in os.listdir(folder):
        if name not in wanted and _OURS.fullmatch(name):
            with suppress(FileNotFoundError):
                (folder / name).unlink()


def _partial(path: Path) -> Path:
    """Where a file is while it is written."""
    return path.with_name(f"{path.name}.partial")


def _write(path: Path, data: bytes) -> None:
    """Writes a file so that it is whole under its name, or not there."""
    try:
        _partial(path).write_bytes(data)
        os.replace(_partial(path), path)
    except OSError as error:  # of a full disk Python does not say where
        with suppress(OSError):
            _partial(path).unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error
