"""The Lovasz extension of the Jaccard loss (Berman, Rannen Triki, Blaschko, CVPR 2018).

With the errors sorted from the largest down, the loss is the sum of error times the growth of the Jaccard
distance when that pixel too is got wrong. Each growth is computed in closed form from the counts so far:
pytracking subtracts neighbouring float32 distances, which at a million pixels leaves one significant digit.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class LovaszSegLoss(nn.Module):
    """`lovasz_softmax` of logits: input (B, H, W) or (B, 1, H, W), target of as many pixels with values 0 and 1.

    per_image: the mean over the images; False takes all pixels of the batch as one image. A single class is
    1.
    """

    def __init__(self, classes: Sequence[int] | str = (1,), per_image: bool = True) -> None:
        super().__init__()
        self.classes = classes
        self.per_image = per_image

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:  # noqa: A002
        return lovasz_softmax(torch.sigmoid(input.float()), target, classes=self.classes, per_image=self.per_image)


def lovasz_softmax(probas: torch.Tensor, labels: torch.Tensor, classes: Sequence[int] | str = "present",
                   per_image: bool = False, ignore: int | None = None) -> torch.Tensor:
    """The mean loss of the classes: a scalar.

    probas (B, C, H, W) in [0, 1]; with C = 1, or as (B, H, W), the probability of the one class asked for.
    labels: class numbers, B * H * W of them. classes: numbers, 'all', or 'present' for those in the labels
    (of one image, if per_image). ignore: pixels with this label count for nothing; where only they are left
    the loss is 0.
    """
    probas = probas.unsqueeze(1) if probas.dim() == 3 else probas
    batch, channels = probas.shape[:2]
    if labels.numel() * channels != probas.numel():
        raise ValueError(f"probabilities {tuple(probas.shape)} and labels {tuple(labels.shape)} are not of "
                         "the same pixels")
    rows = batch if per_image else 1
    columns = probas.movedim(1, 0).reshape(channels, rows, -1)
    labels = labels.reshape(rows, -1)
    numbers = range(channels) if isinstance(classes, str) else classes
    if channels == 1 and len(numbers) > 1:
        raise ValueError(f"one channel of probabilities is of one class, got classes {list(numbers)}")
    valid = None if ignore is None else labels != ignore
    losses, weights = [], []
    for number in numbers:
        foreground = labels == number
        losses.append(_lovasz(columns[0 if channels == 1 else number], foreground, valid))
        weights.append(foreground.any(dim=1) if classes == "present" else torch.ones_like(foreground[:, 0]))
    loss, weight = torch.stack(losses), torch.stack(weights).to(probas.dtype)
    return ((loss * weight).sum(dim=0) / weight.sum(dim=0).clamp(min=1)).mean()


def _lovasz(probas: torch.Tensor, foreground: torch.Tensor, valid: torch.Tensor | None) -> torch.Tensor:
    """Probabilities and labels (B, P) of one class to losses (B,)."""
    errors = (foreground.to(probas.dtype) - probas).abs()
    if valid is not None:
        # Below every real error: they come last, change no count before them, and are clamped away.
        errors = errors.masked_fill(~valid, -1.0)
        foreground = foreground & valid
    ordered, order = errors.sort(dim=1, descending=True)
    growth = _jaccard_growth(foreground.gather(1, order), ordered.dtype)
    return (ordered.clamp(min=0) * growth).sum(dim=1)


def _jaccard_growth(wrong: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """How much each pixel, in order, adds to the Jaccard distance: (B, P) bool of foreground to (B, P).

    After a foreground pixel the intersection is one smaller; after a background pixel the union is one
    larger.
    """
    total = wrong.sum(dim=1, keepdim=True)
    found = wrong.cumsum(dim=1)
    place = torch.arange(1, wrong.shape[1] + 1, device=wrong.device)
    intersection = (total - found).to(dtype)
    union = (total + place - found).to(dtype)
    growth = torch.where(wrong, 1 / union, intersection / union / (union - 1).clamp(min=1))
    # Without any foreground the first wrong pixel makes the distance 1.
    growth[:, :1] = growth[:, :1].masked_fill(total == 0, 1.0)
    return growth
