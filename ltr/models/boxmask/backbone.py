"""Backbones: ResNet-50 as Mask R-CNN trains it, and two sizes of EfficientNet-Lite.

Both return four levels at strides 4, 8, 16 and 32, batch norm on its running statistics. Their weights are frozen, as
in the paper, until `backbone.requires_grad_(True)`. The parameter names are those that published files use, so that
those files load without a table.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .blocks import FrozenStatisticsNorm, conv_norm


class Levels(NamedTuple):
    """Backbone features (N, C, h, w) at four strides."""

    stride4: Tensor
    stride8: Tensor
    stride16: Tensor
    stride32: Tensor


class Backbone(nn.Module):
    """What the networks ask of a backbone: `channels` of its four levels, and that it does not train unless asked to.

    classifier: how the names of those parameters start that published files have and this has not.
    """

    channels: tuple[int, int, int, int]
    classifier: tuple[str, ...]

    def freeze(self) -> None:
        """Draws the weights anew, and makes them such that they do not train."""
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
        self.requires_grad_(False)
        self.eval()

    @property
    def is_frozen(self) -> bool:
        """Whether none of its weights trains."""
        return not any(parameter.requires_grad for parameter in self.parameters())

    def forward(self, images: Tensor) -> Levels:
        """images (N, 3, H, W), normalised as the network's `input_spec` says."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.is_frozen):
            return self._levels(images)

    def _levels(self, images: Tensor) -> Levels:
        raise NotImplementedError


class _Bottleneck(nn.Module):
    """Bottleneck with its stride in the first 1x1 convolution, as in Caffe's ResNet."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 1, stride, bias=False)
        self.bn1 = FrozenStatisticsNorm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = FrozenStatisticsNorm(channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = FrozenStatisticsNorm(4 * channels)
        self.downsample = None
        if channels_in != 4 * channels:
            self.downsample = nn.Sequential(nn.Conv2d(channels_in, 4 * channels, 1, stride, bias=False),
                                            FrozenStatisticsNorm(4 * channels))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(conv_norm(x, self.conv1, self.bn1), inplace=True)
        y = F.relu(conv_norm(y, self.conv2, self.bn2), inplace=True)
        y = conv_norm(y, self.conv3, self.bn3)
        return F.relu(y + (x if self.downsample is None else conv_norm(x, *self.downsample)), inplace=True)


class ResNet50(Backbone):
    """ResNet-50 of Detectron's Mask R-CNN; input BGR 0-255 minus a mean."""

    channels = (256, 512, 1024, 2048)
    classifier = ("fc.",)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = FrozenStatisticsNorm(64)
        self.layer1 = self._layer(64, 64, blocks=3, stride=1)
        self.layer2 = self._layer(256, 128, blocks=4, stride=2)
        self.layer3 = self._layer(512, 256, blocks=6, stride=2)
        self.layer4 = self._layer(1024, 512, blocks=3, stride=2)
        self.freeze()

    @staticmethod
    def _layer(channels_in: int, channels: int, *, blocks: int, stride: int) -> nn.Sequential:
        rest = (_Bottleneck(4 * channels, channels, 1) for _ in range(blocks - 1))
        return nn.Sequential(_Bottleneck(channels_in, channels, stride), *rest)

    def _levels(self, images: Tensor) -> Levels:
        x = F.max_pool2d(F.relu(conv_norm(images, self.conv1, self.bn1), inplace=True), 3, stride=2, padding=1)
        stride4 = self.layer1(x)
        stride8 = self.layer2(stride4)
        stride16 = self.layer3(stride8)
        return Levels(stride4, stride8, stride16, self.layer4(stride16))


_LITE_EPS = 1e-3  # TensorFlow's


class _Stage(NamedTuple):
    """Blocks of an EfficientNet-Lite; stride: of the first one."""

    expansion: int
    kernel: int
    stride: int
    channels: int
    blocks: int


