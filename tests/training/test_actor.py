"""The loss of both stages, what it ignores, and the statistics."""

import math

import pytest
import torch

from ltr.actors.boxmask import BoxMaskActor, VosActor, mean_jaccard, near_edge
from ltr.models.loss.segmentation import LovaszSegLoss


class Fixed(torch.nn.Module):
    """A network whose answer is known."""

    def __init__(self, stage1, stage2):
        super().__init__()
        self.stage1, self.stage2 = torch.nn.Parameter(stage1), torch.nn.Parameter(stage2)

    def forward(self, images, boxes):
        return self.stage1, self.stage2


def batch(masks):
    return {'images': torch.zeros(*masks.shape[:2], 3, *masks.shape[2:]), 'masks': masks,
            'boxes': torch.zeros(*masks.shape[:2], 4)}


def random_case(seed=0):
    generator = torch.Generator().manual_seed(seed)
    stages = [torch.randn(3, 2, 12, 20, generator=generator) * 3 for _ in range(2)]
    masks = (torch.rand(3, 2, 12, 20, generator=generator) > 0.7).float()
    return stages, masks


@pytest.mark.parametrize('cross_entropy', [0.0, 1.0])
def test_what_is_predicted_for_ignored_pixels_changes_nothing(cross_entropy):
    stages, masks = random_case()
    masks[:, :, :5] = 255
    outcomes = []
    for value in (None, 50.0, -50.0):
        logits = [stage.clone() for stage in stages]
        if value is not None:
            for stage in logits:
                stage[:, :, :5] = value
        actor = BoxMaskActor(Fixed(*logits), LovaszSegLoss(per_image=False), {'cross_entropy': cross_entropy})
        loss, stats = actor(batch(masks))
        loss.backward()
        assert actor.net.stage1.grad[:, :, :5].abs().max() == 0 and actor.net.stage2.grad[:, :, :5].abs().max() == 0
        assert actor.net.stage1.grad[:, :, 5:].abs().max() > 0
        outcomes.append({'loss': loss.item(), **stats})
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_the_loss_is_the_lovasz_loss_of_the_known_pixels_alone():
    stages, masks = random_case(1)
    masks[:, :, :, 15:] = 255
    objective = LovaszSegLoss(per_image=False)
    loss, stats = BoxMaskActor(Fixed(*stages), objective)(batch(masks))
    known = masks[..., :15].flatten(0, 1).contiguous()
    parts = [100 * objective(stage[..., :15].flatten(0, 1), known).item() for stage in stages]
    assert loss.item() == pytest.approx(sum(parts), rel=1e-5)
    assert (stats['Loss/stage1'], stats['Loss/stage2']) == pytest.approx(parts, rel=1e-5)
    assert stats['Loss/total'] == pytest.approx(sum(parts), rel=1e-5)


def test_weights_scale_the_stages():
    stages, masks = random_case(2)
    objective = LovaszSegLoss(per_image=False)
    _, paper = BoxMaskActor(Fixed(*stages), objective)(batch(masks))
    _, stats = BoxMaskActor(Fixed(*stages), objective, {'stage1': 1.0, 'stage2': 10.0})(batch(masks))
    assert stats['Loss/stage1'] == pytest.approx(paper['Loss/stage1'] / 100, rel=1e-5)
    assert stats['Loss/stage2'] == pytest.approx(paper['Loss/stage2'] / 10, rel=1e-5)


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match='stage3'):
        BoxMaskActor(torch.nn.Identity(), LovaszSegLoss(), {'stage3': 1.0})


def test_perfect_masks_give_j_of_one_and_almost_no_loss():
    _, masks = random_case(3)
    logits = masks * 60 - 30
    loss, stats = BoxMaskActor(Fixed(logits, logits.clone()), LovaszSegLoss(per_image=False))(batch(masks))
    assert stats['Stats/J'] == stats['Stats/J_stage1'] == 1.0
    assert loss.item() < 1e-3


def test_j_is_of_stage_two_and_the_mean_over_frames():
    masks = torch.zeros(2, 1, 4, 4)
    masks[:, :, :2] = 1
    right, half = masks * 20 - 10, masks * 20 - 10
    half = half.clone()
    half[1, 0, 0] = -10
    _, stats = BoxMaskActor(Fixed(right, half), LovaszSegLoss(per_image=False))(batch(masks))
    assert stats['Stats/J'] == pytest.approx(0.75) and stats['Stats/J_stage1'] == 1.0


@pytest.mark.parametrize(('predicted', 'truth', 'known', 'expected'), [
    ([1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], 1.0),
    ([1, 1, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1], 1 / 3),
    ([1, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 1], 1.0),
    ([0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], 1.0),
    ([1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], 0.0),
])
def test_intersection_over_union(predicted, truth, known, expected):
    tensors = [torch.tensor(values, dtype=torch.bool).view(1, 1, 2, 2) for values in (predicted, truth, known)]
    assert mean_jaccard(*tensors).item() == pytest.approx(expected)


