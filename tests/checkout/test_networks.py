"""The checkout's STANet and LWTLNet and ours are the same functions of the same weights."""

import functools
import importlib.util
from pathlib import Path

import pytest
import torch

from ltr.models.boxmask import checkpoint
from ltr.models.loss import LovaszSegLoss

TOLERANCE = 1e-4  # of the largest value
WEIGHT_SETS = range(10)
SIZE = (64, 112)
KEYWORDS = {"filter_size": 3, "num_filters": 16, "optim_iter": 5, "out_feature_dim": 512, "backbone_type": "mrcnn",
            "use_bn_in_label_enc": False, "clf_feat_blocks": 0, "final_conv": True}
_specification = importlib.util.spec_from_file_location("models_conftest",
                                                        Path(__file__).parents[1] / "models" / "conftest.py")
_models = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(_models)


def pair(reference, tmp_path_factory):
    """The reference network, and ours as its checkpoint makes it."""
    path = tmp_path_factory.mktemp("reference") / "net.pth.tar"
    torch.save({"net": reference.state_dict(), "constructor": reference.constructor}, path)
    ours = checkpoint.load(path)
    path.unlink()
    return reference.eval(), ours.eval()


@pytest.fixture(scope="module")
def sta(tmp_path_factory):
    from ltr.models.lwl import sta_net

    return pair(sta_net.steepest_descent_resnet50(label_encoder_dims=(16, 32, 64, 128), **KEYWORDS), tmp_path_factory)


@pytest.fixture(scope="module")
def lwl(tmp_path_factory):
    from ltr.models.lwl import lwl_net

    return pair(lwl_net.steepest_descent_resnet50(label_encoder_dims=(16, 32, 64), **KEYWORDS), tmp_path_factory)


@functools.cache
def spread(name, shape):
    """Mean and standard deviation with which activations and logits stay in range: those of the golden weights."""
    value = _models._tensor(name, shape)
    return value.mean().item(), value.std().item() if value.numel() > 1 else 0.0


def draw(nets, number):
    """Gives both networks random weights."""
    reference, ours = nets
    generator = torch.Generator().manual_seed(number)
    state = reference.state_dict()
    for name, value in state.items():
        if value.is_floating_point():
            mean, deviation = spread(name, tuple(value.shape))
            state[name] = mean + deviation * torch.randn(value.shape, generator=generator)
    reference.load_state_dict(state)
    checkpoint.load_reference(ours, state)


def clip(frames, sequences, number):
    """Images (T, S, 3, H, W) of smooth noise, boxes (T, S, 4) inside them, their filled boxes (T, S, H, W)."""
    generator = torch.Generator().manual_seed(number)
    coarse = torch.randn(frames * sequences, 3, SIZE[0] // 16, SIZE[1] // 16, generator=generator) * 50
    images = torch.nn.functional.interpolate(coarse, size=SIZE, mode="bilinear").unflatten(0, (frames, sequences))
    places = torch.rand(frames, sequences, 4, generator=generator) * torch.tensor([0.5, 0.5, 0.3, 0.3])
    places = places + torch.tensor([0, 0, 0.15, 0.15])
    boxes = places * torch.tensor([SIZE[1], SIZE[0], SIZE[1], SIZE[0]])
    masks = torch.zeros(frames, sequences, *SIZE)
    for t in range(frames):
        for s in range(sequences):
            x, y, w, h = boxes[t, s].int().tolist()
            masks[t, s, y:y + h, x:x + w] = 1
    return images, boxes, masks


def difference(ours, theirs):
    """The largest difference, of the largest value."""
    assert ours.shape == theirs.shape
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


@pytest.mark.parametrize("number", WEIGHT_SETS)
def test_both_stages_of_sta_agree(number, sta):
    draw(sta, number)
    images, boxes, _ = clip(3, 1 + number % 2, number)
    theirs = [stage.detach() for stage in sta[0](images, boxes)]
    with torch.no_grad():
        ours = sta[1](images, boxes)
    assert difference(ours[0], theirs[0]) < TOLERANCE
    assert difference(ours[1], theirs[1]) < TOLERANCE


@pytest.mark.parametrize("number", WEIGHT_SETS)
def test_lwl_agrees(number, lwl):
    draw(lwl, number)
    images, _, masks = clip(3, 1 + number % 2, number)
    theirs = lwl[0](images[:1], images[1:], masks[:1], masks[1:], num_refinement_iter=2).detach()
    with torch.no_grad():
        # The reference solves for a filter after each test frame and does not use it.
        ours = lwl[1](images[:1], masks[:1], images[1:], refinement_iterations=0)
    assert difference(ours, theirs) < TOLERANCE


def test_gradients_of_sta_agree(sta):
    draw(sta, 0)
    images, boxes, masks = clip(2, 1, 0)
    loss = LovaszSegLoss(per_image=False)
    for net in sta:
        net.zero_grad()
        sum(loss(stage.flatten(0, 1).unsqueeze(1), masks.flatten(0, 1).unsqueeze(1))
            for stage in net(images, boxes)).backward()
    reference = {name: parameter.grad for name, parameter in sta[0].named_parameters()}
    names = checkpoint.key_map(sta[1].state_dict())
    compared = 0
    for name, parameter in sta[1].named_parameters():
        if parameter.grad is not None and reference[names[name]].abs().max() > 0:
            assert difference(parameter.grad, reference[names[name]]) < TOLERANCE, name
            compared += 1
    assert compared > 100
