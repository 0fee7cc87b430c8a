"""Crops around boxes, box arithmetic and Gaussian labels.

Interfaces and results of pytracking's `ltr/data/processing_utils.py`, random numbers in its order. Kept from
there for the same crops: where a crop reaches the right or lower border of the image, its last column or row
is not the image's but the padding (repeated pixels, mask 0). `boxmask.crops`, which the box-to-mask network
uses, does not do this. Different on purpose: errors are ValueError and say the box and the crop; masks are resized
around the middles of pixels, as images are, and not, as there, half a pixel of the crop to the right and down.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F

_MODES = ("replicate", "inside", "inside_major")
MASK_RESIZE = "nearest-exact"  # pytracking's is "nearest"


@dataclass(frozen=True)
class _Region:
    """A rectangle of an image in whole pixels; it may reach beyond the border."""

    x1: int
    y1: int
    x2: int
    y2: int

    def padding(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Pixels to add left, right, top and bottom."""
        return (max(0, -self.x1), max(0, self.x2 - width + 1), max(0, -self.y1), max(0, self.y2 - height + 1))


def sample_target_adaptive(im: np.ndarray, target_bb: torch.Tensor, search_area_factor: float,
                           output_sz: float | Sequence[int], mode: str = "replicate",
                           max_scale_change: float | None = None, mask: torch.Tensor | None = None) -> tuple:
    """The crop around a box, of `search_area_factor`^2 times its area and the aspect of `output_sz`.

    im (H, W, 3); target_bb xywh; output_sz (W, H) or one side; mask (H, W) float. The crop is moved into the
    image as far as it fits. mode: 'replicate' keeps its size and repeats border pixels, 'inside' shrinks it
    (at most `max_scale_change` times) to fit the image, 'inside_major' to fit one axis of it. Returns the
    crop (h, w, 3), the region xywh (4,) float in the image and, if a mask was given, its crop (h, w).
    """
    width, height = _pair(output_sz)
    region = _adaptive_region(im.shape[1], im.shape[0], target_bb, search_area_factor, (width, height), mode,
                              math.inf if max_scale_change is None else max_scale_change)
    crop_box = torch.tensor((region.x1, region.y1, region.x2 - region.x1, region.y2 - region.y1), dtype=torch.float32)
    crop = _cut(im, region, (width, height))
    if mask is None:
        return crop, crop_box
    return crop, crop_box, _cut_mask(mask, region, (width, height))


def _adaptive_region(image_width: int, image_height: int, box: torch.Tensor, factor: float, output_sz: tuple[int, int],
                     mode: str, max_scale_change: float) -> _Region:
    if mode not in _MODES:
        raise ValueError(f"the crop mode is one of {_MODES}, got {mode!r}")
    target = torch.tensor(output_sz, dtype=torch.float32)
    # In float32, as the reference does: the ceiling of a value near an integer depends on it.
    sides = target * (box[2:].prod() / target.prod()).sqrt() * factor
    if not (torch.isfinite(sides).all() and bool((box[2:] > 0).all())):
        raise ValueError(f"no crop around the box {box.tolist()}: its size is not positive or not a number")
    crop_w, crop_h = sides.ceil().long().tolist()
    if mode != "replicate":
        excess = (crop_w / image_width, crop_h / image_height)
        shrink = min(max(1, max(excess) if mode == "inside" else min(excess)), max_scale_change)
        crop_w, crop_h = math.floor(crop_w / shrink), math.floor(crop_h / shrink)
    if crop_w < 1 or crop_h < 1:
        raise ValueError(f"no crop around the box {box.tolist()}: it would be {crop_w}x{crop_h} pixels")
    x, y, w, h = box.tolist()
    x1 = _slide_inside(round(x + 0.5 * w - crop_w * 0.5), crop_w, image_width)
    y1 = _slide_inside(round(y + 0.5 * h - crop_h * 0.5), crop_h, image_height)
    return _Region(x1, y1, x1 + crop_w, y1 + crop_h)


