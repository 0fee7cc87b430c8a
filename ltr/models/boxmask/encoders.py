"""Boxes and masks to the labels E and the weights W of the aggregation (paper sections 3.2 and 3.5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import FrozenStatisticsNorm, ResidualBlock, conv_norm, init_he


def rasterize(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Hard rectangles, one at and zero outside each box.

    boxes (..., 4) xywh in pixels -> (..., H, W) of the boxes' dtype, size (H, W). As in the reference all four numbers
    are truncated to integers and what lies beyond the border is cut; a box wholly outside paints nothing.

    >>> rasterize(torch.tensor([1.9, 0.0, 2.0, 1.5]), (2, 4)).tolist()
    [[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    x, y, w, h = boxes.trunc().unsqueeze(-1).unbind(dim=-2)
    columns = torch.arange(size[1], device=boxes.device, dtype=boxes.dtype)
    rows = torch.arange(size[0], device=boxes.device, dtype=boxes.dtype)
    in_columns = (columns >= x) & (columns < x + w)
    in_rows = (rows >= y) & (rows < y + h)
    return (in_rows.unsqueeze(-1) & in_columns.unsqueeze(-2)).to(boxes.dtype)


class _Ladder(nn.Module):
    """A map at crop resolution (N, 1, H, W) to stride 16: convolution, max pool, two residual blocks, stride 2 each."""

    def __init__(self, channels: tuple[int, int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, channels[0], 3, stride=2, padding=1)
        self.block1 = ResidualBlock(channels[0], channels[1], stride=2)
        self.block2 = ResidualBlock(channels[1], channels[2], stride=2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv(x), inplace=True), 3, stride=2, padding=1)
        return self.block2(self.block1(x))


class _WeightHead(nn.Conv2d):
    """W: at the start every cell counts one."""

    def __init__(self, channels_in: int, filters: int) -> None:
        super().__init__(channels_in, filters, 3, padding=1)

    def reset(self) -> None:
        nn.init.zeros_(self.weight)
        nn.init.ones_(self.bias)


class BoxEncoder(nn.Module):
    """Box and target features of a frame -> E and W."""

    def __init__(self, ladder: tuple[int, int, int, int], features: int, filters: int) -> None:
        super().__init__()
        self.ladder = _Ladder(ladder[:3])
        self.block3 = ResidualBlock(ladder[2] + features, ladder[3])
        self.label = nn.Conv2d(ladder[3], filters, 3, padding=1)
        self.label_norm = FrozenStatisticsNorm(filters)
        self.weight = _WeightHead(ladder[3], filters)
        init_he(self)
        self.weight.reset()

    def forward(self, raster: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """raster (N, 1, H, W), features (N, C, h, w) at stride 16 -> E, W (N, K, h, w)."""
        hidden = self._hidden(raster, features)
        return self._labels(hidden), self.weight(hidden)

    def labels(self, raster: Tensor, features: Tensor) -> Tensor:
        """E alone."""
        return self._labels(self._hidden(raster, features))

    def _hidden(self, raster: Tensor, features: Tensor) -> Tensor:
        rungs = self.ladder(raster)
        return self.block3(torch.cat((rungs, features.to(rungs.dtype)), dim=1))

    def _labels(self, hidden: Tensor) -> Tensor:
        return F.relu(conv_norm(hidden, self.label, self.label_norm), inplace=True)


class MaskEncoder(nn.Module):
    """Mask or mask probability of a frame -> E and W."""

    def __init__(self, ladder: tuple[int, int, int], filters: int) -> None:
        super().__init__()
        self.ladder = _Ladder(ladder)
        self.label = nn.Conv2d(ladder[2], filters, 3, padding=1)
        self.weight = _WeightHead(ladder[2], filters)
        init_he(self)
        self.weight.reset()

    def forward(self, masks: Tensor) -> tuple[Tensor, Tensor]:
        """masks (N, 1, H, W) in [0, 1] of any floating type -> E, W (N, K, h, w) at stride 16."""
        # The decoder's logits are float32 whatever the network's type, and so are the masks made of them.
        hidden = self.ladder(masks.to(self.label.weight.dtype))
        return F.relu(self.label(hidden), inplace=True), self.weight(hidden)
