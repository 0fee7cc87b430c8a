"""Building blocks that the backbones, the encoders and the decoder share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FrozenStatisticsNorm(nn.BatchNorm2d):
    """Batch norm that always uses its running statistics; its gain and offset may train (paper section 4.1).

    is_final: no weight changes any more (`for_inference`). folded: then, kernel and bias of the convolution before it
    with the norm in them, from its first call on.
    """

    is_final = False
    folded: tuple[Tensor, Tensor] | None = None

    def train(self, mode: bool = True) -> FrozenStatisticsNorm:
        if mode:
            self.is_final, self.folded = False, None
        return super().train(False)


def for_inference(net: nn.Module) -> nn.Module:
    """The network itself, in eval mode, for inference alone, faster: norms are folded into their convolutions once
    instead of at every call, and weights are kept as convolutions of channels-last images want them.

    Call it when the weights are loaded and on their device: a change of them is not seen any more until `net.train()`.
    """
    net.eval().requires_grad_(False)
    for part in net.modules():
        if isinstance(part, FrozenStatisticsNorm):
            part.is_final, part.folded = True, None
    return net.to(memory_format=torch.channels_last)


def conv_norm(x: Tensor, conv: nn.Conv2d, norm: FrozenStatisticsNorm) -> Tensor:
    """`norm(conv(x))` with running statistics, as one convolution: the gain scales the kernel.

    Saves a pass over the activations, and in training their copy; gradients reach all parameters.
    """
    if norm.is_final and norm.folded is None:
        norm.folded = _fold(conv, norm)
    kernel, bias = _fold(conv, norm) if norm.folded is None else norm.folded
    return F.conv2d(x, kernel, bias, conv.stride, conv.padding, conv.dilation, conv.groups)


def _fold(conv: nn.Conv2d, norm: FrozenStatisticsNorm) -> tuple[Tensor, Tensor]:
    """Kernel and bias of the convolution that is `conv`, then `norm`."""
    gain = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    bias = norm.bias - norm.running_mean * gain
    if conv.bias is not None:
        bias = bias + conv.bias * gain
    return conv.weight * gain[:, None, None, None], bias


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear resize of (N, C, h, w) to `size` (H, W), pixel centres half way; nothing is done when sizes match."""
    if x.shape[-2] == size[0] and x.shape[-1] == size[1]:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def init_he(module: nn.Module) -> None:
    """He initialisation of all convolutions under `module` (fan-in, for ReLU), biases zero."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def trained_parameters(*modules: nn.Module) -> list[nn.Parameter]:
    """The parameters of modules that are not frozen."""
    return [p for module in modules for p in module.parameters() if p.requires_grad]


class ResidualBlock(nn.Module):
    """relu(conv3x3(relu(conv3x3(x))) + shortcut(x)), the shortcut a 3x3 convolution; no batch norm."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x), inplace=True)) + self.shortcut(x), inplace=True)


class RefineBlock(nn.Module):
    """y = conv1x1(x); relu(y + conv3x3(relu(norm(conv3x3(y))))): the decoder's residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.entry = nn.Conv2d(channels, channels, 1)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = FrozenStatisticsNorm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.entry(x)
        inner = F.relu(conv_norm(y, self.conv1, self.norm), inplace=True)
        return F.relu(y + self.conv2(inner), inplace=True)


class TargetFeatures(nn.Module):
    """Backbone features -> features x_t on which the filter works: 3x3 convolution, then instance L2 norm."""

    def __init__(self, channels_in: int, channels_out: int, filter_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        self.scale = math.sqrt(1.0 / (channels_out * filter_size**2))

    def forward(self, level: Tensor) -> Tensor:
        """level (N, C_in, h, w) -> (N, C, h, w), each of N with root mean square `scale`."""
        return instance_l2_norm(self.conv(level), self.scale)


def instance_l2_norm(x: Tensor, scale: float) -> Tensor:
    """x * scale * sqrt(C*h*w / (sum x^2 + 1e-5)), sums over the (C, h, w) of each of N, in at least float32."""
    with torch.autocast(device_type=x.device.type, enabled=False):
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        energy = wide.square().sum(dim=(1, 2, 3), keepdim=True)
        count = x.shape[1] * x.shape[2] * x.shape[3]
        return wide * (scale * torch.sqrt(count / (energy + 1e-5)))
