"""A video file with a text file of boxes, one line per frame."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from boxmask.readers.annotations import fit, make_sequence, read_boxes
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import DatasetError, Sequence

if TYPE_CHECKING:
    import av

NAME = "video"


def read_sequence(video: str | os.PathLike[str], boxes: str | os.PathLike[str], name: str | None = None) -> Sequence:
    """The frames of a video file, named 00000001 and so on, with the lines of the file `boxes` in the same order.

    Lines beyond the last frame are frames whose image is missing. name: of the sequence, by default that of the file
    without its suffix.
    """
    path = Path(video)
    name = name or path.stem
    entries = read_boxes(Path(boxes), dataset=NAME, sequence=name)
    frames = VideoFrames(path, len(entries))
    return make_sequence(NAME, name, frames, {1: fit(entries, len(frames.names))})


class VideoFrames:
    """The frames of a video file in the order of their presentation, decoded one after the other as they are asked for.

    Asking backwards decodes from the start again. Only one frame is held. A frame is known by its time stamp, so that
    one that is lost does not shift those after it.
    """

    def __init__(self, path: Path, length: int = 0) -> None:
        """Read through the file once without decoding it. length: of the sequence, if the file has no more frames.

        Raises `DatasetError` for a file without a video in it.
        """
        self.path = path
        self._contents = _scan(path)
        self.names = tuple(f"{number:08d}" for number in range(1, max(self._contents.length, length) + 1))
        self._decoded: Iterator[tuple[int, np.ndarray]] = iter(())
        self._latest: tuple[int, np.ndarray | None] = (len(self.names), None)
        self._asked = len(self.names)

    def load(self, index: int) -> np.ndarray:
        """Frame `index`: (H, W, 3) uint8 RGB."""
        self._require(index)
        if index < self._asked:
            self._decoded, self._latest = self._decode(), (-1, None)
        self._asked = index
        while self._latest[0] < index:
            self._latest = next(self._decoded, (len(self.names), None))
        found, image = self._latest
        if found != index or image is None:
            raise ImageError("the frame cannot be decoded; copy the video again")
        return image

    def size(self, index: int) -> tuple[int, int]:
        """(W, H) of the first frame, which is that of all."""
        self._require(index)
        return self._contents.size

    @property
    def rate(self) -> float:
        """Frames per second as the file says, 0 where it does not."""
        return self._contents.rate

    def _require(self, index: int) -> None:
        length = self._contents.length
        if index >= length:
            raise ImageError(f"the video ends after {length} frames; copy it again, or take out the lines beyond its "
                             "end")

    def _decode(self) -> Iterator[tuple[int, np.ndarray]]:
        """Index and image of every frame that can be decoded."""
        av = _import_av()
        index_of = self._contents.index_of
        with av.open(str(self.path)) as container:
            for counted, frame in enumerate(_frames(container)):
                index = counted if index_of is None else index_of.get(frame.pts)
                if index is not None and not frame.is_corrupt:
                    yield index, _image(frame)


@dataclass(frozen=True)
class _Contents:
    """How many frames a file has, their (W, H) and rate, and which frame a time stamp is, where there are such."""

    length: int
    size: tuple[int, int]
    rate: float
    index_of: dict[int, int] | None


def _scan(path: Path) -> _Contents:
    av = _import_av()
    place = {"dataset": NAME, "sequence": path.stem, "file": path}
    if not path.is_file():
        raise DatasetError("no such file; expected a video", **place)
    try:
        with av.open(str(path)) as container:
            if container.format.name == "tty":  # FFmpeg draws text files
                raise DatasetError("not a video but a text; name the video's file", **place)
            if not container.streams.video:
                raise DatasetError("there is no video stream in it", **place)
            length, index_of = _number(container)
            rate = float(container.streams.video[0].average_rate or 0)
        with av.open(str(path)) as container:
            first = next(_frames(container), None)
    except av.error.FFmpegError as error:
        raise DatasetError(f"not a video that FFmpeg reads ({error.strerror}); copy it again", **place) from error
    if first is None:
        raise DatasetError("no frame of it can be decoded; copy it again", **place)
    height, width = _image(first).shape[:2]
    return _Contents(length, (width, height), rate, index_of)


def _number(container: av.container.InputContainer) -> tuple[int, dict[int, int] | None]:
    """The number of frames, and the place of each time stamp among them."""
    packets = [(packet.pts, packet.is_corrupt) for packet in _packets(container)
               if packet.size and not packet.is_discard]
    times = sorted({time for time, _ in packets if time is not None})
    if len(times) < len(packets):
        return len(packets), None
    stream = container.streams.video[0]
    if any(is_corrupt for _, is_corrupt in packets) and stream.average_rate:
        # Packets are lost, and with them frames. Their places are known if the others come at an even rate.
        step = 1 / (stream.average_rate * stream.time_base)
        index_of = {time: round((time - times[0]) / step) for time in times}
        length = index_of[times[-1]] + 1
        if length <= 2 * len(times):
            return length, index_of
    return len(times), {time: index for index, time in enumerate(times)}


def _packets(container: av.container.InputContainer) -> Iterator[av.Packet]:
    """The packets of the first video stream up to the end of the file, or to where it is damaged."""
    error = _import_av().error.FFmpegError
    packets = container.demux(container.streams.video[0])
    while True:
        try:
            yield next(packets)
        except (StopIteration, error):
            return


def _frames(container: av.container.InputContainer) -> Iterator[av.VideoFrame]:
    """The frames that can be decoded."""
    error = _import_av().error.FFmpegError
    container.streams.video[0].thread_type = "AUTO"
    for packet in _packets(container):
        try:
            yield from packet.decode()
        except error:
            continue


def _image(frame: av.VideoFrame) -> np.ndarray:
    """(H, W, 3) uint8 RGB, upright: phones film sideways and say so."""
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90)))


def _import_av() -> ModuleType:
    try:
        import av
    except ImportError as error:
        raise ImportError("reading video files needs PyAV: pip install 'boxmask[video]'") from error
    return av
