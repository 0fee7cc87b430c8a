"""The few-shot video object segmentation network (LWL): masks of some frames in, masks of the following out.

Bhat et al., "Learning What to Learn for Video Object Segmentation", ECCV 2020.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .aggregation import Aggregation, apply_filter
from .backbone import Backbone, Levels
from .blocks import TargetFeatures, trained_parameters
from .config import InputSpec, Widths
from .decoder import Decoder
from .encoders import MaskEncoder


class Memory(NamedTuple):
    """The frames that a filter is solved on: features (T, S, C, h, w); E and W of their masks (T, S, K, h, w)."""

    features: Tensor
    labels: Tensor
    weights: Tensor

    def extend(self, newer: Memory) -> Memory:
        """These frames after those, T together."""
        return Memory(*(torch.cat(pair) for pair in zip(self, newer, strict=True)))


class VosNet(nn.Module):
    """A filter learned from the masks of the training frames, and learned further from each mask it predicts.

    iterations: steps of steepest descent on the training frames.
    """

    def __init__(self, backbone: Backbone, widths: Widths, input_spec: InputSpec, *, iterations: int = 5) -> None:
        super().__init__()
        self.input_spec = input_spec
        self.iterations = iterations
        self.backbone = backbone
        self.features = TargetFeatures(backbone.channels[2], widths.feature, widths.filter_size)
        self.mask_encoder = MaskEncoder(widths.mask_ladder, widths.filters)
        self.aggregation = Aggregation(widths.filter_size)
        self.decoder = Decoder(backbone.channels[::-1], widths.decoder, widths.filters, widths.upsampler)

    def forward(self, train_images: Tensor, train_masks: Tensor, test_images: Tensor,
                refinement_iterations: int = 2) -> Tensor:
        """train_images, test_images (T, S, 3, H, W) normalised as `input_spec`, train_masks (T, S, H, W) in [0, 1].

        Returns logits (T_test, S, H, W). After each test frame its mask joins the memory, and `refinement_iterations`
        steps on all of it give the filter for the next frame; 0 keeps the filter of the training frames. (The reference
        network solves for that filter and then does not use it: with it, 0 is the same network.)
        """
        clip, size = test_images.shape[:2], (test_images.shape[-2], test_images.shape[-1])
        train_features, _ = self.encode_images(train_images)
        memory = self.remember(train_features, train_masks)
        tau = self.aggregation(*memory, self.iterations).filter

        features, levels = self.encode_images(test_images)
        levels = [level.unflatten(0, clip) for level in levels]
        predicted = []
        for t in range(clip[0]):
            logits = self.decode(tau, features[t:t + 1], Levels(*(level[t] for level in levels)), size)
            predicted.append(logits)
            if refinement_iterations > 0 and t + 1 < clip[0]:
                probabilities = torch.sigmoid(logits.detach())
                memory = memory.extend(self.remember(features[t:t + 1], probabilities))
                tau = self.aggregation(*memory, refinement_iterations, start=tau).filter
        return torch.cat(predicted)

    def encode_images(self, images: Tensor) -> tuple[Tensor, Levels]:
        """images (T, S, 3, H, W) -> target features (T, S, C, h, w), backbone levels (T * S, ...)."""
        levels = self.backbone(images.flatten(0, 1))
        return self.features(levels.stride16).unflatten(0, images.shape[:2]), levels

    def remember(self, features: Tensor, masks: Tensor) -> Memory:
        """features (T, S, C, h, w) and their masks or mask probabilities (T, S, H, W)."""
        labels, weights = self.mask_encoder(masks.flatten(0, 1).unsqueeze(1))
        return Memory(features, labels.unflatten(0, masks.shape[:2]), weights.unflatten(0, masks.shape[:2]))

    def decode(self, tau: Tensor, features: Tensor, levels: Levels, size: tuple[int, int]) -> Tensor:
        """Logits (T, S, H, W) of a filter tau (S, K, C, f, f) on features (T, S, C, h, w), levels (T * S, ...)."""
        scores = apply_filter(tau, features)
        logits = self.decoder(self.decoder.prepare(levels[::-1]), scores.flatten(0, 1), size)
        return logits.unflatten(0, features.shape[:2])

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """What trains, in the groups that have learning rates of their own in the paper."""
        return {"encoders": trained_parameters(self.mask_encoder),
                "decoder": trained_parameters(self.decoder, self.aggregation),
                "feature": trained_parameters(self.features),
                "backbone": trained_parameters(self.backbone)}
