"""Masks of the frames of one window: the network's work, without files.

A *masker* is any function from T images and their boxes to T masks; `NetworkMasker` is one, and the baselines of
`boxmask.evaluate.baselines` are others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from boxmask.boxes import search_window, to_crop
from boxmask.crops import crop, paste
from boxmask.generate.defaults import ITERATIONS, SEARCH_FACTORS
from boxmask.masks import box_region

# images: T arrays (H, W, 3) uint8 RGB, sizes may differ; boxes (T, 4) xywh in frame pixels -> T masks (H, W) bool.
Masker = Callable[[Sequence[np.ndarray], np.ndarray], list[np.ndarray]]


def default_search_factor(net: torch.nn.Module) -> float:
    """The search factor for a network that was made by one of our constructors."""
    return SEARCH_FACTORS.get(net.constructor.fun_name, SEARCH_FACTORS["boxmask_resnet50"])


class NetworkMasker:
    """Masks from a box-to-mask network (`ltr.models.boxmask`), on the device and in the precision of its parameters."""

    def __init__(self, net: torch.nn.Module, *, search_factor: float | None = None,
                 iterations: int = ITERATIONS) -> None:
        self.net = net.eval()
        self.search_factor = default_search_factor(net) if search_factor is None else search_factor
        self.iterations = iterations

    def __call__(self, images: Sequence[np.ndarray], boxes: np.ndarray) -> list[np.ndarray]:
        """The masks of frames solved together: positive scores inside the box; outside is background (paper 3.4)."""
        size = self.net.input_spec.size
        windows = [search_window(box, self.search_factor, size) for box in boxes]
        crops = np.stack([crop(image, window, size) for image, window in zip(images, windows, strict=True)])
        crop_boxes = np.stack([to_crop(box, window, size) for box, window in zip(boxes, windows, strict=True)])
        scores = self._score(crops, crop_boxes)
        masks = []
        for image, box, window, score in zip(images, boxes, windows, scores, strict=True):
            frame_size = image.shape[1], image.shape[0]
            region = box_region(box, frame_size)
            mask = np.zeros(image.shape[:2], dtype=bool)
            mask[region] = paste(score, window, frame_size)[region] > 0
            masks.append(mask)
        return masks

    @torch.inference_mode()
    def _score(self, crops: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """The scores (T, H, W) float32 of crops (T, H, W, 3) uint8 RGB with boxes (T, 4) in crop pixels."""
        parameter = next(self.net.parameters())
        kind = {"device": parameter.device, "dtype": parameter.dtype}
        images = self.net.input_spec.normalise(torch.from_numpy(crops).to(**kind).permute(0, 3, 1, 2))
        # float32 whatever the network's type: half precision has no pixel 831.5.
        code = self.net.encode_frames(images.unsqueeze(1), torch.from_numpy(boxes).to(kind["device"]).float()[:, None])
        _, refined = self.net.solve(code, self.iterations)
        return refined.squeeze(1).float().cpu().numpy()
