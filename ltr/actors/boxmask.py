"""Losses and statistics of the box-to-mask network and of the VOS network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ltr.actors import BaseActor

IGNORE = 255
BACKGROUND_LOGIT = -1e4  # its sigmoid is exactly 0: no error, and so no share in a Lovasz loss
DEFAULT_WEIGHTS = {'stage1': 100.0, 'stage2': 100.0, 'cross_entropy': 0.0}


@dataclass(frozen=True, eq=False)
class Seen:
    """A batch as a network saw it, and its answer: for who watches a training.

    images (T, S, 3, H, W) as the network takes them; masks, the truth, and each of the stages' logits (T, S, H, W);
    boxes (T, S, 4).
    """

    epoch: int
    is_training: bool
    images: torch.Tensor
    masks: torch.Tensor
    stages: Mapping[str, torch.Tensor]
    boxes: torch.Tensor | None = None


# Told of every batch, with its statistics.
Watch = Callable[[Seen, Mapping[str, float]], None]


class BoxMaskActor(BaseActor):
    """Trains both stages on all frames of a clip (paper section 3.5).

    objective: a loss of logits and targets, both (T * S, H, W), as the host's LovaszSegLoss(per_image=False);
    loss_weight: of the objective on 'stage1' and 'stage2', and of 'cross_entropy' on both. Pixels whose mask is 255
    count nowhere.
    """

    watch: Watch | None = None

    def __init__(self, net: torch.nn.Module, objective: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
                 loss_weight: Mapping[str, float] | None = None) -> None:
        super().__init__(net, objective)
        unknown = set(loss_weight or ()) - set(DEFAULT_WEIGHTS)
        if unknown:
            raise ValueError(f"BoxMaskActor: no loss named {', '.join(sorted(unknown))}; "
                             f"there are {', '.join(DEFAULT_WEIGHTS)}")
        self.loss_weight = {**DEFAULT_WEIGHTS, **(loss_weight or {})}

    def __call__(self, data: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        """images (T, S, 3, H, W), boxes (T, S, 4), masks (T, S, H, W) -> the loss, and floats by name."""
        masks = data['masks']
        known = masks != IGNORE
        target = masks * known
        stages = [logits.float() for logits in self.net(data['images'], data['boxes'])]
        losses = [self._loss(logits, target, known, self.loss_weight[name])
                  for name, logits in zip(('stage1', 'stage2'), stages, strict=True)]
        total = losses[0] + losses[1]
        with torch.no_grad():
            jaccards = [mean_jaccard(logits > 0, target > 0, known).item() for logits in stages]
        stats = {'Loss/total': total.item(), 'Loss/stage1': losses[0].item(), 'Loss/stage2': losses[1].item(),
                 'Stats/J': jaccards[1], 'Stats/J_stage1': jaccards[0]}
        if self.watch is not None:
            stages_by_name = dict(zip(('first stage', 'refined'), stages, strict=True))
            self.watch(Seen(data['epoch'], self.net.training, data['images'], masks, stages_by_name, data['boxes']),
                       stats)
        return total, stats

    def _loss(self, logits: torch.Tensor, target: torch.Tensor, known: torch.Tensor, weight: float) -> torch.Tensor:
        # The host's losses take images (B, H, W).
        scores = logits.masked_fill(~known, BACKGROUND_LOGIT)
        loss = weight * self.objective(scores.flatten(0, 1), target.flatten(0, 1))
        if self.loss_weight['cross_entropy']:
            loss = loss + self.loss_weight['cross_entropy'] * cross_entropy(logits, target, known)
        return loss


class VosActor(BaseActor):
    """Trains the few-shot VOS network on the masks of the test frames (LWL).

    objective: a loss of logits and targets, both (T * S, H, W), as the host's LovaszSegLoss(per_image=False).
    Pixels whose mask is 255 count nowhere, nor do those within `edge_band` pixels of a test mask's outline, where
    generated masks are least certain. Where the samples have a `quality`, the objective is taken of each sample apart,
    and each sample's share in the loss is multiplied by it. cross_entropy: how much that of all pixels is added: to the
    Lovasz loss alone a network that is unsure of every pixel is a resting place, at 0.5.
    """

    watch: Watch | None = None

    def __init__(self, net: torch.nn.Module, objective: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], *,
                 edge_band: int = 0, cross_entropy: float = 0.0) -> None:
        super().__init__(net, objective)
        if edge_band < 0:
            raise ValueError(f"VosActor: an edge band has 0 or more pixels, got {edge_band}")
        self.edge_band = edge_band
        self.cross_entropy = cross_entropy

    def __call__(self, data: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        """train_images, test_images (T, S, 3, H, W) and their masks (T, S, H, W) 0 or 1, or 255, as the host's
        LWLProcessing gives them, perhaps quality (1, S) -> the loss, and floats by name."""
        masks, train_masks = data['test_masks'], data['train_masks']
        known = masks != IGNORE
        target = masks * known
        if self.edge_band:
            known = known & ~near_edge(target, self.edge_band)
        logits = self.net(data['train_images'], train_masks * (train_masks != IGNORE), data['test_images']).float()
        weights = data['quality'].mean(0) if 'quality' in data else None
        loss = self._loss(logits.masked_fill(~known, BACKGROUND_LOGIT), target * known, weights)
        if self.cross_entropy:
            loss = loss + self.cross_entropy * cross_entropy(logits, target, known, weights)
        with torch.no_grad():
            jaccard = mean_jaccard(logits > 0, target > 0, known).item()
        stats = {'Loss/total': loss.item(), 'Stats/J': jaccard}
        if self.watch is not None:
            self.watch(Seen(data['epoch'], self.net.training, data['test_images'], masks, {'mask': logits}), stats)
        return loss, stats

    def _loss(self, logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        # The host's losses take images (B, H, W).
        if weights is None:
            return self.objective(logits.flatten(0, 1), target.flatten(0, 1))
        samples = zip(*(values.transpose(0, 1).contiguous() for values in (logits, target)), strict=True)
        losses = torch.stack([self.objective(*sample) for sample in samples])
        return (weights * losses).mean()


def cross_entropy(logits: torch.Tensor, target: torch.Tensor, known: torch.Tensor,
                  weights: torch.Tensor | None = None) -> torch.Tensor:
    """Mean binary cross entropy over the known pixels; all (T, S, H, W), known bool. weights: (S,), of the samples."""
    pixels = F.binary_cross_entropy_with_logits(logits, target, reduction='none')
    if weights is not None:
        pixels = pixels * weights[:, None, None]
    return (pixels * known).sum() / known.sum().clamp(min=1)


def near_edge(masks: torch.Tensor, pixels: int) -> torch.Tensor:
    """Where a mask (T, S, H, W) of 0 and 1 has both values within `pixels` rows and columns; bool, same shape."""
    size = 2 * pixels + 1
    grown, shrunk = (F.max_pool2d(side, size, stride=1, padding=pixels) for side in (masks, 1 - masks))
    return (grown > 0) & (shrunk > 0)


def mean_jaccard(predicted: torch.Tensor, truth: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Mean over frames of intersection over union; all (T, S, H, W) bool. Two empty masks agree: 1."""
    predicted, truth = predicted & known, truth & known
    intersection = (predicted & truth).flatten(2).sum(2).float()
    union = (predicted | truth).flatten(2).sum(2).float()
    return torch.where(union > 0, intersection / union.clamp(min=1), 1.0).mean()
