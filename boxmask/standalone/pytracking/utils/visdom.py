"""What a tracker shows in visdom while it runs with debug above 0."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

import cv2
import numpy as np
import torch

_log = logging.getLogger(__name__)
_LARGEST_SIDE = 480
# Seconds between two looks whether there is still a server to wait for.
_LOOK_EVERY = 1.0
# Of the boxes and objects, in turn.
_COLOURS = ((128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128), (0, 128, 128))


class Visdom:
    """Windows in a visdom server, by title; space in the window 'Tracking' pauses, the right arrow steps.

    A server that is gone in the middle is told once, and tracking goes on without it.
    """

    def __init__(self, debug: int = 0, visdom_info: Mapping[str, Any] | None = None) -> None:
        """visdom_info: 'server' and 'port'. Raises ImportError without the package, ConnectionError without a server.
        """
        import visdom

        info = visdom_info or {}
        server, port = info.get("server") or "127.0.0.1", info.get("port") or 8097
        server = server if "://" in server else f"http://{server}"
        for name in ("visdom", "websocket"):  # a traceback for every failed attempt, and each end of a connection
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._visdom = visdom.Visdom(server=server, port=port, raise_exceptions=True)
        if not self._visdom.check_connection():
            raise ConnectionError(f"no visdom server answers at {server}:{port}")
        self.debug = debug
        self._paused = self._may_step = self._is_gone = False
        self._visdom.register_event_handler(self._key, "Tracking")

    def register(self, data: Any, mode: str, debug_level: int = 0, title: str = "Data") -> None:
        """Shows data in the window `title`, if the debug level is high enough.

        mode: 'text'; 'info_dict' {name: value}; 'image' (3, H, W); 'heatmap' (H, W); 'lineplot' y or (y, x);
        'Tracking' (image (H, W, 3), boxes xywh, masks (H, W) of object ids).
        """
        if self.debug < debug_level or self._is_gone:
            return
        try:
            self._show(data, mode, title)
        except OSError as error:
            self._lose(str(error).splitlines()[0])

    def _show(self, data: Any, mode: str, title: str) -> None:
        place = {"win": title, "opts": {"title": title}}
        if mode == "text":
            self._visdom.text(data, **place)
        elif mode == "info_dict":
            self._visdom.text("".join(f"<b>{key}</b>: {value}<br>" for key, value in data.items()), **place)
        elif mode == "image":
            self._visdom.image(data, **place)
        elif mode == "heatmap":
            self._visdom.heatmap(torch.as_tensor(data).squeeze().flip(0), **place)  # its first row is at the bottom
        elif mode == "lineplot":
            self._visdom.line(*(data if isinstance(data, (list, tuple)) else (data,)), **place)
        elif mode == "Tracking":
            self._visdom.image(_drawn(data[0], data[1:]).transpose(2, 0, 1), **place)
        else:
            raise ValueError(f"there is no way to show {mode!r} in visdom; there are text, info_dict, image, heatmap, "
                             "lineplot and Tracking")

    def wait_while_paused(self) -> None:
        """Returns when the next frame is wanted, or nobody is there any more to say so."""
        looked = time.monotonic()
        while self._paused and not self._may_step and not self._is_gone:
            time.sleep(0.1)
            if time.monotonic() - looked > _LOOK_EVERY:
                looked = time.monotonic()
                if not self._visdom.check_connection():
                    self._lose("the server is gone")
        self._may_step = False

    def _lose(self, reason: str) -> None:
        self._is_gone = True
        _log.warning("nothing more is drawn: %s", reason)

    def _key(self, event: Mapping[str, Any]) -> None:
        if event.get("event_type") == "KeyPress" and event.get("key") == " ":
            self._paused = not self._paused
        elif event.get("event_type") == "KeyPress" and event.get("key") == "ArrowRight":
            self._may_step = self._paused


def connect(debug: int, visdom_info: Mapping[str, Any] | None = None) -> Visdom | None:
    """The visdom of a run: None without debug, where 'use_visdom' is off, and where there is none, which is told."""
    if debug <= 0 or not (visdom_info or {}).get("use_visdom", True):
        return None
    try:
        return Visdom(debug, visdom_info)
    except ImportError:
        _log.warning("nothing is drawn without visdom: pip install 'setuptools<81' wheel && pip install "
                     "--no-build-isolation visdom 'tornado<6.6'")
    except OSError as error:
        _log.warning("nothing is drawn: %s; start one with: visdom", str(error).splitlines()[0])
    return None


def draw_tracking(visdom: Visdom, image: np.ndarray, box: Any, segmentation: np.ndarray | None) -> None:
    """Shows a frame. box: one [x, y, w, h], a dict by object id, or a list of either."""
    boxes = [one for part in (box if isinstance(box, list) and not _is_box(box) else [box])
             for one in (part.values() if isinstance(part, Mapping) else [part]) if one is not None]
    masks = [] if segmentation is None else [segmentation]
    visdom.register((image, *boxes, *masks), "Tracking", 1, "Tracking")


def _is_box(value: list) -> bool:
    return len(value) == 4 and all(np.ndim(side) == 0 and not isinstance(side, Mapping) for side in value)


def _drawn(image: np.ndarray, boxes_and_masks: Iterable[Any]) -> np.ndarray:
    """(H, W, 3) uint8 RGB, no side above `_LARGEST_SIDE`."""
    parts = [np.asarray(part) for part in boxes_and_masks]
    scale = min(1.0, _LARGEST_SIDE / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    picture = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    for mask in (part for part in parts if part.ndim == 2):
        small = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        for number in np.unique(small[small > 0]).tolist():
            covered = small == number
            picture[covered] = picture[covered] // 2 + np.array(_COLOURS[(number - 1) % len(_COLOURS)], np.uint8) // 2
    for number, box in enumerate(part for part in parts if part.ndim == 1):
        x, y, w, h = (scale * box.astype(float)).round().astype(int).tolist()
        cv2.rectangle(picture, (x, y), (x + w, y + h), _COLOURS[number % len(_COLOURS)], 1)
    return picture
