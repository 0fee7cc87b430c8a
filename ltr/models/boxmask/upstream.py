"""pytracking's constructors of the reference networks, as ours: which one, with which keywords."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .files import CheckpointError, said, shown

# What `steepest_descent_resnet50` takes if a checkpoint does not say; the published networks replace most of it.
_DEFAULTS: dict[str, Any] = {"filter_size": 1, "num_filters": 1, "optim_iter": 3, "out_feature_dim": 512,
                             "label_encoder_dims": (1, 1), "decoder_mdim": 64}
# What is built into our networks, and the default it has upstream: another value is another network.
_BUILT_IN: dict[str, tuple[Any, Any]] = {
    "clf_feat_blocks": (0, 1), "clf_feat_norm": (True, True), "final_conv": (True, False),
    "backbone_type": ("mrcnn", "imagenet"), "use_bn_in_label_enc": (False, True), "filter_groups": (1, 1),
    "dilation_factors": (None, None), "target_model_input_layer": ("layer3", "layer3"),
    "decoder_input_layers": (("layer4", "layer3", "layer2", "layer1"),) * 2,
}
# Of training alone, or overwritten by the weights.
_IGNORED = {"backbone_pretrained", "frozen_backbone_layers", "optim_init_reg", "detach_length"}

Translation = Callable[[Mapping[str, Any], str], dict[str, Any]]


def _common(keywords: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Our keywords without the ladders'; raises CheckpointError, which names `source`, for variants we do not have."""
    unknown = set(keywords) - set(_DEFAULTS) - set(_BUILT_IN) - _IGNORED
    if unknown:
        raise CheckpointError(f"{source}: steepest_descent_resnet50 does not take "
                              f"{', '.join(sorted(map(said, unknown))[:10])}")
    for name, (expected, default) in _BUILT_IN.items():
        value = keywords.get(name, default)
        value = tuple(value) if isinstance(value, list) else value
        if value != expected:
            raise CheckpointError(f"{source}: a variant of steepest_descent_resnet50 that is not built here: "
                                  f"{name}={shown(value)}, expected {expected!r}")
    given = _DEFAULTS | dict(keywords)
    width = given["decoder_mdim"]
    if type(width) is not int:
        raise CheckpointError(f"{source}: steepest_descent_resnet50 does not take decoder_mdim={shown(width)}")
    return {"feature": given["out_feature_dim"], "filters": given["num_filters"], "filter_size": given["filter_size"],
            "iterations": given["optim_iter"], "decoder": (4 * width, 2 * width, 2 * width, width),
            "upsampler": width // 2}


def _ladder(keywords: Mapping[str, Any], source: str, length: int) -> tuple[Any, ...]:
    ladder = keywords.get("label_encoder_dims", _DEFAULTS["label_encoder_dims"])
    if not isinstance(ladder, tuple | list) or len(ladder) != length:
        raise CheckpointError(f"{source}: expected label_encoder_dims of {length} numbers, got {shown(ladder)}")
    return tuple(ladder)


def _sta(keywords: Mapping[str, Any], source: str) -> dict[str, Any]:
    ladder = _ladder(keywords, source, 4)
    return {**_common(keywords, source), "box_ladder": ladder, "mask_ladder": ladder[:-1]}


def _lwl(keywords: Mapping[str, Any], source: str) -> dict[str, Any]:
    return {**_common(keywords, source), "mask_ladder": _ladder(keywords, source, 3)}


UPSTREAM: dict[str, tuple[str, Translation]] = {
    "ltr.models.lwl.sta_net.steepest_descent_resnet50": ("boxmask_resnet50", _sta),
    "ltr.models.lwl.lwl_net.steepest_descent_resnet50": ("vos_resnet50", _lwl),
}
