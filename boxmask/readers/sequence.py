"""What every reader returns, and the error that every reader raises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boxmask.readers import images


class DatasetError(ValueError):
    """A fault of a dataset: which dataset, sequence, frame and file, what was expected, what to do."""

    def __init__(self, problem: str, *, dataset: str, sequence: str | None = None, frame: str | None = None,
                 file: Path | None = None) -> None:
        place = [dataset]
        if sequence is not None:
            place.append(f"sequence {sequence}")
        if frame is not None:
            place.append(f"frame {frame}")
        if file is not None:
            place.append(str(file))
        super().__init__(f"{', '.join(place)}: {problem}")


@dataclass(frozen=True, eq=False)
class Sequence:
    """A video with a box on every frame where its target is visible. Images are read when asked for.

    paths: T image files in order, their stems unique; boxes (T, 4) float xywh, NaN where the target is absent;
    present (T,) bool.
    """

    dataset: str
    name: str
    paths: tuple[Path, ...]
    boxes: np.ndarray
    present: np.ndarray

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def stems(self) -> list[str]:
        """The names of the frames, which their masks bear too."""
        return [path.stem for path in self.paths]

    def load(self, index: int) -> np.ndarray:
        """Frame `index`: (H, W, 3) uint8 RGB. Raises `DatasetError` if the file is missing, empty or cut short."""
        path = self.paths[index]
        try:
            return images.read(path)
        except images.ImageError as error:
            raise DatasetError(str(error), dataset=self.dataset, sequence=self.name, frame=path.stem,
                               file=path) from error


@dataclass(frozen=True)
class Dataset:
    """The sequences of a dataset by name; `read` does the work of one, so that a bad one does not hide the others."""

    name: str
    sequences: tuple[str, ...]
    read: Callable[[str], Sequence]
