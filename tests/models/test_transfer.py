"""A VOS network starts from a box-to-mask network: what both have is the same afterwards."""

from __future__ import annotations

import pytest
import torch

from ltr.models.boxmask import boxmask_lite, checkpoint, vos_lite
from ltr.models.boxmask.files import CheckpointError
from ltr.models.boxmask.transfer import shape, start_from


@pytest.fixture
def box_network(make_small):
    torch.manual_seed(0)
    return make_small().eval()


@pytest.fixture
def net(make_small_vos):
    torch.manual_seed(1)
    return make_small_vos().eval()


def silence_prior(box_network):
    """The decoder takes no more notice of the prior, and the prior's hidden channels carry nothing."""
    with torch.no_grad():
        for level in box_network.decoder.levels:
            channels = level.reduce2.out_channels
            prior = slice(channels, (channels + level.mix1.in_channels) // 2)
            for convolution in (level.mix1, level.mix2, level.mix3):
                convolution.weight[:, prior] = 0


def test_a_decoder_that_does_not_look_at_the_prior_is_the_same_network(box_network, net, tmp_path):
    silence_prior(box_network)
    file = tmp_path / "box.safetensors"
    checkpoint.save(box_network, file)
    start_from(net, file)
    images = torch.randn(2, 1, 3, 64, 96)
    scores = torch.randn(2, box_network.box_encoder.label.out_channels, 4, 6)
    with torch.no_grad():
        levels = net.backbone(images.flatten(0, 1))
        ours = net.decoder(net.decoder.prepare(levels[::-1]), scores, (64, 96))
        prior = torch.randn_like(scores)
        theirs = box_network.decoder(box_network.decoder.prepare(levels[::-1], prior), scores, (64, 96))
    torch.testing.assert_close(ours, theirs)


def test_encoder_features_and_solver_are_those_of_the_second_stage(box_network, net, tmp_path):
    with torch.no_grad():
        box_network.mask_aggregation.regularization.fill_(0.7)
    file = tmp_path / "box.safetensors"
    checkpoint.save(box_network, file)
    start_from(net, file)
    for ours, theirs in ((net.aggregation, box_network.mask_aggregation), (net.features, box_network.features),
                         (net.mask_encoder, box_network.mask_encoder)):
        for (name, ours_value), theirs_value in zip(ours.state_dict().items(), theirs.state_dict().values(),
                                                    strict=True):
            assert torch.equal(ours_value, theirs_value), name


@pytest.mark.parametrize("weights_alone", [False, True])
def test_a_vos_networks_own_weights_are_taken_as_they_are(net, tmp_path, weights_alone, make_small_vos):
    file = tmp_path / "vos.pth.tar"
    if weights_alone:
        torch.save(net.state_dict(), file)
    else:
        checkpoint.save(net, file)
    other = make_small_vos()
    start_from(other, file)
    for name, value in net.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


def test_a_network_of_other_widths_is_refused_with_its_file(net, tmp_path):
    file = tmp_path / "wide.safetensors"
    checkpoint.save(boxmask_lite(), file)
    with pytest.raises(CheckpointError, match=r"wide\.safetensors.*mis-shaped"):
        start_from(net, file)


def test_a_network_with_backbone_and_widths_of_the_first_one_is_made_from_its_file(tmp_path):
    file, weights_alone = tmp_path / "wide.safetensors", tmp_path / "weights.pth.tar"
    widths = {"backbone": "efficientnet_lite2", "decoder": (24, 16, 12, 8), "upsampler": 6}
    box_network = boxmask_lite(size=(96, 64), **widths)
    checkpoint.save(box_network, file)
    torch.save(box_network.state_dict(), weights_alone)
    assert shape(file) == widths and shape(weights_alone) == {}
    net = vos_lite(**shape(file))
    start_from(net, file)
    assert torch.equal(net.decoder.logit.weight, box_network.decoder.logit.weight)
