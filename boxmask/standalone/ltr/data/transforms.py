"""Random transforms of images, masks and boxes together.

`Transform(*transforms)(image=..., bbox=..., mask=...)` applies the transforms in turn to everything given and
returns it in the order given. An input is one instance or a list; `joint=True` rolls once for the whole list,
`joint=False` once per frame; `new_roll=False` uses the last roll again. Images are (H, W, 3) uint8 arrays
until a `ToTensor*` makes them (3, H, W) tensors; masks are (H, W) tensors or arrays; boxes xywh (4,);
coordinates (2, N), rows y and x.

Random numbers are drawn in pytracking's order (`ltr/data/transforms.py`): `random`, except the brightness of
`ToTensorAndJitter`, which is NumPy's. Kept from there for the same results: a flipped box lies at W - 1 - x -
w, one pixel left of its flipped mask. Different on purpose:
- `ToTensor` converts masks; `RandomBlur` blurs (pytracking rolls and then does nothing) and `Blur` takes (3,
  H, W), with the border replicated; `RandomAffine(border_mode='replicate')` works, and boxes are clipped to
  the padded image;
- boxes in a list are flipped and warped by their own frame's size, not the first one's;
- `joint=False` with one kind of input returns a list; an input that is None stays None.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from ltr.data.transform_base import Transform, TransformBase

__all__ = ["Blur", "Normalize", "RandomAffine", "RandomBlur", "RandomHorizontalFlip", "ToBGR", "ToGrayscale",
           "ToTensor", "ToTensorAndJitter", "Transform", "TransformBase"]


class ToTensor(TransformBase):
    """Images (H, W, C) to tensors (C, H, W), uint8 to [0, 1] floats; masks to tensors."""

    def transform_image(self, image: np.ndarray) -> torch.Tensor:
        tensor = _to_chw(image)
        return tensor.float().div(255) if tensor.dtype == torch.uint8 else tensor

    def transform_mask(self, mask: Any) -> torch.Tensor:
        return _to_tensor(mask)


class ToTensorAndJitter(TransformBase):
    """To float tensors of random brightness: factors in 1 +- brightness_jitter; [0, 1], or 0-255 if not `normalize`."""

    def __init__(self, brightness_jitter: float = 0.0, normalize: bool = True) -> None:
        super().__init__()
        self.brightness_jitter = brightness_jitter
        self.normalize = normalize

    def roll(self) -> float:
        return np.random.uniform(max(0, 1 - self.brightness_jitter), 1 + self.brightness_jitter)

    def transform_image(self, image: np.ndarray, factor: float) -> torch.Tensor:
        if self.normalize:
            return _to_chw(image).float().mul(factor / 255.0).clamp(0.0, 1.0)
        return _to_chw(image).float().mul(factor).clamp(0.0, 255.0)

    def transform_mask(self, mask: Any, factor: float) -> torch.Tensor:
        return _to_tensor(mask)


class Normalize(TransformBase):
    """(image - mean) / std per channel, in the channel order that the image has by then."""

    def __init__(self, mean: Iterable[float], std: Iterable[float], inplace: bool = False) -> None:
        super().__init__()
        self.mean = tuple(mean)
        self.std = tuple(std)
        self.inplace = inplace
        if 0 in self.std:
            raise ValueError(f"a standard deviation is zero: {self.std}")

    def transform_image(self, image: torch.Tensor) -> torch.Tensor:
        mean, std = (torch.as_tensor(v, dtype=image.dtype, device=image.device).reshape(-1, 1, 1)
                     for v in (self.mean, self.std))
        return (image if self.inplace else image.clone()).sub_(mean).div_(std)


class ToGrayscale(TransformBase):
    """Makes the image grey, still of three channels, with the given probability."""

    def __init__(self, probability: float = 0.5) -> None:
        super().__init__()
        self.probability = probability

    def roll(self) -> bool:
        return random.random() < self.probability

    def transform_image(self, image: np.ndarray, do_grayscale: bool) -> np.ndarray:
        if not do_grayscale:
            return image
        # RGB weights whatever the order, as in pytracking, where ToBGR may come before.
        grey = cv2.cvtColor(_need_array(image, self), cv2.COLOR_RGB2GRAY)
        return np.stack((grey, grey, grey), axis=2)


class ToBGR(TransformBase):
    """Turns the channel order round."""

    def transform_image(self, image: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(_need_array(image, self), cv2.COLOR_RGB2BGR)


class RandomHorizontalFlip(TransformBase):
    """Mirrors left and right with the given probability."""

    def __init__(self, probability: float = 0.5) -> None:
        super().__init__()
        self.probability = probability

    def roll(self) -> bool:
        return random.random() < self.probability

    def transform_image(self, image: Any, do_flip: bool) -> Any:
        return _mirror(image) if do_flip else image

    def transform_mask(self, mask: Any, do_flip: bool) -> Any:
        return _mirror(mask) if do_flip else mask

    def transform_coords(self, coords: torch.Tensor, image_shape: tuple[int, int], do_flip: bool) -> torch.Tensor:
        return torch.stack((coords[0], (image_shape[1] - 1) - coords[1])) if do_flip else coords


class Blur(TransformBase):
    """Gaussian blur of an image tensor (C, H, W): sigma in pixels, one value or (vertical, horizontal)."""

    def __init__(self, sigma: float | tuple[float, float]) -> None:
        super().__init__()
        self.sigma = (sigma, sigma) if isinstance(sigma, (float, int)) else tuple(sigma)
        self.filter_size = [math.ceil(2 * s) for s in self.sigma]

    def transform_image(self, image: torch.Tensor) -> torch.Tensor:
        if not torch.is_tensor(image):
            raise TypeError(f"{type(self).__name__} works on tensors: put it after ToTensor")
        radius_y, radius_x = self.filter_size
        padded = F.pad(image.unsqueeze(1), (radius_x, radius_x, radius_y, radius_y), mode="replicate")
        vertical, horizontal = (_gaussian(r, s).to(image) for r, s in zip(self.filter_size, self.sigma, strict=True))
        return F.conv2d(F.conv2d(padded, vertical.view(1, 1, -1, 1)), horizontal.view(1, 1, 1, -1)).squeeze(1)


class RandomBlur(Blur):
    """`Blur` with the given probability."""

    def __init__(self, sigma: float | tuple[float, float], probability: float = 0.1) -> None:
        super().__init__(sigma)
        self.probability = probability

    def roll(self) -> bool:
        return random.random() < self.probability

    def transform_image(self, image: torch.Tensor, do_blur: bool) -> torch.Tensor:
        return super().transform_image(image) if do_blur else image


class RandomAffine(TransformBase):
    """A random affine warp of array images.

    p_flip: probability of a mirror; max_rotation in degrees; max_shear; max_scale and max_ar_factor: the log
    scales are uniform in +- these; pad_amount: pixels added on each side; scale_center: shift, in fifths of
    the image width. border_mode 'constant' (black) or 'replicate', for the image; masks get 0 there.
    """

    def __init__(self, p_flip: float = 0.0, max_rotation: float = 0.0, max_shear: float = 0.0, max_scale: float = 0.0,
                 max_ar_factor: float = 0.0, border_mode: str = "constant", pad_amount: int = 0,
                 scale_center: float = 0.0) -> None:
        super().__init__()
        if border_mode not in _BORDERS:
            raise ValueError(f"border_mode is one of {tuple(_BORDERS)}, got {border_mode!r}")
        self.p_flip = p_flip
        self.max_rotation = max_rotation
        self.max_shear = max_shear
        self.max_scale = max_scale
        self.max_ar_factor = max_ar_factor
        self.border_mode = border_mode
        self.pad_amount = pad_amount
        self.scale_center = scale_center

    def roll(self) -> tuple:
        do_flip = random.random() < self.p_flip
        angle = random.uniform(-self.max_rotation, self.max_rotation)
        shear = tuple(random.uniform(-self.max_shear, self.max_shear) for _ in "xy")
        aspect = np.exp(random.uniform(-self.max_ar_factor, self.max_ar_factor))
        scale = np.exp(random.uniform(-self.max_scale, self.max_scale))
        shift = random.uniform(-self.scale_center, self.scale_center)
        return do_flip, angle, shear, (scale, scale * aspect), shift

    def transform_image(self, image: np.ndarray, *params: Any) -> np.ndarray:
        return self._warp(_need_array(image, self), params, cv2.INTER_LINEAR, _BORDERS[self.border_mode])

    def transform_mask(self, mask: Any, *params: Any) -> Any:
        warped = self._warp(np.asarray(mask), params, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT)
        return torch.from_numpy(warped) if torch.is_tensor(mask) else warped

    def transform_coords(self, coords: torch.Tensor, image_shape: tuple[int, int], *params: Any) -> torch.Tensor:
        matrix = torch.from_numpy(self._matrix(image_shape, *params)).float()
        y, x = coords.float()
        moved_x, moved_y = matrix @ torch.stack((x, y, torch.ones_like(x)))
        height, width = (side + 2 * self.pad_amount for side in image_shape)
        return torch.stack((moved_y.clamp(0, height), moved_x.clamp(0, width)))

    def _warp(self, image: np.ndarray, params: tuple, interpolation: int, border: int) -> np.ndarray:
        height, width = image.shape[:2]
        size = (width + 2 * self.pad_amount, height + 2 * self.pad_amount)
        return cv2.warpAffine(image, self._matrix((height, width), *params), size, flags=interpolation,
                              borderMode=border)

    def _matrix(self, image_shape: tuple[int, int], do_flip: bool, angle: float, shear: tuple[float, float],
                scales: tuple[float, float], shift: float) -> np.ndarray:
        """(2, 3): shift, flip, shear, rotation and scale in this order; all but the first two keep the centre."""
        height, width = image_shape
        flip = np.diag((-1.0 if do_flip else 1.0, 1.0, 1.0))
        flip[0, 2] = width if do_flip else 0.0
        rotation = np.vstack((cv2.getRotationMatrix2D((width * 0.5, height * 0.5), angle, 1.0), (0.0, 0.0, 1.0)))
        # The shear's own centring swaps width and height, as in pytracking.
        shearing = np.array(((1.0, shear[0], -shear[0] * 0.5 * width), (shear[1], 1.0, -shear[1] * 0.5 * height),
                             (0.0, 0.0, 1.0)))
        scaling = np.array(((scales[0], 0.0, (1.0 - scales[0]) * 0.5 * width),
                            (0.0, scales[1], (1.0 - scales[1]) * 0.5 * height), (0.0, 0.0, 1.0)))
        moving = np.array(((1.0, 0.0, -0.2 * width * shift), (0.0, 1.0, -0.2 * width * shift), (0.0, 0.0, 1.0)))
        matrix = scaling @ rotation @ shearing @ flip @ moving
        matrix[:2, 2] += self.pad_amount
        return matrix[:2]


_BORDERS = {"constant": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE}


def _to_tensor(mask: Any) -> torch.Tensor:
    return torch.from_numpy(mask) if isinstance(mask, np.ndarray) else mask


def _to_chw(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image[:, :, None] if image.ndim == 2 else image).permute(2, 0, 1)


def _need_array(image: Any, transform: TransformBase) -> np.ndarray:
    if torch.is_tensor(image):
        raise TypeError(f"{type(transform).__name__} works on (H, W, 3) arrays: put it before ToTensor")
    return image


def _mirror(pixels: Any) -> Any:
    return pixels.flip(-1) if torch.is_tensor(pixels) else np.flip(pixels, 1).copy()


def _gaussian(radius: int, sigma: float) -> torch.Tensor:
    x = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = torch.exp(-(x ** 2) / (2 * sigma ** 2))
    return kernel / kernel.sum()
