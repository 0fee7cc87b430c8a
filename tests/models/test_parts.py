"""Rasters, encoders, blocks and the decoder, each against what it stands for."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ltr.models.boxmask import InputSpec
from ltr.models.boxmask.blocks import (
    FrozenStatisticsNorm,
    conv_norm,
    for_inference,
    instance_l2_norm,
)
from ltr.models.boxmask.encoders import BoxEncoder, MaskEncoder, rasterize

W, H = 12, 8


@pytest.mark.parametrize(("box", "painted"), [
    ((2.0, 3.0, 4.0, 2.0), (2, 3, 6, 5)),
    ((2.9, 3.9, 4.9, 2.9), (2, 3, 6, 5)),  # all four truncated
    ((-3.0, -2.0, 5.0, 4.0), (0, 0, 2, 2)),  # cut at left and top
    ((-0.9, -0.9, 3.0, 3.0), (0, 0, 3, 3)),  # truncated towards zero
    ((10.0, 6.0, 9.0, 9.0), (10, 6, 12, 8)),  # cut at right and bottom
    ((-50.0, -50.0, 500.0, 500.0), (0, 0, 12, 8)),
    ((-8.0, 2.0, 5.0, 3.0), None),  # wholly left: the reference paints a stripe
    ((2.0, -8.0, 5.0, 3.0), None),
    ((12.0, 2.0, 5.0, 3.0), None),
    ((2.0, 8.0, 5.0, 3.0), None),
    ((2.0, 2.0, 0.0, 3.0), None),
    ((2.0, 2.0, -4.0, 3.0), None),
])
def test_a_box_paints_its_rectangle_inside_the_crop(box, painted):
    expected = torch.zeros(H, W)
    if painted:
        left, top, right, bottom = painted
        expected[top:bottom, left:right] = 1
    assert torch.equal(rasterize(torch.tensor(box), (H, W)), expected)


@given(st.lists(st.tuples(*[st.floats(-40, 40, width=32)] * 4), min_size=1, max_size=4))
def test_a_raster_has_as_many_pixels_as_the_clipped_rectangle(boxes):
    raster = rasterize(torch.tensor(boxes), (H, W))
    assert raster.shape == (len(boxes), H, W)
    for (x, y, w, h), pixels in zip(boxes, raster.sum(dim=(1, 2)).tolist(), strict=True):
        columns = min(int(x) + int(w), W) - max(int(x), 0)
        rows = min(int(y) + int(h), H) - max(int(y), 0)
        assert pixels == max(columns, 0) * max(rows, 0)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (61, 83), (17, 16), (33, 1)])
def test_encodings_have_the_backbone_s_grid_at_any_crop_size(height, width):
    grid = (-(-height // 16), -(-width // 16))
    e, w = MaskEncoder((4, 6, 8), 3)(torch.rand(2, 1, height, width))
    assert e.shape == w.shape == (2, 3, *grid)
    e, w = BoxEncoder((4, 6, 8, 10), 5, 3)(torch.ones(2, 1, height, width), torch.randn(2, 5, *grid))
    assert e.shape == w.shape == (2, 3, *grid)
    assert (e >= 0).all()


def test_weights_are_one_before_training():
    _, w = MaskEncoder((4, 6, 8), 3)(torch.rand(1, 1, 32, 32))
    assert (w == 1).all()
    _, w = BoxEncoder((4, 6, 8, 10), 5, 3)(torch.rand(1, 1, 32, 32), torch.randn(1, 5, 2, 2))
    assert (w == 1).all()


def test_a_norm_keeps_its_statistics_in_train_mode():
    norm = FrozenStatisticsNorm(3).train()
    assert not norm.training
    norm(torch.randn(4, 3, 5, 5) + 7)
    assert not norm.running_mean.any()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 4])
def test_conv_norm_is_the_convolution_then_the_norm(bias, groups):
    conv, norm = nn.Conv2d(4, 8, 3, stride=2, padding=1, bias=bias, groups=groups), FrozenStatisticsNorm(8)
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(tensor)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    norm.eval()
    x = torch.randn(2, 4, 9, 11)
    torch.testing.assert_close(conv_norm(x, conv, norm), norm(conv(x)), atol=1e-5, rtol=1e-5)


def test_for_inference_a_norm_is_folded_once_and_until_training_goes_on():
    conv, norm = nn.Conv2d(4, 8, 3), FrozenStatisticsNorm(8)
    net, x = nn.ModuleList([conv, norm]), torch.randn(2, 4, 9, 11)
    expected = conv_norm(x, conv, norm)
    with torch.inference_mode():
        assert for_inference(net) is net and not conv.weight.requires_grad
        torch.testing.assert_close(conv_norm(x, conv, norm), expected, atol=1e-6, rtol=1e-6)
        conv.weight.zero_()
        torch.testing.assert_close(conv_norm(x, conv, norm), expected, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(net.eval()[1].folded[0], norm.folded[0])
    net.train()
    assert not conv_norm(x, conv, norm).allclose(expected)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100), st.integers(1, 4), st.integers(1, 5))
def test_normalised_features_have_the_same_norm_at_any_scale(factor, channels, width):
    x = 1.0 + torch.rand(2, channels, 3, width)
    energy = instance_l2_norm(factor * x, 0.1).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(energy, torch.full((2,), 0.01), rtol=0.05, atol=0)


@pytest.mark.parametrize("bgr, expected", [(False, [2.0, 2.0, 1.0]), (True, [3.0, 2.0, 0.5])])
def test_images_are_normalised_in_the_network_s_channel_order(bgr, expected):
    spec = InputSpec(size=(1, 1), mean=(1.0, 2.0, 3.0), std=(2.0, 2.0, 4.0), bgr=bgr)
    images = torch.tensor([5.0, 6.0, 7.0]).view(1, 3, 1, 1)
    assert spec.normalise(images).flatten().tolist() == expected
