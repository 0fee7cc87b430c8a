"""The segmentation decoder: scores of the target at stride 16 and backbone features -> mask logits.

It is split at what the scores do not touch. `Decoder.prepare` does the part of a frame alone: the reduction of each
backbone level, and of the first 3x3 convolution over `concat(features, prior, scores)` the first two terms, which are
added to the third, as convolutions are linear. Both stages of a clip share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .bicubic import convolve_bicubic, resize_bicubic
from .blocks import RefineBlock, init_he, resize

# Decoded at once on a CPU, where more take memory and no less time.
_CPU_FRAMES = 3


class DecoderCode(NamedTuple):
    """What the decoder keeps of N frames: per level, deepest first, (N, C, h, w); and of the deepest its mean."""

    levels: tuple[Tensor, ...]
    mean: Tensor

    def select(self, frames: Tensor, sequences: int) -> DecoderCode:
        """Some frames, by their indices, of T x `sequences`."""
        picked = [x.unflatten(0, (-1, sequences))[frames].flatten(0, 1) for x in (*self.levels, self.mean)]
        return DecoderCode(tuple(picked[:-1]), picked[-1])

    def part(self, frames: slice) -> DecoderCode:
        """A stretch of the N frames."""
        return DecoderCode(tuple(level[frames] for level in self.levels), self.mean[frames])

    @staticmethod
    def cat(codes: Sequence[DecoderCode], sequences: Sequence[int], dim: int) -> DecoderCode:
        """Codes of T x `sequences` frames joined in time (`dim` 0) or, of equal T, beside one another (1)."""
        parts = ([x.unflatten(0, (-1, count)) for x in (*code.levels, code.mean)]
                 for code, count in zip(codes, sequences, strict=True))
        joined = [torch.cat(part, dim).flatten(0, 1) for part in zip(*parts, strict=True)]
        return DecoderCode(tuple(joined[:-1]), joined[-1])


class _Level(nn.Module):
    """One level of the decoder; `deeper` is the width of the level below it, None at the deepest."""

    def __init__(self, features: int, scores: int, channels: int, deeper: int | None) -> None:
        super().__init__()
        self.reduce1 = nn.Conv2d(features, channels, 1)
        self.reduce2 = nn.Conv2d(channels, channels, 1)
        mixed = channels + scores
        self.mix1 = nn.Conv2d(mixed, mixed, 3, padding=1)
        self.mix2 = nn.Conv2d(mixed, mixed, 3, padding=1)
        self.mix3 = nn.Conv2d(mixed, channels, 3, padding=1)
        self.refine1 = RefineBlock(channels)
        self.attend1 = nn.Conv2d(2 * channels, channels, 1)
        self.attend2 = nn.Conv2d(channels, channels, 1)
        self.refine2 = RefineBlock(channels)
        self.entry = None if deeper is None else nn.Conv2d(deeper, channels, 1)

    def reduce(self, features: Tensor) -> Tensor:
        return self.reduce2(F.relu(self.reduce1(features), inplace=True))

    def begin(self, reduced: Tensor, prior: Tensor | None) -> Tensor:
        """The first convolution's sum over all inputs but the scores."""
        known = reduced if prior is None else torch.cat((reduced, resize(prior, reduced.shape[-2:])), dim=1)
        return F.conv2d(known, self.mix1.weight[:, :known.shape[1]], self.mix1.bias, padding=1)

    def forward(self, begun: Tensor, scores: Tensor, deeper: Tensor) -> Tensor:
        """begun (N, C, h, w), scores (N, K, ., .), deeper (N, ., ., .), at the deepest level the mean (N, C, 1, 1)."""
        scores = resize(scores, begun.shape[-2:]).to(begun.dtype)
        mixed = F.relu(begun + F.conv2d(scores, self.mix1.weight[:, -scores.shape[1]:], padding=1), inplace=True)
        x = F.relu(self.mix3(F.relu(self.mix2(mixed), inplace=True)), inplace=True)
        x = self.refine1(x)
        if self.entry is not None:
            deeper = F.relu(self.entry(deeper), inplace=True)
        means = torch.cat((_mean(x), _mean(deeper)), dim=1)
        gate = torch.sigmoid(self.attend2(F.relu(self.attend1(means))))
        return self.refine2(x * gate + resize(deeper, x.shape[-2:]))


class Decoder(nn.Module):
    """Four levels, deepest first, then the upsampler to crop resolution.

    features: channels of the backbone levels, deepest first; channels: widths of the decoder's levels; scores: channels
    of prior and scores together; upsampler: width of the last but one convolution.
    """

    def __init__(self, features: tuple[int, ...], channels: tuple[int, ...], scores: int, upsampler: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            _Level(f, scores, c, channels[i - 1] if i else None)
            for i, (f, c) in enumerate(zip(features, channels, strict=True)))
        self.upsample = nn.Conv2d(channels[-1], upsampler, 3, padding=1)
        self.logit = nn.Conv2d(upsampler, 1, 3, padding=1)
        self._init()

    def _init(self) -> None:
        """He, but for scale: frozen features have a root mean square of several where scores have one, and would drown
        them; residual branches start weak; logits start at about one, where the loss still has a gradient."""
        init_he(self)
        with torch.no_grad():
            self.logit.weight *= 0.2
            for level in self.levels:
                level.reduce1.weight *= 0.2
                level.refine1.conv2.weight *= 0.25
                level.refine2.conv2.weight *= 0.25

    def prepare(self, features: tuple[Tensor, ...], prior: Tensor | None = None) -> DecoderCode:
        """features: backbone levels (N, C, h, w), deepest first; prior (N, K, h16, w16): scores known of each frame."""
        reduced = [level.reduce(f) for level, f in zip(self.levels, features, strict=True)]
        begun = tuple(level.begin(r, prior) for level, r in zip(self.levels, reduced, strict=True))
        return DecoderCode(begun, _mean(reduced[0]))

    def forward(self, code: DecoderCode, scores: Tensor, size: tuple[int, int]) -> Tensor:
        """code of N frames, scores (N, K, h16, w16) -> logits (N, H, W) at size (H, W)."""
        if torch.is_grad_enabled() or scores.device.type != "cpu":
            return self._decode(code, scores, size)
        parts = [slice(start, start + _CPU_FRAMES) for start in range(0, len(scores), _CPU_FRAMES)]
        return torch.cat([self._decode(code.part(frames), scores[frames], size) for frames in parts])

    def _decode(self, code: DecoderCode, scores: Tensor, size: tuple[int, int]) -> Tensor:
        x = code.mean
        for level, begun in zip(self.levels, code.levels, strict=True):
            x = level(begun, scores, x)
        x = resize_bicubic(x, (2 * x.shape[-2], 2 * x.shape[-1]))
        x = F.relu(self.upsample(x), inplace=True)
        return self._logits(x, size)

    def _logits(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """conv3x3(bicubic(x)) at `size` (H, W): the channels are summed for each tap first, so that nine maps are
        resized, not all."""
        taps = self.logit.weight[0].flatten(1).t()[:, :, None, None]
        maps = F.conv2d(x, taps).float().unflatten(1, (3, 3))  # (N, tap's row, tap's column, h, w)
        return convolve_bicubic(maps, size) + self.logit.bias


def _mean(x: Tensor) -> Tensor:
    return x.mean(dim=(2, 3), keepdim=True)
