"""The plain arithmetic that the network is measured against comes to the same masks, and what is printed of it."""

from __future__ import annotations

import pytest
import torch

from benchmarks import forward, plain
from ltr.models.boxmask import boxmask_resnet50
from ltr.models.boxmask.decoder import Decoder


def test_all_ways_come_to_the_same_masks(small_widths):
    timed = forward.measure(forward.ways(2, (96, 64), 3, **small_widths), 2)
    assert list(timed)[0] == forward.PLAIN and len(timed) == 5
    for row in timed.values():
        assert len(row.seconds) == len(row.processors) == 2 and row.difference < 1e-4


def test_both_stages_of_several_sequences_are_those_of_the_plain_arithmetic(small_widths):
    torch.manual_seed(0)
    net = boxmask_resnet50(**small_widths).eval()
    with torch.no_grad():
        for encoder in (net.box_encoder, net.mask_encoder):
            encoder.weight.weight.normal_(std=0.3)
        for norm in net.modules():
            if isinstance(norm, torch.nn.BatchNorm2d):
                norm.running_mean.normal_(std=0.3)
                norm.running_var.uniform_(0.5, 2)
    images = torch.randn(3, 2, 3, 75, 53)
    boxes = torch.tensor([10.0, 12, 30, 25]).expand(3, 2, 4) + torch.rand(3, 2, 4)
    with torch.no_grad():
        found = net(images, boxes, 4)
    for ours, expected in zip(found, plain.forward(net, images, boxes, 4), strict=True):
        assert (ours - expected).abs().max() < 1e-4 * expected.abs().max()


@pytest.mark.parametrize("size", [(64, 96), (75, 53), (130, 35)])
def test_the_split_decoder_is_the_plain_one(size):
    torch.manual_seed(0)
    channels = (12, 10, 8, 6)
    net = Decoder(channels, (9, 8, 7, 6), scores=5, upsampler=4).eval()
    features = tuple(torch.randn(2, c, -(-size[0] // s), -(-size[1] // s))
                     for c, s in zip(channels, (32, 16, 8, 4), strict=True))
    scores = torch.randn(2, 5, *features[1].shape[-2:])
    expected = plain.decode(net, features, scores, size)
    torch.testing.assert_close(net(net.prepare(features), scores, size), expected, atol=1e-4, rtol=1e-4)
    with_prior = net(net.prepare(features, prior=scores[:, :2]), scores[:, 2:], size)
    torch.testing.assert_close(with_prior, expected, atol=1e-4, rtol=1e-4)


def test_ratios_are_of_the_same_round():
    timed = {forward.PLAIN: forward.Timed([2.0, 4.0, 6.0], [3.0, 3.0, 3.0], 0.0),
             "other": forward.Timed([1.0, 4.0, 2.0], [1.0, 0.5, 2.0], 1e-6)}
    text = forward.report(timed).splitlines()
    assert "4.00" in text[1] and "(2.00 to 6.00)" in text[1]
    assert "2.00" in text[2] and "(1.00 to 3.00)" in text[2] and text[2].endswith("1.0e-06")
    assert "3.00" in text[2] and "(1.50 to 6.00)" in text[2]