class _SameConv2d(nn.Conv2d):
    """Convolution with TensorFlow's `SAME` padding: at stride 2 and even sizes one pixel more right and below."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        padding = (kernel - 1) // 2 if stride == 1 else 0
        super().__init__(channels_in, channels_out, kernel, stride, padding, groups=groups, bias=False)

    def pad(self, x: Tensor) -> Tensor:
        if self.stride[0] == 1:
            return x
        (top, bottom), (left, right) = (self._margins(n) for n in x.shape[-2:])
        return F.pad(x, (left, right, top, bottom))

    def _margins(self, extent: int) -> tuple[int, int]:
        stride, kernel = self.stride[0], self.kernel_size[0]
        total = max((math.ceil(extent / stride) - 1) * stride + kernel - extent, 0)
        return total // 2, total - total // 2


def _same_conv_norm(x: Tensor, conv: _SameConv2d, norm: nn.BatchNorm2d) -> Tensor:
    return conv_norm(conv.pad(x), conv, norm)


class _InvertedResidual(nn.Module):
    """1x1 expansion (none at expansion 1), depthwise convolution, 1x1 projection; names of the TensorFlow port."""

    def __init__(self, channels_in: int, channels_out: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        hidden = channels_in * expansion
        self.expands = expansion != 1
        self.is_residual = stride == 1 and channels_in == channels_out
        if self.expands:
            self._expand_conv = nn.Conv2d(channels_in, hidden, 1, bias=False)
            self._bn0 = FrozenStatisticsNorm(hidden, eps=_LITE_EPS)
        self._depthwise_conv = _SameConv2d(hidden, hidden, kernel, stride, groups=hidden)
        self._bn1 = FrozenStatisticsNorm(hidden, eps=_LITE_EPS)
        self._project_conv = nn.Conv2d(hidden, channels_out, 1, bias=False)
        self._bn2 = FrozenStatisticsNorm(channels_out, eps=_LITE_EPS)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(conv_norm(x, self._expand_conv, self._bn0), inplace=True) if self.expands else x
        y = F.relu6(_same_conv_norm(y, self._depthwise_conv, self._bn1), inplace=True)
        y = conv_norm(y, self._project_conv, self._bn2)
        return y + x if self.is_residual else y


class EfficientNetLite(Backbone):
    """An EfficientNet-Lite without its classifier; input RGB (x - 127) / 128. A subclass has its seven stages."""

    classifier = ("_conv_head.", "_bn1.", "_fc.")
    stages: tuple[_Stage, ...]

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv2d(3, 32, 3, stride=2)
        self._bn0 = FrozenStatisticsNorm(32, eps=_LITE_EPS)
        blocks: list[nn.Module] = []
        self._last_of_stage: list[int] = []
        channels = 32
        for stage in self.stages:
            for i in range(stage.blocks):
                stride = 1 if i else stage.stride
                blocks.append(_InvertedResidual(channels, stage.channels, stage.expansion, stage.kernel, stride))
                channels = stage.channels
            self._last_of_stage.append(len(blocks) - 1)
        self._blocks = nn.ModuleList(blocks)
        self.freeze()

    def _levels(self, images: Tensor) -> Levels:
        x = F.relu6(_same_conv_norm(images, self._conv_stem, self._bn0), inplace=True)
        stages = []
        for i, block in enumerate(self._blocks):
            x = block(x)
            if i in self._last_of_stage:
                stages.append(x)
        return Levels(stages[1], stages[2], stages[4], stages[6])


class EfficientNetLite0(EfficientNetLite):
    """EfficientNet-Lite0: 3.0 million weights."""

    channels = (24, 40, 112, 320)
    stages = (_Stage(1, 3, 1, 16, 1), _Stage(6, 3, 2, 24, 2), _Stage(6, 5, 2, 40, 2), _Stage(6, 3, 2, 80, 3),
              _Stage(6, 5, 1, 112, 3), _Stage(6, 5, 2, 192, 4), _Stage(6, 3, 1, 320, 1))


class EfficientNetLite2(EfficientNetLite):
    """EfficientNet-Lite2: 4.4 million weights, deeper by a fifth and wider by a tenth."""

    channels = (24, 48, 120, 352)
    stages = (_Stage(1, 3, 1, 16, 1), _Stage(6, 3, 2, 24, 3), _Stage(6, 5, 2, 48, 3), _Stage(6, 3, 2, 88, 4),
              _Stage(6, 5, 1, 120, 4), _Stage(6, 5, 2, 208, 5), _Stage(6, 3, 1, 352, 1))
