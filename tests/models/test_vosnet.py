"""The few-shot VOS network as a whole, on a small one."""

from __future__ import annotations

import pytest
import torch
from torch import nn


def clip(frames: int, sequences: int, height: int = 64, width: int = 96) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(frames + sequences)
    images = torch.randn(frames, sequences, 3, height, width, generator=generator)
    masks = (torch.rand(frames, sequences, height // 16, width // 16, generator=generator) > 0.5).float()
    return images, nn.functional.interpolate(masks, size=(height, width))


@pytest.fixture
def net(make_small_vos):
    return make_small_vos().eval()


def close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("train", "test", "sequences", "height", "width"), [
    (1, 3, 1, 64, 96), (2, 2, 3, 64, 96), (1, 1, 2, 75, 53)])
def test_each_test_frame_gets_logits(net, train, test, sequences, height, width):
    images, masks = clip(train + test, sequences, height, width)
    logits = net(images[:train], masks[:train], images[train:])
    assert logits.shape == (test, sequences, height, width)
    assert torch.isfinite(logits).all()


def test_the_updated_filter_is_used_from_the_second_test_frame_on(net):
    images, masks = clip(4, 1)
    never, updated = (net(images[:1], masks[:1], images[1:], refinement_iterations=n) for n in (0, 2))
    close(never[0], updated[0])
    assert all((never[t] - updated[t]).abs().max() > 1e-3 for t in (1, 2))


def test_the_update_starts_from_the_last_filter_on_all_frames_seen(net):
    images, masks = clip(3, 2)
    features, levels = net.encode_images(images)
    memory = net.remember(features[:1], masks[:1])
    tau = net.aggregation(*memory, net.iterations).filter
    size = images.shape[-2:]
    parts = [type(levels)(*(level.unflatten(0, (3, 2))[t] for level in levels)) for t in range(3)]
    first = net.decode(tau, features[1:2], parts[1], size)
    memory = memory.extend(net.remember(features[1:2], first.sigmoid()))
    tau = net.aggregation(*memory, 2, start=tau).filter
    second = net.decode(tau, features[2:3], parts[2], size)
    close(net(images[:1], masks[:1], images[1:]), torch.cat((first, second)))


def test_sequences_of_a_batch_do_not_touch_each_other(net):
    images, masks = clip(3, 2)
    together = net(images[:1], masks[:1], images[1:])
    for s in range(2):
        close(together[:, s:s + 1], net(images[:1, s:s + 1], masks[:1, s:s + 1], images[1:, s:s + 1]))


def test_networks_in_half_precision_remember_masks_of_their_own_logits(net):
    images, masks = clip(3, 1)
    expected = net(images[:1], masks[:1], images[1:])
    images = images.bfloat16()
    result = net.bfloat16()(images[:1], masks[:1], images[1:])
    assert (result.float() - expected).abs().max() < 0.1 * expected.abs().max()


def test_gradients_reach_all_that_trains(net):
    net.train()
    images, masks = clip(3, 1)
    with torch.no_grad():
        net.mask_encoder.weight.weight.normal_(std=0.1)
    net(images[:1], masks[:1], images[1:]).square().mean().backward()
    grouped = {id(p) for group in net.parameter_groups().values() for p in group}
    trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
    assert grouped == {id(p) for p in trained.values()}
    assert not [name for name, p in trained.items() if p.grad is None or not p.grad.any()]
