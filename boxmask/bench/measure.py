"""What is timed: each step of generation alone, all of them together, the reference procedure, and mask files."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np
import torch
from PIL import Image

from boxmask import masks
from boxmask.bench import samples
from boxmask.boxes import intersect
from boxmask.generate import quality
from boxmask.generate.compose import Piece, compose
from boxmask.generate.defaults import STRIDE, WINDOW
from boxmask.generate.engine import generate_masks
from boxmask.generate.job import Prepared
from boxmask.generate.masker import Scores
from boxmask.generate.network import CropView, NetworkMasker
from boxmask.generate.outcomes import FrameDone, SequenceFailed
from boxmask.generate.outfolder import OutFolder, sync_folder
from boxmask.generate.phases import Phases
from boxmask.generate.plan import WindowOptions, make_plan
from boxmask.readers.sequence import Sequence

# The steps in the order in which a frame goes through them, by the names that `Phases` and the report give them.
STEPS = ("decode", "crop", "network", "smooth", "compose", "quality", "png", "disk")


class BenchError(RuntimeError):
    """A measurement that could not be made; the message says why."""


def alone(prepared: Prepared, folder: Path) -> dict[str, float]:
    """Seconds per frame of each of the `STEPS`, one after the other in this thread, with masks into `folder`.

    The network has the threads that PyTorch gives it, everything else a single one.
    """
    phases = Phases()
    count = 0
    folder.mkdir()
    sequences = [prepared.dataset.read(name) for name in prepared.names]
    signs = {sequence.name: quality.SequenceQuality(sequence.frames.names) for sequence in sequences}
    with single_threaded_opencv():
        for event in generate_masks(iter(sequences), prepared.masker, prepared.job.windows, batch=prepared.job.batch,
                                    phases=phases):
            if isinstance(event, SequenceFailed):
                raise BenchError(f"sequence {event.sequence.name}: {event.reason}")
            if isinstance(event, FrameDone):
                count += 1
                _write_alone(event, signs[event.sequence.name], folder, phases)
        with phases.timed("quality"):
            for found in signs.values():
                quality.to_csv(found.rows())
    with phases.timed("disk"):
        for path in folder.iterdir():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
        sync_folder(folder)
    if not count:
        raise BenchError("there are no frames to measure with")
    return {step: phases.seconds.get(step, 0.0) / count for step in STEPS}


def _write_alone(event: FrameDone, signs: quality.SequenceQuality, folder: Path, phases: Phases) -> None:
    result, sequence = event.result, event.sequence
    with phases.timed("quality"):
        signs.add(result)
    with phases.timed("png"):
        data = masks.encode(result.mask, highest=max(sequence.object_ids))
    with phases.timed("disk"):
        (folder / f"{sequence.name}-{sequence.frames.names[result.index]}.png").write_bytes(data)


@contextmanager
def single_threaded_opencv() -> Iterator[None]:
    """As in a helper thread, which has a processor for itself and no more."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class Spent(NamedTuple):
    """Per frame: seconds on the clock, and seconds of the processors, which other programs hardly change."""

    seconds: float
    processors: float


class _Watch:
    """Started when it is made."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def spent(self, frames: int) -> Spent:
        return Spent((time.perf_counter() - self._start[0]) / frames, (time.process_time() - self._start[1]) / frames)


def pipeline(prepared: Prepared, folder: Path) -> Spent:
    """What `boxmask generate` takes on the same frames, into `folder`, once the network is loaded."""
    prepared = replace(prepared, out=OutFolder(str(folder)))
    count = sum(len(prepared.dataset.read(name)) for name in prepared.names)
    with prepared.entered(overwrite=False, tell=lambda event: None) as held:
        watch = _Watch()
        prepared.work(held, tell=lambda event: None)
        spent = watch.spent(count)
    ledger = prepared.take_ledger()
    if not ledger.is_complete:
        raise BenchError(next((failure.reason for failure in ledger.failed.values()), "it did not end"))
    return spent


class Reference:
    """The reference procedure (paper section 3.4): for each frame the network runs on all nine frames of its window,
    and one mask of the nine is kept.

    It gets our forward pass, our crops, each made once, and our mask files, so that the ratio is of the procedures
    alone.
    """

    def __init__(self, prepared: Prepared, num_frames: int) -> None:
        """num_frames: how many frames are made of the first sequence, spread over it; all take the same time."""
        if not isinstance(prepared.masker, NetworkMasker):
            raise BenchError("the reference procedure needs a network")
        self.masker = prepared.masker
        self.sequence: Sequence = prepared.dataset.read(prepared.names[0])
        windows = make_plan(self.sequence.sight[:, :1], WindowOptions("sliding", WINDOW, STRIDE))
        each = [(frame, window.frames) for window in windows for frame in window.keep]
        if not each:
            raise BenchError(f"sequence {self.sequence.name}: its first object is never visible")
        chosen = np.unique(np.linspace(0, len(each) - 1, num_frames).round().astype(int))
        self._frames = [each[place] for place in chosen]
        self._views = {frame: self._view(frame)[1] for _, frames in self._frames for frame in frames}

    @torch.inference_mode()
    def __call__(self, folder: Path) -> Spent:
        """What it takes, with masks into `folder`."""
        folder.mkdir()
        watch = _Watch()
        for frame, frames in self._frames:
            box, view, size = self._view(frame)
            views = [view if other == frame else self._views[other] for other in frames]
            scores = Scores(self._solve(views)[frames.index(frame)], view.window)
            data = masks.encode(compose([Piece(1, box, scores)], size))
            (folder / f"{frame}.png").write_bytes(data)
        return watch.spent(len(self._frames))

    def _view(self, frame: int) -> tuple[np.ndarray, CropView, tuple[int, int]]:
        image = self.sequence.frames.load(frame)
        size = image.shape[1], image.shape[0]
        box = intersect(self.sequence.boxes[frame, 0], size)
        return box, self.masker.view(image, box), size

    def _solve(self, views: list[CropView]) -> np.ndarray:
        """The scores (T, h, w) float32 of all frames of a window."""
        net = self.masker.net
        parameter = next(net.parameters())
        crops = torch.from_numpy(np.stack([view.crop for view in views])).to(parameter.device, parameter.dtype)
        boxes = torch.from_numpy(np.stack([view.box for view in views])).to(parameter.device, torch.float32)
        images = net.input_spec.normalise(crops.permute(0, 3, 1, 2))
        _, scores = net(images[:, None], boxes[:, None], self.masker.iterations)
        return scores[:, 0].float().cpu().numpy()


def mask_files(size: tuple[int, int], count: int) -> tuple[float, float]:
    """Seconds per mask of `size` (W, H) to make a PNG of it: by our writer, and by Pillow's palette writer.

    The two take turns; each has the median of its times.
    """
    times = [(_seconds(masks.encode, mask), _seconds(by_pillow, mask))
             for mask in (samples.target(size, frame) for frame in range(count))]
    ours, pillow = zip(*times, strict=True)
    return median(ours), median(pillow)


def by_pillow(mask: np.ndarray) -> bytes:
    """The PNG of a mask as Pillow writes palette images if one asks for nothing."""
    image = Image.fromarray(mask, mode="L")
    image.putpalette(masks.palette(256).tobytes())
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _seconds(call: Callable[[np.ndarray], bytes], item: np.ndarray) -> float:
    start = time.perf_counter()
    call(item)
    return time.perf_counter() - start
