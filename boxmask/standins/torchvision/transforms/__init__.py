"""`ToTensor` and `Normalize`."""

import numpy as np
import torch
from boxmask_standin import refuse, refuser
from torch import Tensor

from . import functional

__all__ = ["Normalize", "ToTensor", "functional"]
__getattr__ = refuser("torchvision", "torchvision.transforms")


class ToTensor:
    """An image, (H, W) or (H, W, C), as a tensor (C, H, W); uint8 becomes float between 0 and 1."""

    def __call__(self, image: np.ndarray) -> Tensor:
        if not isinstance(image, np.ndarray) or image.ndim not in (2, 3):
            refuse("torchvision", f"ToTensor for a {type(image).__name__}")
        pixels = torch.from_numpy(np.ascontiguousarray(np.atleast_3d(image).transpose(2, 0, 1)))
        return pixels.to(torch.get_default_dtype()).div(255) if pixels.dtype == torch.uint8 else pixels


class Normalize:
    """`functional.normalize` with numbers that stay the same."""

    def __init__(self, mean: list[float], std: list[float], inplace: bool = False) -> None:
        self.mean, self.std, self.inplace = mean, std, inplace

    def __call__(self, image: Tensor) -> Tensor:
        return functional.normalize(image, self.mean, self.std, self.inplace)
