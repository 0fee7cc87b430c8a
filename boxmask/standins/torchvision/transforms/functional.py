"""`normalize`."""

from collections.abc import Sequence

from boxmask_standin import refuser
from torch import Tensor

__getattr__ = refuser("torchvision", "torchvision.transforms.functional")


def normalize(tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> Tensor:
    """(tensor - mean) / std for each channel of a float tensor (..., C, H, W)."""
    if not tensor.is_floating_point():
        raise TypeError(f"normalize needs a float tensor, got {tensor.dtype}")
    means, stds = (tensor.new_tensor(values).view(-1, 1, 1) for values in (mean, std))
    if (stds == 0).any():
        raise ValueError(f"a standard deviation is 0: {list(std)}")
    return (tensor if inplace else tensor.clone()).sub_(means).div_(stds)