def _slide_inside(start: int, length: int, limit: int) -> int:
    """Where a crop of one axis starts after moving it into [0, limit), or over its middle if it is longer."""
    start += max(0, -start) + min(0, limit - (start + length))
    outside = (max(0, -start) + max(0, start + length - limit)) // 2
    return -outside if outside > 0 else start


def sample_target_from_crop_region(im: np.ndarray, crop_box: torch.Tensor,
                                   output_sz: float | Sequence[int]) -> np.ndarray:
    """The pixels of a region xywh of an image, resized to `output_sz` (W, H)."""
    x, y, w, h = crop_box.int().tolist()
    return _cut(im, _Region(x, y, x + w, y + h), _pair(output_sz))


def transform_box_to_crop(box: torch.Tensor, crop_box: torch.Tensor, crop_sz: torch.Tensor) -> torch.Tensor:
    """A box xywh of the image in the coordinates of a crop: `crop_box` xywh resized to `crop_sz` (2,)."""
    scale = crop_sz / crop_box[2:]
    return torch.cat(((box[:2] - crop_box[:2]) * scale, box[2:] * scale))


def target_image_crop(frames: Sequence[np.ndarray], box_extract: Sequence[torch.Tensor], box_gt: Sequence[torch.Tensor],
                      search_area_factor: float, output_sz: float | Sequence[int], mode: str = "replicate",
                      max_scale_change: float | None = None, masks: Sequence[torch.Tensor] | None = None) -> tuple:
    """`sample_target_adaptive` around `box_extract` in every frame.

    Returns the crops, the boxes `box_gt` in crop coordinates and, if masks were given, their crops; one per
    frame.
    """
    cut = [sample_target_adaptive(frame, box, search_area_factor, output_sz, mode, max_scale_change,
                                  None if masks is None else masks[index])
           for index, (frame, box) in enumerate(zip(frames, box_extract, strict=True))]
    crop_sz = torch.tensor(_pair(output_sz), dtype=torch.float32)
    boxes = [transform_box_to_crop(box, one[1], crop_sz) for box, one in zip(box_gt, cut, strict=True)]
    crops = tuple(one[0] for one in cut)
    return (crops, boxes) if masks is None else (crops, boxes, tuple(one[2] for one in cut))


def _cut(image: np.ndarray, region: _Region, output_sz: tuple[int, int]) -> np.ndarray:
    left, right, top, bottom = region.padding(image.shape[1], image.shape[0])
    inner = image[region.y1 + top:region.y2 - bottom, region.x1 + left:region.x2 - right]
    if not inner.size:
        raise ValueError(f"the crop {region} has no pixel of the image of {image.shape[1]}x{image.shape[0]}")
    return cv2.resize(cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE), output_sz)


def _cut_mask(mask: torch.Tensor, region: _Region, output_sz: tuple[int, int]) -> torch.Tensor:
    left, right, top, bottom = region.padding(mask.shape[1], mask.shape[0])
    inner = mask[region.y1 + top:region.y2 - bottom, region.x1 + left:region.x2 - right]
    padded = F.pad(inner, (left, right, top, bottom))
    return F.interpolate(padded[None, None], output_sz[::-1], mode=MASK_RESIZE)[0, 0]


def _pair(size: float | Sequence[int]) -> tuple[int, int]:
    width, height = (size, size) if isinstance(size, (int, float)) else size
    return int(width), int(height)


def iou(reference: torch.Tensor, proposals: torch.Tensor) -> torch.Tensor:
    """Overlap of one box (1, 4) xywh with each of (N, 4): (N,)."""
    top_left = torch.maximum(reference[:, :2], proposals[:, :2])
    bottom_right = torch.minimum(reference[:, :2] + reference[:, 2:], proposals[:, :2] + proposals[:, 2:])
    inside = (bottom_right - top_left).clamp(min=0).prod(dim=1)
    return inside / (reference[:, 2:].prod(dim=1) + proposals[:, 2:].prod(dim=1) - inside)


def rand_uniform(a: float, b: float, shape: int = 1) -> torch.Tensor:
    """Uniform numbers between a and b: (shape,)."""
    return (b - a) * torch.rand(shape) + a


