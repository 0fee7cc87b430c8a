"""What the masks of a VOS dataset hold: sizes and boxes of every object on every frame.

Counting pixels takes minutes on a large dataset, so the result is kept in `generated_meta.json` in the
dataset, the file that pytracking reads and writes (`ltr/dataset/vos_base.py`); where the dataset cannot be
written, in the user's cache; where that cannot, in memory. A file that cannot be read, or lacks a sequence,
is completed, not an error.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ltr.data.image_loader import ImageError, imread_indexed
from ltr.dataset.errors import DatasetError, where

logger = logging.getLogger(__name__)

FILE_NAME = "generated_meta.json"
_SECONDS_BETWEEN_LINES = 10


class VOSMeta:
    """By sequence: `shape` (H, W), `frame_names` of the images, and `obj_sizes` in pixels and `bboxes` xywh, both by
    mask name and object id.

    Object ids are strings, without '0'. The boxes are pytracking's of evaluation: width is last column minus
    first.
    """

    def __init__(self, data: dict[str, dict] | None = None, filename: Path | None = None) -> None:
        if (data is None) == (filename is None):
            raise ValueError("give either data or a filename")
        self._data = json.loads(Path(filename).read_text(encoding="utf-8")) if data is None else data

    @classmethod
    def generate(cls, dset_name: str, dset_images_path: Path, dset_annos_path: Path,
                 sequences: Iterable[str] | None = None) -> VOSMeta:
        """Reads all masks of the sequences, by default of all folders of masks."""
        if sequences is None:
            sequences = sorted(path.name for path in Path(dset_annos_path).iterdir() if path.is_dir())
        sequences = list(sequences)
        data: dict[str, dict] = {}
        started = spoken = time.monotonic()
        with ThreadPoolExecutor() as pool:
            read = pool.map(lambda name: _read_sequence(dset_name, name, dset_images_path, dset_annos_path), sequences)
            for name, entry in zip(sequences, read, strict=True):
                data[name] = entry
                if time.monotonic() - spoken > _SECONDS_BETWEEN_LINES:
                    spoken = time.monotonic()
                    logger.info("%s: read the masks of %d of %d sequences, %.0f s", dset_name, len(data),
                                len(sequences), spoken - started)
        return cls(data)

    @classmethod
    def of_dataset(cls, dset_name: str, folder: Path, images: Path, annotations: Path) -> VOSMeta:
        """From the dataset's file or the user's cache, or read anew and kept there."""
        for path in (folder / FILE_NAME, _cache_file(folder)):
            data = _read_json(path)
            if data is not None:
                return cls(data)
        meta = cls.generate(dset_name, images, annotations)
        meta.keep(folder)
        return meta

    def keep(self, folder: Path) -> None:
        """Writes the dataset's file, or the user's cache where that cannot be written."""
        # A folder without any write bit is meant to stay as it is, also for root, who could write.
        paths = [folder / FILE_NAME] if folder.stat().st_mode & 0o222 else []
        for path in (*paths, _cache_file(folder)):
            try:
                self.save(path)
                return
            except OSError as error:
                logger.info("%s cannot be written (%s)", path, error.strerror)

    def save(self, gen_meta: Path) -> None:
        gen_meta = Path(gen_meta)
        gen_meta.parent.mkdir(exist_ok=True, parents=True)
        unfinished = gen_meta.with_name(f".{gen_meta.name}.{os.getpid()}.tmp")
        try:
            unfinished.write_text(json.dumps(self._data), encoding="utf-8")
            os.replace(unfinished, gen_meta)
        finally:
            unfinished.unlink(missing_ok=True)

    def refresh(self, dset_name: str, folder: Path, images: Path, annotations: Path, is_good: Callable[[dict], bool],
                sequences: Iterable[str]) -> None:
        """Reads those of the sequences again that are missing here or not good, and keeps what changed."""
        stale = [name for name in sequences if name not in self._data or not is_good(self._data[name])]
        if stale:
            fresh = VOSMeta.generate(dset_name, images, annotations, stale)._data
            changed = {name: entry for name, entry in fresh.items() if self._data.get(name) != entry}
            self._data.update(changed)
            if changed:
                self.keep(folder)

    def select(self, sequences: Iterable[str]) -> None:
        """Forgets all other sequences."""
        wanted = set(sequences)
        self._data = {name: entry for name, entry in self._data.items() if name in wanted}

    def get_sequence_names(self) -> list[str]:
        return list(self._data)

    def get_shape(self, seq_name: str) -> tuple[int, int]:
        """(H, W)."""
        height, width = self._data[seq_name]["shape"]
        return height, width

    def get_aspect_ratio(self, seq_name: str) -> float:
        """Width over height."""
        height, width = self.get_shape(seq_name)
        return width / height

    def get_frame_names(self, seq_name: str) -> list[str]:
        """The images' names without their endings, in order."""
        return self._data[seq_name]["frame_names"]

    def set_frame_names(self, seq_name: str, names: list[str]) -> None:
        self._data[seq_name]["frame_names"] = names

    def get_obj_ids(self, seq_name: str) -> list[str]:
        """All objects, in the order in which they appear."""
        return list(self.get_obj_sizes_per_object(seq_name))

    def get_obj_sizes_per_frame(self, seq_name: str) -> dict[str, dict[str, int]]:
        return self._data[seq_name]["obj_sizes"]

    def get_bboxes_per_frame(self, seq_name: str) -> dict[str, dict[str, list[int]]]:
        return self._data[seq_name]["bboxes"]

    def get_obj_sizes_per_object(self, seq_name: str) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for frame, sizes in self.get_obj_sizes_per_frame(seq_name).items():
            for number, size in sizes.items():
                found.setdefault(number, {})[frame] = size
        return found


def _read_sequence(dataset: str, name: str, images: Path, annotations: Path) -> dict[str, Any]:
    sizes: dict[str, dict[str, int]] = {}
    boxes: dict[str, dict[str, list[int]]] = {}
    shape = None
    for path in sorted((annotations / name).glob("*.png")):
        try:
            labels = imread_indexed(path)
        except ImageError as error:
            raise DatasetError(f"{where(dataset, name, path.stem, path)}: {error}") from error
        pixels = np.bincount(labels.reshape(-1), minlength=1)
        ids = [int(number) for number in np.flatnonzero(pixels) if number]
        sizes[path.stem] = {str(number): int(pixels[number]) for number in ids}
        if ids:
            boxes[path.stem] = {str(number): _box(labels == number) for number in ids}
        shape = labels.shape[:2] if shape is None else shape
    frames = [path.stem for path in sorted((images / name).glob("*.jpg"))]
    return {"shape": shape, "obj_sizes": sizes, "bboxes": boxes, "frame_names": frames}


def _box(mask: np.ndarray) -> list[int]:
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return [int(columns[0]), int(rows[0]), int(columns[-1] - columns[0]), int(rows[-1] - rows[0])]


def _read_json(path: Path) -> dict | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError as error:
        logger.warning("%s is broken and will be made again (%s)", path, error)
        return None
    return data if isinstance(data, dict) else None


def _cache_file(folder: Path) -> Path:
    """In the user's cache, under a name that belongs to the dataset's folder."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "boxmask" / f"vos_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}.json"