class FixedVos(torch.nn.Module):
    """A VOS network whose answer is known, and that keeps the masks it was given."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.nn.Parameter(logits)

    def forward(self, train_images, train_masks, test_images):
        self.given = train_masks
        return self.logits


def vos_batch(masks, **more):
    images = torch.zeros(*masks.shape[:2], 3, *masks.shape[2:])
    return {'train_images': images[:1], 'train_masks': masks[:1], 'test_images': images, 'test_masks': masks, **more}


def test_the_vos_actor_measures_the_test_frames():
    truth = torch.zeros(3, 2, 12, 20)
    truth[..., 4:8, 5:15] = 1
    right, wrong = (VosActor(FixedVos(sign * (truth * 40 - 20)), LovaszSegLoss(per_image=False))(vos_batch(truth))[1]
                    for sign in (1, -1))
    assert right['Stats/J'] == 1 and right['Loss/total'] < 1e-6
    assert wrong['Stats/J'] == 0 and wrong['Loss/total'] > 0.99


@pytest.mark.parametrize(('band', 'weight'), [(0, 0.0), (2, 0.0), (0, 1.0), (2, 1.0)])
def test_unknown_pixels_and_the_edge_band_count_nowhere_in_vos_training(band, weight):
    (logits, _), masks = random_case(4)
    masks = torch.zeros_like(masks)
    masks[..., 4:10, 6:14] = 1
    masks[0, :, :, 18:] = 255
    ignored = (masks == 255) | (near_edge(masks * (masks < 255), band) if band else torch.zeros_like(masks) > 0)
    outcomes = []
    for value in (-40.0, 40.0):
        changed = torch.where(ignored, torch.tensor(value), logits)
        actor = VosActor(FixedVos(changed), LovaszSegLoss(per_image=False), edge_band=band, cross_entropy=weight)
        loss, stats = actor(vos_batch(masks))
        loss.backward()
        assert actor.net.logits.grad[ignored].abs().max() == 0 and actor.net.logits.grad[~ignored].abs().max() > 0
        assert actor.net.given.max() == 1
        outcomes.append(stats)
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(('pixels', 'expected'), [
    (1, [0, 0, 0, 1, 1, 0, 0, 0, 0, 0]), (2, [0, 0, 1, 1, 1, 1, 0, 0, 0, 0]), (9, [1] * 10)])
def test_the_edge_of_the_crop_is_no_edge_of_a_mask(pixels, expected):
    masks = torch.tensor([0.0] * 4 + [1.0] * 6).expand(1, 1, 10, 10).clone()
    assert near_edge(masks, pixels)[0, 0, 5].int().tolist() == expected


def test_qualities_weigh_the_samples():
    (logits, _), masks = random_case(5)
    objective = LovaszSegLoss(per_image=False)

    def loss(cross_entropy=0.0, samples=slice(None), **more):
        actor = VosActor(FixedVos(logits[:, samples]), objective, cross_entropy=cross_entropy)
        return actor(vos_batch(masks[:, samples], **more))[0].item()

    for weight in (0.0, 1.0):
        alone = [loss(weight, slice(s, s + 1)) for s in (0, 1)]
        for first, second in ((1.0, 1.0), (0.9, 0.3), (1.0, 0.0)):
            expected = (first * alone[0] + second * alone[1]) / 2
            assert loss(weight, quality=torch.tensor([[first, second]])) == pytest.approx(expected, rel=1e-5)
        assert loss(weight, slice(0, 1), quality=torch.tensor([[0.25]])) == pytest.approx(alone[0] / 4, rel=1e-5)
    assert loss() == pytest.approx(objective(logits.flatten(0, 1), masks.flatten(0, 1)).item(), rel=1e-6)


def test_cross_entropy_frees_a_network_that_is_unsure_of_every_pixel():
    masks = torch.zeros(1, 1, 8, 8)
    masks[..., 4:] = 1
    slopes = []
    for weight in (0.0, 1.0):
        net = FixedVos(torch.zeros_like(masks))
        loss, _ = VosActor(net, LovaszSegLoss(per_image=False), cross_entropy=weight)(vos_batch(masks))
        loss.backward()
        slopes.append(net.logits.grad)
        assert loss.item() == pytest.approx(0.5 + weight * math.log(2))
    assert (torch.sign(slopes[1]) == torch.where(masks == 1, -1.0, 1.0)).all()
    assert torch.allclose(slopes[1] - slopes[0], (0.5 - masks) / masks.numel())


def test_a_band_of_less_than_nothing_is_refused():
    with pytest.raises(ValueError, match='got -1'):
        VosActor(torch.nn.Identity(), LovaszSegLoss(), edge_band=-1)
