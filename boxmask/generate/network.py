"""Masks from a box-to-mask network (`ltr.models.boxmask`). Needs the host (`boxmask.host.activate`)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch

from boxmask.boxes import Window, search_window, to_crop
from boxmask.crops import crop
from boxmask.generate.defaults import BATCH, ITERATIONS, REFINEMENTS, SEARCH_FACTORS, SMOOTHING
from boxmask.generate.masker import Scores
from boxmask.generate.smoothing import picture
from boxmask.masks import box_region

if TYPE_CHECKING:
    from ltr.models.boxmask import FrameCode

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
# Frames that are encoded at once where that is faster: always so many, see `NetworkMasker`.
_ENCODED_AT_ONCE = 8


class NetworkError(ValueError):
    """A checkpoint that cannot make masks, or a device that is not there."""


@dataclass(eq=False)
class CropView:
    """What the network sees of a frame: crop (h, w, 3) uint8 RGB, the box (4,) xywh in its pixels, its place.

    code: the network's encoding of it, from the first window that it is solved in to the last.
    """

    crop: np.ndarray
    box: np.ndarray
    window: Window
    code: FrameCode | None = None


class NetworkMasker:
    """The masker that is a network, on the device and in the precision of its parameters.

    The last bits of what PyTorch computes depend on the shape of a batch. So that a mask does not depend on what else
    is computed with it, and a run that was interrupted gives the same bytes, shapes are always the same: on a CPU
    frames are encoded and windows solved one by one, elsewhere batches are filled up with repetitions.
    """

    def __init__(self, net: torch.nn.Module, *, search_factor: float | None = None, iterations: int = ITERATIONS,
                 refinements: int | None = None, smoothing: int | None = None) -> None:
        """net: with its weights, where it is to compute; it is made ready for inference, see `for_inference`.

        search_factor, refinements, smoothing: None for those of the network's constructor
        (`boxmask.generate.defaults`).
        """
        from ltr.models.boxmask import for_inference

        self.net = for_inference(net)
        self.net.refinements = _given_or_own(refinements, REFINEMENTS, net)
        self.search_factor = _given_or_own(search_factor, SEARCH_FACTORS, net)
        self.smoothing = _given_or_own(smoothing, SMOOTHING, net)
        self.iterations = iterations
        parameter = next(net.parameters())
        self._device, self._dtype = parameter.device, parameter.dtype
        self.batch = BATCH.get(self._device.type, 1)
        self._most = sys.maxsize  # that the memory has been found to suffice for
        self.is_on_processors = self._device.type == "cpu"

    def view(self, image: np.ndarray, box: np.ndarray) -> CropView:
        """The crop (h, w, 3) around a box (4,) xywh of an image (H, W, 3) uint8 RGB, with the box in it."""
        size = self.net.input_spec.size
        window = search_window(box, self.search_factor, size)
        return CropView(crop(image, window, size), to_crop(box, window, size), window)

    def solve(self, windows: Sequence[Sequence[CropView]], keep: Sequence[int], *,
              batch: int = 1) -> list[list[Scores]]:
        """As `Masker.solve`: what belongs to one frame is computed once, then the windows are solved.

        Where the device's memory does not suffice for a batch, half of it is solved at once from then on.
        """
        while True:
            try:
                return self._solve(windows, keep, batch)
            except torch.OutOfMemoryError:
                tried = max(self._fitting(batch), self._fitting(_ENCODED_AT_ONCE))
                if tried == 1:
                    raise
            # Outside of the handler, so that nothing of what has failed is held any more.
            self._most = tried // 2
            logger.warning("the memory of %s does not suffice for %d at once; from now on %d", self._device, tried,
                           self._most)
            if self._device.type == "cuda":
                torch.cuda.empty_cache()

    @torch.inference_mode()
    def _solve(self, windows: Sequence[Sequence[CropView]], keep: Sequence[int], batch: int) -> list[list[Scores]]:
        from ltr.models.boxmask import FrameCode

        self._encode({id(view): view for window in windows for view in window if view.code is None}.values())
        answers = []
        for group, filled in _groups(windows, self._fitting(batch)):
            code = FrameCode.beside([FrameCode.cat([view.code for view in window]) for window in filled])
            first, refined = self.net.solve(code, self.iterations, keep)
            first, refined = self._fetched(first > 0, refined.float())
            answers += [[self._scores(window[frame], first[place, s], refined[place, s])
                         for place, frame in enumerate(keep)] for s, window in enumerate(group)]
        return answers

    def _scores(self, view: CropView, first: np.ndarray, refined: np.ndarray) -> Scores:
        """The answer for a view; first (h, w) bool: the mask of the first stage, refined (h, w) float32: the scores."""
        if not np.isfinite(refined).all():
            raise ValueError("the network's scores are not finite; try it in float32, or train it again")
        region = box_region(view.box, refined.shape[::-1])
        one, other = first[region], refined[region] > 0
        union = np.count_nonzero(one | other)
        agreement = np.count_nonzero(one & other) / union if union else 1.0
        return Scores(refined, view.window, agreement, first, picture(view.crop) if self.smoothing else None)

    def _sent(self, arrays: list[np.ndarray]) -> torch.Tensor:
        """Arrays of one shape, stacked, on the network's device."""
        stacked = torch.from_numpy(np.stack(arrays))
        if self._device.type != "cuda":
            return stacked.to(self._device)
        return stacked.pin_memory().to(self._device, non_blocking=True)

    def _fetched(self, *tensors: torch.Tensor) -> tuple[np.ndarray, ...]:
        """Tensors of the network's device as arrays."""
        if self._device.type != "cuda":
            return tuple(tensor.cpu().numpy() for tensor in tensors)
        pinned = [torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True) for tensor in tensors]
        for to, tensor in zip(pinned, tensors, strict=True):
            to.copy_(tensor, non_blocking=True)
        torch.cuda.current_stream(self._device).synchronize()
        return tuple(tensor.numpy() for tensor in pinned)

    def _at_once(self, wanted: int) -> int:
        return 1 if self._device.type == "cpu" else wanted

    def _fitting(self, wanted: int) -> int:
        return min(self._at_once(wanted), self._most)

    def _encode(self, views: Iterable[CropView]) -> None:
        for group, filled in _groups(views, self._fitting(_ENCODED_AT_ONCE)):
            crops = self._sent([view.crop for view in filled]).to(self._dtype)
            # float32 whatever the network's type: half precision has no pixel 831.5.
            boxes = self._sent([view.box.astype(np.float32) for view in filled])
            images = self.net.input_spec.normalise(crops.permute(0, 3, 1, 2))
            code = self.net.encode_frames(images[:, None], boxes[:, None])
            for index, view in enumerate(group):
                view.code = code if len(filled) == 1 else code.select([index])


