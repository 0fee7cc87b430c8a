"""Losses and their gradients."""

import numpy as np
import torch
from main import attempt, seed

from ltr.models.loss import LovaszSegLoss
from ltr.models.loss.lovasz_loss import lovasz_softmax


def lovasz():
    for number in range(10):
        rng = np.random.default_rng(number)
        shape = (1 + number % 3, 1, 24, 40)
        # The last two have no target, and nothing but target.
        share = {8: 2.0, 9: -1.0}.get(number, 0.7)
        target = torch.tensor(rng.random(shape) > share).float()
        for per_image in (False, True):
            logits = torch.tensor(rng.standard_normal(shape) * 2, dtype=torch.float32, requires_grad=True)
            loss = LovaszSegLoss(per_image=per_image)(logits, target)
            loss.backward()
            yield f"loss, seed {number}, per_image {per_image}", loss
            yield f"gradient, seed {number}, per_image {per_image}", logits.grad
    wide = torch.ones(2, 1, 8, 8)
    yield "a part of a target", attempt(lambda: LovaszSegLoss()(torch.zeros(2, 1, 8, 4), wide[..., :4]))


def lovasz_of_classes():
    for number in range(3):
        seed(number)
        probabilities = torch.rand(2, 4, 8, 9).softmax(dim=1)
        labels = torch.randint(0, 4, (2, 8, 9))
        for classes, per_image, ignore in (("present", False, None), ("all", True, None), ([1, 2], False, 3)):
            yield (f"seed {number}, classes {classes}, per_image {per_image}, ignore {ignore}",
                   lovasz_softmax(probabilities, labels, classes=classes, per_image=per_image, ignore=ignore))
