"""The numbers that tell the networks of this package apart, and the record of how one was made."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

PACKAGE = "ltr.models.boxmask"


@dataclass(frozen=True)
class InputSpec:
    """How images become input: values 0-255, (x - mean) / std, channels BGR or RGB; size (W, H) of a crop in pixels."""

    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    bgr: bool

    def normalise(self, images: Tensor) -> Tensor:
        """RGB images (..., 3, H, W), float of 0-255 -> what the network takes, same shape."""
        if self.bgr:
            images = images.flip(-3)
        mean, std = (images.new_tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return (images - mean) / std

    def restore(self, images: Tensor) -> Tensor:
        """What `normalise` gives -> RGB images (..., 3, H, W) uint8, for people to look at."""
        mean, std = (images.new_tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        images = (images * std + mean).round().clamp(0, 255).byte()
        return images.flip(-3) if self.bgr else images


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Channels of a network. feature: target features; filters, filter_size: the filter bank; mask_ladder: the mask
    encoder, finest first; decoder: its levels, deepest first; upsampler: its last but one convolution."""

    feature: int
    filters: int
    filter_size: int
    mask_ladder: tuple[int, int, int]
    decoder: tuple[int, int, int, int]
    upsampler: int

    def __post_init__(self) -> None:
        for name in ("mask_ladder", "decoder"):
            object.__setattr__(self, name, tuple(getattr(self, name)))


@dataclass(frozen=True, kw_only=True)
class BoxMaskWidths(Widths):
    """Those, and of the box-to-mask network box_ladder: the box encoders, finest first."""

    box_ladder: tuple[int, int, int, int]

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "box_ladder", tuple(self.box_ladder))


RESNET50_INPUT = InputSpec(size=(832, 480), mean=(102.9801, 115.9465, 122.7717), std=(1.0, 1.0, 1.0), bgr=True)
RESNET50_WIDTHS = Widths(feature=512, filters=16, filter_size=3, mask_ladder=(16, 32, 64),
                         decoder=(256, 128, 128, 64), upsampler=32)
RESNET50_BOX_LADDER = (16, 32, 64, 128)

LITE_INPUT = InputSpec(size=(416, 240), mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0), bgr=False)
LITE_WIDTHS = Widths(feature=128, filters=8, filter_size=3, mask_ladder=(8, 16, 32),
                     decoder=(96, 64, 48, 24), upsampler=16)
LITE_BOX_LADDER = (8, 16, 32, 64)


@dataclass
class Constructor:
    """How a network was made, with the attributes that pytracking's `load_network` reads (`ltr/admin/loading.py`)."""

    fun_name: str
    fun_module: str
    args: tuple[Any, ...] = ()
    kwds: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.fun_name}({', '.join(f'{name}={value}' for name, value in self.kwds.items())})"

    def get(self) -> nn.Module:
        """The network, newly made with its initial weights."""
        return getattr(importlib.import_module(self.fun_module), self.fun_name)(*self.args, **self.kwds)


def records_constructor(*, forget: tuple[str, ...]) -> Callable[[Callable[..., nn.Module]], Callable[..., nn.Module]]:
    """Decorator of a constructor in this package: sets `net.constructor`.

    forget: keywords that name sources of weights; a checkpoint brings its own, and must not need those.
    """
    def decorate(make: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
        @functools.wraps(make)
        def made(**keywords: Any) -> nn.Module:
            net = make(**keywords)
            kept = {name: value for name, value in keywords.items() if name not in forget}
            net.constructor = Constructor(make.__name__, PACKAGE, (), kept)
            return net
        return made
    return decorate