def perturb_box(box: torch.Tensor, min_iou: float = 0.5,
                sigma_factor: float | torch.Tensor | list = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    """A noisy copy of a box xywh (4,) that overlaps it by more than `min_iou`, and the overlap.

    sigma_factor: standard deviation over the square root of the box's area: one number, one per coordinate
    (4,), or a list of them to choose from. After each miss the noise shrinks by a tenth; the hundredth try is
    returned anyway.
    """
    factor = random.choice(sigma_factor) if isinstance(sigma_factor, list) else sigma_factor
    factor = factor if isinstance(factor, torch.Tensor) else factor * torch.ones(4)
    sigma = torch.sqrt(box[2] * box[3]) * factor
    for _ in range(100):
        centre = [random.gauss(box[i] + 0.5 * box[i + 2], sigma[i]) for i in (0, 1)]
        size = [random.gauss(box[i], sigma[i]) for i in (2, 3)]
        size = [box[i + 2] * rand_uniform(0.15, 0.5) if size[i] <= 1 else size[i] for i in (0, 1)]
        noisy = torch.tensor([float(value) for value in
                              (centre[0] - 0.5 * size[0], centre[1] - 0.5 * size[1], *size)]).round()
        for i in (2, 3):
            if noisy[i] <= 1:
                noisy[i] = (box[i] * rand_uniform(0.15, 0.5)).item()
        overlap = iou(box.view(1, 4), noisy.view(1, 4))
        if overlap > min_iou:
            break
        sigma = sigma * 0.9
    return noisy, overlap


def gauss_1d(sz: int, sigma: float, center: torch.Tensor, end_pad: int = 0, density: bool = False) -> torch.Tensor:
    """Gaussians (N, sz + end_pad) around centres (N,) counted from the middle of `sz` cells."""
    cells = torch.arange(-(sz - 1) / 2, (sz + 1) / 2 + end_pad).reshape(1, -1)
    values = torch.exp(-1.0 / (2 * sigma ** 2) * (cells - center.reshape(-1, 1)) ** 2)
    return values / (math.sqrt(2 * math.pi) * sigma) if density else values


def gauss_2d(sz: torch.Tensor, sigma: float | tuple[float, float], center: torch.Tensor,
             end_pad: tuple[int, int] = (0, 0), density: bool = False) -> torch.Tensor:
    """Gaussians (N, h, w) around centres (N, 2) x, y; `sz` (2,) is (w, h)."""
    sigma_x, sigma_y = (sigma, sigma) if isinstance(sigma, (float, int)) else sigma
    x = gauss_1d(sz[0].item(), sigma_x, center[:, 0], end_pad[0], density)
    y = gauss_1d(sz[1].item(), sigma_y, center[:, 1], end_pad[1], density)
    return x.unsqueeze(1) * y.unsqueeze(2)


def gaussian_label_function(target_bb: torch.Tensor, sigma_factor: float, kernel_sz: float | Sequence[int],
                            feat_sz: float | Sequence[int], image_sz: float | Sequence[int],
                            end_pad_if_even: bool = True, density: bool = False,
                            uni_bias: float = 0) -> torch.Tensor:
    """Gaussian labels (N, h, w) at the centres of boxes (N, 4) xywh of an image.

    Sizes are (w, h) or one side: of the classifier's kernel, the feature map and the image. With an even
    kernel the label is one cell larger than the feature map. sigma_factor: of the square root of the feature
    map's area.
    """
    kernel = _pair(kernel_sz)
    image_size, feature_size = (torch.tensor(_pair(size), dtype=torch.float32) for size in (image_sz, feat_sz))
    middle = target_bb[:, :2] + 0.5 * target_bb[:, 2:4]
    even = tuple(int(side % 2 == 0) for side in kernel)
    centre = feature_size * ((middle - image_size / 2) / image_size) + 0.5 * torch.tensor(even, dtype=torch.float32)
    sigma = sigma_factor * feature_size.prod().sqrt().item()
    end_pad = even if end_pad_if_even else (0, 0)
    label = gauss_2d(feature_size, sigma, centre, end_pad, density=density)
    if not density:
        return label + uni_bias
    cells = (feature_size + torch.tensor(end_pad)).prod()
    return (1.0 - uni_bias) * label + uni_bias / cells
