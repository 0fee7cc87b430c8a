"""Rasters, encoders, blocks and the decoder, each against what it stands for."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from ltr.models.boxmask import InputSpec
from ltr.models.boxmask.blocks import FrozenStatisticsNorm, conv_norm, instance_l2_norm, resize_bicubic
from ltr.models.boxmask.decoder import Decoder
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


@pytest.mark.parametrize(("size", "new_size"), [((5, 7), (10, 14)), ((5, 7), (5, 7)), ((30, 26), (61, 83)),
                                                ((9, 9), (4, 3)), ((1, 2), (3, 5))])
def test_bicubic_resize_is_pytorch_s(size, new_size):
    x = torch.randn(2, 3, *size)
    expected = F.interpolate(x, size=new_size, mode="bicubic", align_corners=False)
    torch.testing.assert_close(resize_bicubic(x, new_size), expected, atol=1e-5, rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100), st.integers(1, 4), st.integers(1, 5))
def test_normalised_features_have_the_same_norm_at_any_scale(factor, channels, width):
    x = 1.0 + torch.rand(2, channels, 3, width)
    energy = instance_l2_norm(factor * x, 0.1).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(energy, torch.full((2,), 0.01), rtol=0.05, atol=0)


def textbook_decoder(net: Decoder, features, scores, size):
    """The decoder as METHOD states it, nothing shared and nothing reordered."""
    deeper = None
    for level, f in zip(net.levels, features, strict=True):
        h = level.reduce2(F.relu(level.reduce1(f)))
        s = F.interpolate(scores, size=h.shape[-2:], mode="bilinear", align_corners=False)
        d = h.mean(dim=(2, 3), keepdim=True) if deeper is None else F.relu(level.entry(deeper))
        x = torch.cat((h, s), dim=1)
        for conv in (level.mix1, level.mix2, level.mix3):
            x = F.relu(conv(x))
        x = level.refine1(x)
        means = torch.cat((x.mean(dim=(2, 3), keepdim=True), d.mean(dim=(2, 3), keepdim=True)), dim=1)
        gate = torch.sigmoid(level.attend2(F.relu(level.attend1(means))))
        d = F.interpolate(d, size=x.shape[-2:], mode="bilinear", align_corners=False)
        deeper = level.refine2(x * gate + d)
    x = F.interpolate(deeper, scale_factor=2, mode="bicubic", align_corners=False)
    x = F.relu(net.upsample(x))
    return net.logit(F.interpolate(x, size=size, mode="bicubic", align_corners=False))[:, 0]


@pytest.mark.parametrize("size", [(64, 96), (75, 53), (130, 35)])
def test_the_split_decoder_is_the_textbook_one(size):
    torch.manual_seed(0)
    channels = (12, 10, 8, 6)
    net = Decoder(channels, (9, 8, 7, 6), scores=5, upsampler=4)
    features = tuple(torch.randn(2, c, -(-size[0] // s), -(-size[1] // s))
                     for c, s in zip(channels, (32, 16, 8, 4), strict=True))
    scores = torch.randn(2, 5, *features[1].shape[-2:])
    expected = textbook_decoder(net, features, scores, size)
    torch.testing.assert_close(net(net.prepare(features), scores, size), expected, atol=1e-4, rtol=1e-4)
    with_prior = net(net.prepare(features, prior=scores[:, :2]), scores[:, 2:], size)
    torch.testing.assert_close(with_prior, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("bgr, expected", [(False, [2.0, 2.0, 1.0]), (True, [3.0, 2.0, 0.5])])
def test_images_are_normalised_in_the_network_s_channel_order(bgr, expected):
    spec = InputSpec(size=(1, 1), mean=(1.0, 2.0, 3.0), std=(2.0, 2.0, 4.0), bgr=bgr)
    images = torch.tensor([5.0, 6.0, 7.0]).view(1, 3, 1, 1)
    assert spec.normalise(images).flatten().tolist() == expected
