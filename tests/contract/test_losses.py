"""The Lovasz loss gives the numbers of pytracking's."""

import numpy as np
import pytest
import torch

from ltr.models.loss import LovaszSegLoss
from ltr.models.loss.lovasz_loss import lovasz_softmax


@pytest.fixture
def logits_and_target():
    rng = np.random.default_rng(7)
    logits = torch.tensor(rng.standard_normal((3, 1, 24, 40)) * 2, dtype=torch.float32)
    return logits, torch.tensor(rng.random((3, 1, 24, 40)) > 0.7).float()


@pytest.mark.parametrize(("per_image", "loss"), [(False, 0.7056186199188232), (True, 0.7057471871376038)])
def test_loss_is_that_of_pytracking(logits_and_target, per_image, loss):
    assert LovaszSegLoss(per_image=per_image)(*logits_and_target).item() == pytest.approx(loss, rel=1e-5)


def test_loss_runs_from_zero_for_the_truth_to_one_for_its_opposite():
    target = torch.zeros(1, 1, 8, 8)
    target[..., 2:5, 3:6] = 1
    assert LovaszSegLoss(per_image=False)(200 * target - 100, target).item() == pytest.approx(0, abs=1e-6)
    assert LovaszSegLoss(per_image=False)(100 - 200 * target, target).item() == pytest.approx(1, abs=1e-6)


def test_the_worst_false_pixel_is_the_loss_where_there_is_no_target():
    logits = torch.tensor([[[[-3.0, 0.0], [1.0, -1.0]]]])
    loss = LovaszSegLoss(per_image=True)(logits, torch.zeros(1, 1, 2, 2))
    assert loss.item() == pytest.approx(torch.sigmoid(torch.tensor(1.0)).item())


def test_classes_of_many_channels_are_averaged():
    probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]]).t().reshape(1, 3, 1, 2)
    labels = torch.tensor([[[0, 1]]])
    # Class 0: its pixel is wrong by 0.3, the other by 0.1; class 1: by 0.4 and 0.2; class 2 is not there.
    assert lovasz_softmax(probabilities, labels, classes="present").item() == pytest.approx((0.3 + 0.4) / 2, rel=1e-5)


def test_ignored_pixels_count_for_nothing():
    torch.manual_seed(0)
    probabilities, labels = torch.rand(1, 4, 6), (torch.rand(1, 4, 6) > 0.5).float()
    void = labels.clone()
    void[:, :, 4:] = 255
    kept = lovasz_softmax(probabilities[..., :4].contiguous(), labels[..., :4].contiguous(), classes=[1])
    assert lovasz_softmax(probabilities, void, classes=[1], ignore=255).item() == pytest.approx(kept.item(), rel=1e-5)


def test_gradients_reach_every_wrong_pixel(logits_and_target):
    logits, target = logits_and_target
    logits.requires_grad_()
    LovaszSegLoss(per_image=False)(logits, target).backward()
    assert torch.isfinite(logits.grad).all()
    # Each pixel's growth is positive, so that a step against the gradient moves it towards its target.
    assert (torch.sign(logits.grad) == 1 - 2 * target).float().mean() > 0.95
