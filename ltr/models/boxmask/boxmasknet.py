"""The box-to-mask network: boxes on all frames of a clip in, masks of all frames out (paper section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .aggregation import Aggregation
from .backbone import Backbone
from .blocks import TargetFeatures, trained_parameters
from .config import BoxMaskWidths, InputSpec
from .decoder import Decoder, DecoderCode
from .encoders import BoxEncoder, MaskEncoder, rasterize


@dataclass(frozen=True)
class FrameCode:
    """What belongs to single frames of T x S, whichever frames are solved together.

    features (T, S, C, h, w); labels, weights (T, S, K, h, w): E and W of the boxes; decoder: the decoder's part of the
    T * S frames; size: (H, W) of the crops.
    """

    features: Tensor
    labels: Tensor
    weights: Tensor
    decoder: DecoderCode
    size: tuple[int, int]

    def __len__(self) -> int:
        return self.features.shape[0]

    def select(self, frames: Sequence[int] | Tensor) -> FrameCode:
        """The code of some of its T frames, in the order given."""
        sequences = self.features.shape[1]
        index = torch.as_tensor(frames, device=self.features.device)
        return FrameCode(self.features[index], self.labels[index], self.weights[index],
                         self.decoder.select(index, sequences), self.size)

    @staticmethod
    def cat(codes: Sequence[FrameCode]) -> FrameCode:
        """The codes of the same sequences one after the other in time."""
        return FrameCode._join(codes, dim=0)

    @staticmethod
    def beside(codes: Sequence[FrameCode]) -> FrameCode:
        """The codes of as many frames of other sequences side by side, which are solved at once and each alone."""
        return FrameCode._join(codes, dim=1)

    @staticmethod
    def _join(codes: Sequence[FrameCode], *, dim: int) -> FrameCode:
        if len(codes) == 1:
            return codes[0]
        if len({code.size for code in codes}) != 1:
            raise ValueError(f"expected codes of one crop size, got {sorted({code.size for code in codes})}")
        features, labels, weights = (torch.cat(parts, dim) for parts in
                                     zip(*((code.features, code.labels, code.weights) for code in codes), strict=True))
        decoder = DecoderCode.cat([code.decoder for code in codes], [code.features.shape[1] for code in codes], dim)
        return FrameCode(features, labels, weights, decoder, codes[0].size)


class BoxMaskNet(nn.Module):
    """Two stages: a filter solved on the boxes' encodings, then one on the encodings of the first stage's masks.

    iterations: steps of steepest descent in each stage, if a call does not say. refinements: how often the second stage
    is gone through, each time with the masks of the time before; 0: not at all. prior_dropout: in training, how often
    the decoder does not get a frame's prior B, so that it cannot live on the box alone and learns to use the filter.
    """

    refinements = 1
    prior_dropout = 0.0

    def __init__(self, backbone: Backbone, widths: BoxMaskWidths, input_spec: InputSpec, *,
                 iterations: int = 5) -> None:
        super().__init__()
        self.input_spec = input_spec
        self.iterations = iterations
        self.backbone = backbone
        self.features = TargetFeatures(backbone.channels[2], widths.feature, widths.filter_size)
        self.box_encoder = BoxEncoder(widths.box_ladder, widths.feature, widths.filters)
        self.prior_encoder = BoxEncoder(widths.box_ladder, widths.feature, widths.filters)
        self.mask_encoder = MaskEncoder(widths.mask_ladder, widths.filters)
        self.box_aggregation = Aggregation(widths.filter_size)
        self.mask_aggregation = Aggregation(widths.filter_size)
        self.decoder = Decoder(backbone.channels[::-1], widths.decoder, 2 * widths.filters, widths.upsampler)
        # The reference's second box encoder has a weight head too, which nothing uses: it stays as it is loaded.
        self.prior_encoder.weight.requires_grad_(False)

    def forward(self, images: Tensor, boxes: Tensor, iterations: int | None = None) -> tuple[Tensor, Tensor]:
        """images (T, S, 3, H, W) normalised as `input_spec`, boxes (T, S, 4) xywh in crop pixels.

        Returns the logits (T, S, H, W) of both stages; the second are the masks.
        """
        return self.solve(self.encode_frames(images, boxes), iterations)

    def encode_frames(self, images: Tensor, boxes: Tensor) -> FrameCode:
        """All that belongs to one frame alone; shapes as in `forward`."""
        if images.dim() != 5 or boxes.shape != (*images.shape[:2], 4):
            raise ValueError("expected images (T, S, 3, H, W) and boxes (T, S, 4), "
                             f"got {tuple(images.shape)} and {tuple(boxes.shape)}")
        clip, size = images.shape[:2], (images.shape[-2], images.shape[-1])
        levels = self.backbone(images.flatten(0, 1))
        features = self.features(levels.stride16)
        raster = rasterize(boxes.flatten(0, 1), size).unsqueeze(1).to(images.dtype)
        labels, weights = self.box_encoder(raster, features)
        prior = self.prior_encoder.labels(raster, features)
        if self.training and self.prior_dropout:
            prior = prior * (torch.rand(len(prior), 1, 1, 1, device=prior.device) >= self.prior_dropout)
        return FrameCode(features.unflatten(0, clip), labels.unflatten(0, clip), weights.unflatten(0, clip),
                         self.decoder.prepare(levels[::-1], prior), size)

    def solve(self, code: FrameCode, iterations: int | None = None,
              keep: Sequence[int] | None = None) -> tuple[Tensor, Tensor]:
        """The masks of frames that are solved together: logits (T, S, H, W) of both stages.

        keep: the frames that masks are wanted of, all if None; others are solved with them and left out of the result.
        """
        steps = self.iterations if iterations is None else iterations
        scores = self.box_aggregation(code.features, code.labels, code.weights, steps).scores
        first = masks = self._decode(code, scores)
        if keep is not None:
            keep = torch.as_tensor(keep, device=first.device)
            first = first[keep]
        for left in reversed(range(self.refinements)):
            scores = self._refine(code, masks, steps)
            if keep is not None and not left:
                code, scores = code.select(keep), scores[keep]
            masks = self._decode(code, scores)
        return first, masks if self.refinements else first

    def _refine(self, code: FrameCode, masks: Tensor, steps: int) -> Tensor:
        """Scores (T, S, K, h, w) of the filter that explains masks, by their logits (T, S, H, W)."""
        labels, weights = self.mask_encoder(torch.sigmoid(masks.flatten(0, 1)).unsqueeze(1))
        labels, weights = (each.unflatten(0, masks.shape[:2]) for each in (labels, weights))
        return self.mask_aggregation(code.features, labels, weights, steps).scores

    def _decode(self, code: FrameCode, scores: Tensor) -> Tensor:
        """Scores (T, S, K, h, w) -> logits (T, S, H, W)."""
        return self.decoder(code.decoder, scores.flatten(0, 1), code.size).unflatten(0, scores.shape[:2])

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """What trains, in the groups that have learning rates of their own in the paper."""
        encoders = (self.box_encoder, self.prior_encoder, self.mask_encoder)
        decoder = (self.decoder, self.box_aggregation, self.mask_aggregation)
        return {"encoders": trained_parameters(*encoders), "decoder": trained_parameters(*decoder),
                "feature": trained_parameters(self.features), "backbone": trained_parameters(self.backbone)}
