"""The few-shot VOS network over the frames of a video: crops go in, scores come out, masks are remembered."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from boxmask.boxes import Window
from boxmask.crops import crop
from ltr.models.boxmask import VosNet
from pytracking.tracker.boxmask.memory import FrameMemory
from pytracking.utils.params import TrackerParams


class Segmenter:
    """A target model that is solved on the mask of the first frame, and further on the masks of some that follow.

    params: 'init_iterations' and 'update_iterations' of steepest descent, 'update_interval' in remembered frames,
    'memory_size', 'learning_rate', 'first_share'.
    """

    def __init__(self, net: VosNet, params: TrackerParams, image: np.ndarray, mask: np.ndarray,
                 window: Window) -> None:
        """Starts on the window of an image (H, W, 3) uint8 RGB, with a mask (H, W) of bool or of probabilities."""
        self._net = net
        self._params = params
        with torch.inference_mode():
            features, _ = net.encode_images(self._input(image, window))
            first = net.remember(features, self._target(mask, window))
            self.memory = FrameMemory(first, size=params.memory_size, rate=params.learning_rate,
                                      first_share=params.first_share)
            self._filter = net.aggregation(*first, params.init_iterations).filter
        self._since_update = 0

    @torch.inference_mode()
    def segment(self, image: np.ndarray, window: Window) -> tuple[np.ndarray, Tensor]:
        """Logits (h, w) float32 of the window, and its features, with which the frame can be remembered."""
        images = self._input(image, window)
        features, levels = self._net.encode_images(images)
        logits = self._net.decode(self._filter, features, levels, images.shape[-2:])[0, 0].float().cpu().numpy()
        if not np.isfinite(logits).all():
            raise ValueError("the VOS network's scores are not finite; train it again")
        return logits, features

    @torch.inference_mode()
    def remember(self, features: Tensor, probabilities: np.ndarray, window: Window) -> None:
        """Adds a frame, with its mask's probabilities (H, W); every so often the target model is solved further."""
        self.memory.add(self._net.remember(features, self._target(probabilities, window)))
        self._since_update += 1
        if self._since_update >= self._params.update_interval:
            self._since_update = 0
            self._filter = self._net.aggregation(*self.memory.weighted(), self._params.update_iterations,
                                                 start=self._filter).filter

    def _input(self, image: np.ndarray, window: Window) -> Tensor:
        spec = self._net.input_spec
        patch = self._on_device(crop(image, window, spec.size))
        return spec.normalise(patch.permute(2, 0, 1))[None, None]

    def _target(self, mask: np.ndarray, window: Window) -> Tensor:
        return self._on_device(crop(mask.astype(np.float32), window, self._net.input_spec.size, fill=0))[None, None]

    def _on_device(self, array: np.ndarray) -> Tensor:
        parameter = next(self._net.parameters())
        return torch.from_numpy(array).to(parameter.device, parameter.dtype)
