"""The Lovasz loss against its definition."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ltr.models.loss import LovaszSegLoss
from ltr.models.loss.lovasz_loss import lovasz_softmax


def by_definition(probabilities, target):
    """Pixel by pixel: its error times what the Jaccard distance grows by when it joins the wrong ones."""
    errors = np.abs(target - probabilities.astype(np.float64))
    loss, distance, wrong = 0.0, 0.0, np.zeros(len(target), bool)
    for pixel in np.argsort(-errors, kind="stable"):
        wrong[pixel] = True
        predicted = target.astype(bool) ^ wrong
        union = (target.astype(bool) | predicted).sum()
        now = 1 - (target.astype(bool) & predicted).sum() / union if union else 0.0
        loss, distance = loss + errors[pixel] * (now - distance), now
    return loss


@settings(max_examples=40, deadline=None)
@given(arrays(np.float32, 20, elements=st.floats(0, 1, width=32)), arrays(bool, 20))
def test_loss_is_the_sum_of_its_definition(probabilities, target):
    loss = lovasz_softmax(torch.from_numpy(probabilities).view(1, 4, 5),
                          torch.from_numpy(target).float().view(1, 4, 5), classes=[1])
    assert loss.item() == pytest.approx(by_definition(probabilities, target), abs=1e-5)


def test_per_image_is_the_mean_over_the_images():
    torch.manual_seed(0)
    logits, target = torch.randn(4, 1, 5, 6), (torch.rand(4, 1, 5, 6) > 0.5).float()
    each = [LovaszSegLoss(per_image=False)(logits[i:i + 1], target[i:i + 1]).item() for i in range(4)]
    assert LovaszSegLoss(per_image=True)(logits, target).item() == pytest.approx(np.mean(each), rel=1e-5)


def test_ignored_pixels_have_no_gradient_image_by_image():
    probabilities = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    labels = torch.zeros(2, 3, 4)
    labels[0, :, :2] = 1
    labels[:, 1] = 255
    labels[1] = 255
    loss = lovasz_softmax(probabilities, labels, classes=[1], per_image=True, ignore=255)
    loss.backward()
    assert (probabilities.grad[labels == 255] == 0).all()
    assert (probabilities.grad[0, 0] != 0).any() and torch.isfinite(probabilities.grad).all()


def test_gradients_of_many_pixels_keep_their_digits():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.rand(1, 400, 500, generator=generator)
    target = (torch.rand(1, 400, 500, generator=generator) > 0.9).float()
    gradients = []
    for dtype in (torch.float32, torch.float64):
        leaf = probabilities.clone().to(dtype).requires_grad_()
        lovasz_softmax(leaf, target, classes=[1]).backward()
        gradients.append(leaf.grad.double())
    # Differences of neighbouring float32 Jaccard distances would be off by a percent and more.
    assert torch.allclose(*gradients, rtol=1e-4, atol=0)


@pytest.mark.parametrize("channels", [2, 3])
def test_logits_of_several_objects_in_the_channel_are_refused(channels):
    with pytest.raises(ValueError, match="not of the same pixels"):
        LovaszSegLoss()(torch.zeros(2, channels, 4, 4), torch.zeros(2, channels, 4, 4))


def test_one_channel_is_of_one_class():
    with pytest.raises(ValueError, match="one class"):
        lovasz_softmax(torch.rand(1, 2, 2), torch.zeros(1, 2, 2), classes=[0, 1])
