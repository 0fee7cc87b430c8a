"""The places where things are shown: a visdom server, and files for TensorBoard."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np

from boxmask.view.background import Background, View

INSTALL = "pip install 'setuptools<81' wheel && pip install --no-build-isolation visdom 'tornado<6.6'"
# Seconds that a server may take to answer.
TIMEOUT = 10.0
_JPEG_QUALITY = 85


def open_view(*, visdom: str | None = None, tensorboard: str | None = None, name: str = "",
              quiet: bool = False) -> View:
    """Nothing is opened before there is something to show. visdom: a server, as `boxmask.view.address` gives it.
    tensorboard: a folder; name: of the folder in it. quiet: for all but one of several views of the same places.
    """
    sinks = ([] if visdom is None else [partial(Visdom, visdom)]) + (
        [] if tensorboard is None else [partial(Tensorboard, os.path.join(tensorboard, name))])
    return View([Background(sink, quiet=quiet) for sink in sinks])


class Visdom:
    """Windows in a visdom server. Raises ImportError without the package, ConnectionError where no server answers."""

    def __init__(self, server: str) -> None:
        try:
            self._client = _client(server)
        except ImportError as error:  # also by boxmask's stand-in, which a checkout imports in its place
            raise ImportError(f"visdom is not installed: {INSTALL}") from error

    def picture(self, title: str, picture: np.ndarray, step: int) -> None:
        """Shows a picture (H, W, 3) uint8 RGB in the window `title`."""
        self._client.image(picture.transpose(2, 0, 1), win=title, opts={"title": title, "jpgquality": _JPEG_QUALITY})

    def values(self, title: str, values: Mapping[str, float], x: float, *, is_first: bool = False) -> None:
        """Adds a point at `x` to each line of the window `title`. is_first: begins it anew."""
        for name, y in values.items():
            self._client.line(np.array([y]), np.array([x]), win=title, name=name, update=None if is_first else "append",
                              opts={"title": title, "showlegend": True})
            is_first = False

    def curve(self, title: str, y: Sequence[float]) -> None:
        """Shows a curve in the place of the last one in the window `title`."""
        self._client.line(np.asarray(y, dtype=float), np.arange(len(y)), win=title, opts={"title": title})

    def close(self) -> None:
        """There is nothing to end."""


def _client(server: str) -> Any:
    import requests
    import visdom

    class Client(visdom.Visdom):
        """One that does not wait for ever, and says what is missing."""

        def _handle_post(self, url: str, data: Any = None) -> str:
            try:
                response = self.session.post(url, data=data or {}, timeout=TIMEOUT)
            except requests.RequestException as error:
                raise ConnectionError(f"no visdom server answers at {server} (to start one: visdom)") from error
            if not response.ok:
                raise ConnectionError(f"what answers at {server} is no visdom server, or has a fault: "
                                      f"{response.status_code} {response.reason}")
            return response.text

        def win_exists(self, win: str, env: str | None = None) -> bool:
            return self._win_exists_wrap(win, env) == "true"  # the package's own prints what goes wrong

    logging.getLogger("visdom").setLevel(logging.CRITICAL)  # it warns of what is meant to be
    place, _, port = server.rpartition(":")
    # Without the socket, through which nothing is to come here.
    return Client(server=place, port=int(port), raise_exceptions=True, use_incoming_socket=False)


class Tensorboard:
    """Files in a folder of their own: of several files in a folder TensorBoard follows only the last one.

    Raises ImportError without the package.
    """

    def __init__(self, folder: str) -> None:
        try:
            from tensorboard.compat.proto.summary_pb2 import Summary
            from torch.utils.tensorboard import FileWriter
        except ImportError as error:
            raise ImportError("tensorboard is not installed (pip install tensorboard)") from error
        self._writer, self._summary = FileWriter(folder), Summary

    def picture(self, title: str, picture: np.ndarray, step: int) -> None:
        """Writes a picture (H, W, 3) uint8 RGB."""
        # Not by SummaryWriter, which knows but PNG: of photographs that is six times as large.
        encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        height, width, channels = picture.shape
        image = self._summary.Image(height=height, width=width, colorspace=channels,
                                    encoded_image_string=encoded[1].tobytes())
        self._write(self._summary.Value(tag=title, image=image), step)

    def values(self, title: str, values: Mapping[str, float], x: float, *, is_first: bool = False) -> None:
        """Writes a point of each of the scalars `title/<name>`."""
        for name, y in values.items():
            self._write(self._summary.Value(tag=f"{title}/{name}", simple_value=y), round(x))

    def curve(self, title: str, y: Sequence[float]) -> None:
        """Not here, where a curve is a history: there would be one for every sequence."""

    def close(self) -> None:
        """Closes the file."""
        self._writer.close()

    def _write(self, value: Any, step: int) -> None:
        self._writer.add_summary(self._summary(value=[value]), step)
        self._writer.flush()
