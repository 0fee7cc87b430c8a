"""Spatio-temporal aggregation: one filter for all frames of a clip, by steepest descent (paper section 3.3).

The filter tau of a sequence minimises, over its frames t and cells,

    sum_t || W_t * (x_t conv tau - E_t) ||^2 + || lambda tau ||^2

Scores are linear in the filter: each step moves them by the scores of the gradient, which the exact step length
needs anyway, so no score is computed twice and nothing is differentiated inside.

A filter of f x f cells is applied as one matrix product to f*f maps a cell, then a shifted sum of the maps; its
transpose is a shifted stack of the residuals, then one matrix product. Features are never unfolded.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INITIAL_REGULARIZATION = 0.01
_SMALLEST_CURVATURE = 1e-8


class Solution(NamedTuple):
    """filter (S, K, C, f, f); scores (T, S, K, h, w), those of the filter on the frames it was solved on."""

    filter: Tensor
    scores: Tensor


class Aggregation(nn.Module):
    """Solves for the filter of each sequence; its one parameter is lambda."""

    def __init__(self, filter_size: int) -> None:
        super().__init__()
        if filter_size % 2 == 0:
            raise ValueError(f"expected an odd filter size, got {filter_size}")
        self.filter_size = filter_size
        self.regularization = nn.Parameter(torch.full((1,), INITIAL_REGULARIZATION))

    def forward(self, features: Tensor, labels: Tensor, weights: Tensor, iterations: int,
                start: Tensor | None = None) -> Solution:
        """features (T, S, C, h, w), labels E and weights W (T, S, K, h, w), start (S, K, C, f, f) or None for zero."""
        return solve(features, labels, weights, self.regularization, iterations,
                     filter_size=self.filter_size, start=start)


def solve(features: Tensor, labels: Tensor, weights: Tensor, regularization: Tensor, iterations: int, *,
          filter_size: int, start: Tensor | None = None) -> Solution:
    """`iterations` steps of steepest descent with the exact step ||g||^2 / max(||J g||^2, 1e-8), for each sequence.

    Shapes as in `Aggregation`. Works in float32 or wider whatever autocast says. Zero padding at the border.
    """
    with torch.autocast(device_type=features.device.type, enabled=False):
        x, e, w = (_at_least_float32(t) for t in (features, labels, weights))
        grid = x.shape[-2:]
        x = x.flatten(3)
        regularization = regularization.to(x.dtype).square()
        squared_weights = w.square()
        if start is None:
            bank = x.new_zeros(x.shape[1], e.shape[2] * filter_size**2, x.shape[2])
            scores = torch.zeros_like(e)
        else:
            bank = _to_bank(start.to(x.dtype))
            scores = _apply(bank, x, grid, filter_size)
        for _ in range(iterations):
            gradient = _transpose(squared_weights * (scores - e), x, filter_size) + regularization * bank
            change = _apply(gradient, x, grid, filter_size)
            energy = gradient.square().sum(dim=(1, 2))
            curvature = (squared_weights * change.square()).sum(dim=(0, 2, 3, 4)) + regularization * energy
            step = energy / curvature.clamp(min=_SMALLEST_CURVATURE)
            bank = bank - step[:, None, None] * gradient
            scores = scores - step[:, None, None, None] * change
        return Solution(_from_bank(bank, filter_size), scores)


def apply_filter(tau: Tensor, features: Tensor) -> Tensor:
    """Scores (T, S, K, h, w) of filters (S, K, C, f, f) on features (T, S, C, h, w), zero padding."""
    with torch.autocast(device_type=features.device.type, enabled=False):
        x = _at_least_float32(features)
        return _apply(_to_bank(tau.to(x.dtype)), x.flatten(3), x.shape[-2:], tau.shape[-1])


def _at_least_float32(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _to_bank(tau: Tensor) -> Tensor:
    """(S, K, C, f, f) -> (S, K*f*f, C), taps turned by 180 degrees, as the shifted sum wants them."""
    return tau.flip(3, 4).permute(0, 1, 3, 4, 2).flatten(1, 3)


def _from_bank(bank: Tensor, filter_size: int) -> Tensor:
    taps = bank.unflatten(1, (-1, filter_size, filter_size))
    return taps.permute(0, 1, 4, 2, 3).flip(3, 4)


def _apply(bank: Tensor, x: Tensor, grid: tuple[int, int], filter_size: int) -> Tensor:
    """bank (S, K*f*f, C) on x (T, S, C, h*w) -> scores (T, S, K, h, w)."""
    maps = torch.matmul(bank, x)
    if filter_size == 1:
        return maps.unflatten(3, grid)
    return _Fold.apply(maps.flatten(0, 1), grid, filter_size).unflatten(0, x.shape[:2])


def _transpose(residuals: Tensor, x: Tensor, filter_size: int) -> Tensor:
    """The transpose of `_apply` in the bank: residuals (T, S, K, h, w) -> (S, K*f*f, C), summed over frames."""
    if filter_size == 1:
        maps = residuals.flatten(3)
    else:
        maps = _Unfold.apply(residuals.flatten(0, 1), filter_size).unflatten(0, x.shape[:2])
    return torch.matmul(maps, x.transpose(2, 3)).sum(dim=0)


class _Unfold(torch.autograd.Function):
    """`F.unfold` that pads by half of `size`: (N, K, h, w) -> (N, K*f*f, h*w).

    The same numbers several times as fast on a CPU; and on a GPU two kernels, where `F.unfold` takes one for each of N.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int) -> Tensor:
        ctx.size, ctx.grid = size, x.shape[-2:]
        return _shifted_copies(x, size)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _shifted_sum(gradient, ctx.grid, ctx.size), None


class _Fold(torch.autograd.Function):
    """`F.fold` that pads by half of `size`, the transpose of `_Unfold`: (N, K*f*f, h*w) -> (N, K, h, w)."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, grid: tuple[int, int], size: int) -> Tensor:
        ctx.size = size
        return _shifted_sum(maps, grid, size)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _shifted_copies(gradient, ctx.size), None, None


def _shifted_copies(x: Tensor, size: int) -> Tensor:
    height, width = x.shape[-2:]
    padded = F.pad(x, (size // 2,) * 4)
    return padded.unfold(2, height, 1).unfold(3, width, 1).flatten(1, 3).flatten(2)


def _shifted_sum(maps: Tensor, grid: tuple[int, int], size: int) -> Tensor:
    maps = maps.unflatten(2, grid).unflatten(1, (-1, size, size))
    (height, width), margin = grid, size // 2
    total = maps.new_zeros(*maps.shape[:2], height + 2 * margin, width + 2 * margin)
    for row in range(size):
        for column in range(size):
            total[..., row:row + height, column:column + width] += maps[:, :, row, column]
    return total[..., margin:margin + height, margin:margin + width]
