"""The box-to-mask network as a whole, mostly on a small one."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

from ltr.models.boxmask import FrameCode, InputSpec, boxmask_lite, boxmask_resnet50, vos_lite
from ltr.models.boxmask.constructors import LITE_BACKBONES


def clip(frames: int, sequences: int, height: int = 64, width: int = 96) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(frames + sequences)
    images = torch.randn(frames, sequences, 3, height, width, generator=generator)
    corners = torch.rand(frames, sequences, 4, generator=generator)
    boxes = (0.1 + 0.4 * corners) * torch.tensor([width, height, width, height])
    return images, boxes


@pytest.fixture
def net(make_small):
    return make_small().eval()


def close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("frames", "sequences", "height", "width"), [
    (1, 1, 64, 96), (3, 2, 64, 96), (2, 1, 75, 53), (1, 2, 97, 131), (2, 1, 16, 17)])
def test_both_stages_have_a_logit_for_each_pixel(net, frames, sequences, height, width):
    stages = net(*clip(frames, sequences, height, width))
    for logits in stages:
        assert logits.shape == (frames, sequences, height, width)
        assert torch.isfinite(logits).all()


@pytest.mark.parametrize("filter_size", [1, 3])
def test_sequences_of_a_batch_do_not_touch_each_other(make_small, filter_size):
    net = make_small(filter_size=filter_size).eval()
    images, boxes = clip(3, 3)
    together = net(images, boxes)[1]
    for s in range(3):
        close(together[:, s:s + 1], net(images[:, s:s + 1], boxes[:, s:s + 1])[1])


def test_frames_of_a_clip_inform_each_other_in_any_order(net):
    images, boxes = clip(3, 1)
    stage1, stage2 = net(images, boxes)
    assert not torch.allclose(stage2[:1], net(images[:1], boxes[:1])[1], atol=1e-4)
    order = [2, 0, 1]
    close(net(images[order], boxes[order])[1], stage2[order])


def test_frames_encoded_one_by_one_are_solved_like_the_clip(net):
    images, boxes = clip(4, 2)
    code = FrameCode.cat([net.encode_frames(images[t:t + 1], boxes[t:t + 1]) for t in range(4)])
    assert len(code) == 4
    close(net.solve(code)[1], net(images, boxes)[1])
    frames = [3, 1]
    close(net.solve(code.select(frames))[1], net(images[frames], boxes[frames])[1])


def test_windows_side_by_side_are_solved_like_each_alone(net):
    images, boxes = clip(3, 3)
    codes = [net.encode_frames(images[:, s], boxes[:, s]) for s in (slice(0, 1), slice(1, 3))]
    close(net.solve(FrameCode.beside(codes))[1], net(images, boxes)[1])


@pytest.mark.parametrize("refinements", [0, 1, 2])
@pytest.mark.parametrize("keep", [[1], [3, 0], [0, 1, 2, 3]])
def test_frames_that_are_not_kept_still_count_in_the_solution(net, keep, refinements):
    net.refinements = refinements
    code = net.encode_frames(*clip(4, 2))
    for all_frames, kept in zip(net.solve(code), net.solve(code, keep=keep), strict=True):
        close(kept, all_frames[keep])


def test_each_refinement_starts_from_the_masks_of_the_one_before(net):
    code = net.encode_frames(*clip(3, 1))
    net.refinements = 0
    first, same = net.solve(code)
    close(first, same)
    masks = [first]
    for net.refinements in (1, 2, 3):
        again, refined = net.solve(code)
        close(again, first)
        labels, weights = (each.unflatten(0, (3, 1)) for each in net.mask_encoder(torch.sigmoid(masks[-1])))
        scores = net.mask_aggregation(code.features, labels, weights, net.iterations).scores
        expected = net.decoder(code.decoder, scores.flatten(0, 1), code.size).unflatten(0, (3, 1))
        close(refined, expected)
        assert not torch.equal(refined, masks[-1])
        masks.append(expected)


def test_codes_of_two_crop_sizes_are_not_joined(net):
    codes = [net.encode_frames(*clip(1, 1, height=h)) for h in (64, 80)]
    with pytest.raises(ValueError, match="one crop size"):
        FrameCode.cat(codes)


def test_iterations_can_be_set_for_a_call(make_small):
    images, boxes = clip(2, 1)
    default, given = make_small(iterations=7).eval(), make_small().eval()
    close(default(images, boxes)[1], given(images, boxes, iterations=7)[1])
    assert not torch.allclose(given(images, boxes)[1], given(images, boxes, iterations=7)[1], atol=1e-4)


@pytest.mark.parametrize("box", [(-500.0, 10.0, 50.0, 20.0), (10.0, 900.0, 5.0, 5.0), (5.0, 5.0, 0.0, 0.0),
                                 (-40.0, -40.0, 999.0, 999.0)])
def test_a_box_anywhere_gives_finite_masks_and_gradients(net, box):
    images, boxes = clip(2, 1)
    boxes[0, 0] = torch.tensor(box)
    stage1, stage2 = net(images, boxes)
    (stage1.square().mean() + stage2.square().mean()).backward()
    assert torch.isfinite(stage2).all()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize(("images", "boxes"), [((2, 1, 3, 32, 32), (1, 1, 4)), ((2, 3, 32, 32), (2, 4)),
                                               ((2, 1, 3, 32, 32), (2, 1, 5))])
def test_wrong_shapes_are_refused(net, images, boxes):
    with pytest.raises(ValueError, match="expected images"):
        net(torch.zeros(images), torch.zeros(boxes))


def test_the_groups_hold_what_trains_once_and_gradients_reach_it(net):
    groups = net.parameter_groups()
    assert set(groups) == {"encoders", "decoder", "feature", "backbone"} and not groups["backbone"]
    grouped = [p for group in groups.values() for p in group]
    assert len(grouped) == len(set(map(id, grouped)))
    assert set(map(id, grouped)) == {id(p) for p in net.parameters() if p.requires_grad}
    with torch.no_grad():  # at zero, the weight heads pass nothing on
        for encoder in (net.box_encoder, net.mask_encoder):
            encoder.weight.weight.normal_(std=0.1)
    stage1, stage2 = net(*clip(2, 2))
    (stage1.square().mean() + stage2.square().mean()).backward()
    dead = [name for name, p in net.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert not dead


def test_a_backbone_that_trains_is_a_group_of_its_own(net):
    net.backbone.requires_grad_(True)
    assert set(map(id, net.parameter_groups()["backbone"])) == {id(p) for p in net.backbone.parameters()}


def test_the_decoder_goes_without_the_prior_of_some_frames_in_training_alone(net):
    images, boxes = clip(3, 2)
    expected = net(images, boxes)[0]
    net.prior_dropout = 0.5
    close(net(images, boxes)[0], expected)
    net.train()
    torch.manual_seed(1)
    kept = torch.rand(6, 1, 1, 1) >= 0.5
    assert kept.any() and not kept.all()
    torch.manual_seed(1)
    is_same = [torch.allclose(frame, other, atol=1e-5)
               for frame, other in zip(net(images, boxes)[0].flatten(0, 1), expected.flatten(0, 1), strict=True)]
    assert is_same == kept.flatten().tolist()


def test_train_mode_changes_no_norm_and_no_result(net):
    images, boxes = clip(2, 1)
    expected = net(images, boxes)[1]
    net.train()
    assert not any(m.training for m in net.modules() if isinstance(m, nn.BatchNorm2d))
    close(net(images, boxes)[1], expected)
    assert not net.decoder.levels[0].refine1.norm.running_mean.any()


def test_training_lowers_the_loss(net):
    net.train()
    images, boxes = clip(2, 1, 48, 64)
    target = torch.zeros(2, 1, 48, 64)
    for t, (x, y, w, h) in enumerate(boxes[:, 0].int().tolist()):
        images[t, 0, :, y:y + h, x:x + w // 2] += 3.0
        target[t, 0, y:y + h, x:x + w // 2] = 1.0
    optimizer = torch.optim.Adam([p for group in net.parameter_groups().values() for p in group], lr=5e-3)
    losses = []
    for _ in range(15):
        loss = sum(nn.functional.binary_cross_entropy_with_logits(logits, target) for logits in net(images, boxes))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(("frames", "sequences"), [(2, 1), (7, 1), (2, 2)])
def test_inference_mode_gives_the_same_however_many_frames_are_decoded_at_once(net, frames, sequences):
    images, boxes = clip(frames, sequences)
    with torch.inference_mode():
        result = net(images, boxes)[1]
    close(result, net(images, boxes)[1])


def test_channels_last_gives_the_same(net):
    images, boxes = clip(2, 2)
    expected = net(images, boxes)[1]
    net.to(memory_format=torch.channels_last)
    images = images.flatten(0, 1).to(memory_format=torch.channels_last).unflatten(0, (2, 2))
    close(net(images, boxes)[1], expected)


def test_autocast_gives_nearly_the_same_and_float32_logits(net):
    images, boxes = clip(2, 1)
    expected = net(images, boxes)[1]
    with torch.autocast("cpu", torch.bfloat16):
        result = net(images, boxes)[1]
        result.square().mean().backward()
    assert result.dtype == torch.float32
    assert (result - expected).abs().max() < 0.05 * expected.abs().max()


def test_float64_networks_work(net):
    images, boxes = clip(1, 1)
    expected = net(images, boxes)[1]
    close(net.double()(images.double(), boxes)[1].float(), expected)


def test_networks_in_half_precision_give_nearly_the_same_and_float32_logits(net):
    images, boxes = clip(2, 1)
    expected = net(images, boxes)[1]
    result = net.bfloat16()(images.bfloat16(), boxes)[1]
    assert result.dtype == torch.float32
    assert (result - expected).abs().max() < 0.05 * expected.abs().max()


def test_it_exports_as_one_graph(make_small):
    net = make_small(iterations=2).eval()
    images, boxes = clip(2, 1)
    exported = torch.export.export(net, (images, boxes)).module()
    close(exported(images, boxes)[1], net(images, boxes)[1])


def test_copies_are_independent_and_constructors_rebuild(net):
    images, boxes = clip(1, 1)
    twin = copy.deepcopy(net)
    rebuilt = pickle.loads(pickle.dumps(net.constructor)).get()
    rebuilt.load_state_dict(net.state_dict())
    expected = net(images, boxes)[1].detach()
    with torch.no_grad():
        net.decoder.logit.bias += 1
    close(twin(images, boxes)[1], expected)
    close(rebuilt.eval()(images, boxes)[1], expected)


@pytest.mark.parametrize(("make", "spec"), [
    (boxmask_resnet50, InputSpec((832, 480), (102.9801, 115.9465, 122.7717), (1.0, 1.0, 1.0), True)),
    (boxmask_lite, InputSpec((416, 240), (127.0, 127.0, 127.0), (128.0, 128.0, 128.0), False))])
def test_each_network_says_what_input_it_expects(make, spec):
    with torch.device("meta"):
        assert make().input_spec == spec


@pytest.mark.parametrize("backbone", LITE_BACKBONES)
def test_the_small_network_is_small(backbone):
    with torch.device("meta"):
        assert sum(p.numel() for p in boxmask_lite(backbone=backbone).parameters()) < 8_000_000


@pytest.mark.parametrize("make", [boxmask_lite, vos_lite])
def test_an_unknown_backbone_is_refused(make):
    with pytest.raises(ValueError, match="no backbone 'resnet50'.*efficientnet_lite0, efficientnet_lite2"):
        make(backbone="resnet50")


def test_an_unknown_width_is_refused():
    with pytest.raises(TypeError, match="no_such_width"):
        boxmask_lite(no_such_width=3)


def test_sources_of_weights_are_not_recorded():
    constructor = boxmask_lite(pretrained=True, iterations=3).constructor
    assert (constructor.fun_module, constructor.fun_name) == ("ltr.models.boxmask", "boxmask_lite")
    assert (constructor.args, constructor.kwds) == ((), {"iterations": 3})
