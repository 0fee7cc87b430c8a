"""Bicubic resizing against PyTorch's own, its gradients against differences."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from ltr.models.boxmask import bicubic
from ltr.models.boxmask.bicubic import convolve_bicubic, resize_bicubic

# The last three have more rows than are multiplied at once.
SIZES = [((5, 7), (10, 14)), ((5, 7), (5, 7)), ((9, 9), (4, 3)), ((1, 2), (3, 5)),
         ((30, 26), (61, 83)), ((150, 90), (40, 35)), ((48, 50), (96, 100))]


def by_interpolate(x, size):
    return F.interpolate(x, size=size, mode="bicubic", align_corners=False)


def after_the_resize(maps, size):
    """Nine maps (N, 3, 3, h, w) resized, and what a convolution of ones adds up of them: tap by tap, with zeros around.
    """
    resized = F.pad(by_interpolate(maps.flatten(1, 2), size), (1, 1, 1, 1)).unflatten(1, (3, 3))
    return sum(resized[:, row, column, row:row + size[0], column:column + size[1]]
               for row in range(3) for column in range(3))


@pytest.mark.parametrize(("size", "new_size"), SIZES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_resize_is_pytorch_s_and_in_the_layout_of_what_is_resized(size, new_size, layout):
    x = torch.randn(2, 3, *size).to(memory_format=layout)
    resized = resize_bicubic(x, new_size)
    torch.testing.assert_close(resized, by_interpolate(x, new_size), atol=1e-5, rtol=1e-5)
    assert resized.is_contiguous(memory_format=layout)


@pytest.mark.parametrize(("size", "new_size"), SIZES)
def test_maps_are_resized_shifted_and_summed(size, new_size):
    maps = torch.randn(2, 3, 3, *size)
    summed = convolve_bicubic(maps, new_size)
    torch.testing.assert_close(summed, after_the_resize(maps, new_size), atol=1e-5, rtol=1e-5)
    assert summed.is_contiguous()


@pytest.mark.parametrize(("size", "new_size"), [((3, 4), (6, 8)), ((5, 3), (2, 7)), ((2, 34), (3, 67))])
def test_gradients_are_those_of_differences(size, new_size):
    x = torch.randn(1, 2, *size, dtype=torch.float64, requires_grad=True)
    maps = torch.randn(1, 3, 3, *size, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda x: resize_bicubic(x, new_size), x)
    torch.autograd.gradcheck(lambda maps: convolve_bicubic(maps, new_size), maps)


def test_a_first_call_for_inference_leaves_training_possible():
    bicubic._bands.cache_clear()
    x = torch.randn(1, 2, 6, 7)
    with torch.inference_mode():
        expected = resize_bicubic(x, (12, 14))
    x.requires_grad_()
    resized = resize_bicubic(x, (12, 14))
    resized.sum().backward()
    assert torch.equal(resized.detach(), expected) and x.grad.shape == x.shape


def test_zeros_are_left_out_of_the_products():
    axis = bicubic._Axis(144, 288)
    bands = bicubic._bands(axis, False, torch.float32, torch.device("cpu"))
    assert sum(band.block.numel() for band in bands) < 0.2 * axis.matrix().numel()