def _groups(items: Iterable[Item], size: int) -> Iterator[tuple[list[Item], list[Item]]]:
    """Items in groups of `size`, the last one shorter; and each group filled up to `size` with its last item."""
    items = iter(items)
    while group := list(islice(items, size)):
        yield group, group + group[-1:] * (size - len(group))


def _given_or_own(given: Item | None, own: Mapping[str, Item], net: torch.nn.Module) -> Item:
    """What is given; else that of the network's constructor, or where it has none the paper's."""
    return own.get(net.constructor.fun_name, own["boxmask_resnet50"]) if given is None else given


def load_masker(checkpoint: Path, *, device: str | None = None, search_factor: float | None = None,
                iterations: int = ITERATIONS, refinements: int | None = None,
                smoothing: int | None = None) -> NetworkMasker:
    """The masker of a checkpoint. device: as torch names it; without one a GPU if there is one."""
    from ltr.models.boxmask import checkpoint as checkpoints
    from ltr.models.boxmask.boxmasknet import BoxMaskNet

    place = choose_device(device)
    net = checkpoints.load(checkpoint)
    if not isinstance(net, BoxMaskNet):
        raise NetworkError(f"{checkpoint}: this is a {net.constructor.fun_name} network, and masks are made from boxes "
                           "by boxmask_resnet50 or boxmask_lite; name the checkpoint of one of those")
    return NetworkMasker(net.to(place), search_factor=search_factor, iterations=iterations, refinements=refinements,
                         smoothing=smoothing)


def choose_device(name: str | None) -> torch.device:
    """The device of a name, as torch names it; without one a GPU if there is one. Raises NetworkError for none."""
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise NetworkError(f"there is no device {name!r}; name one as PyTorch does: cpu, cuda, cuda:1") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise NetworkError(f"there is no device {name!r}: PyTorch sees {torch.cuda.device_count()} CUDA devices; name "
                           "cpu, or no device at all")
    return device
