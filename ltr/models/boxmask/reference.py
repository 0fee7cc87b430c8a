"""Our parameter names and those of the reference networks, one to one: pytracking's STANet, and LWTLNet of LWL.

Each table row is a prefix of ours and the reference's; what follows the prefix is the same, or has a table of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

REFERENCE_BACKBONE = "feature_extractor."
_RESIDUAL_BLOCK = {"conv1": "conv1", "conv2": "conv2", "shortcut": "downsample"}
_REFINE_BLOCK = {"entry": "conv1x1", "conv1": "bblock.0", "norm": "bblock.1", "conv2": "bblock.3"}


def _encoder(ours: str, theirs: str, *, has_box: bool) -> dict[str, str]:
    blocks = {"ladder.block1": "res1", "ladder.block2": "res2"} | ({"block3": "res3"} if has_box else {})
    names = {"ladder.conv": "conv_block.0", "label": "label_pred.0", "weight": "samp_w_pred"}
    if has_box:
        names["label_norm"] = "label_pred.1"
    for block, their_block in blocks.items():
        names |= {f"{block}.{a}": f"{their_block}.{b}" for a, b in _RESIDUAL_BLOCK.items()}
    return {f"{ours}.{a}": f"{theirs}.{b}" for a, b in names.items()}


def _decoder() -> dict[str, str]:
    names = {"upsample": "project.conv1", "logit": "project.conv2"}
    for i, level in enumerate(("layer4", "layer3", "layer2", "layer1")):
        names |= {f"levels.{i}.reduce1": f"TSE.{level}.reduce.0", f"levels.{i}.reduce2": f"TSE.{level}.reduce.2",
                  f"levels.{i}.mix1": f"TSE.{level}.transform.0", f"levels.{i}.mix2": f"TSE.{level}.transform.2",
                  f"levels.{i}.mix3": f"TSE.{level}.transform.4",
                  f"levels.{i}.attend1": f"CAB.{level}.convreluconv.0",
                  f"levels.{i}.attend2": f"CAB.{level}.convreluconv.2",
                  f"levels.{i}.entry": f"proj.{level}.0"}
        for block, theirs in (("refine1", "RRB1"), ("refine2", "RRB2")):
            names |= {f"levels.{i}.{block}.{a}": f"{theirs}.{level}.{b}" for a, b in _REFINE_BLOCK.items()}
    return {f"decoder.{a}": f"decoder.{b}" for a, b in names.items()}


_SHARED = {"backbone": "feature_extractor", "features.conv": "target_model.feature_extractor.0"} | _decoder()

_BOXMASK = (_SHARED
            | {"box_aggregation": "target_model.filter_optimizer.residual_module",
               "mask_aggregation": "target_model_segm.filter_optimizer.residual_module"}
            | _encoder("box_encoder", "bbox_encoder", has_box=True)
            | _encoder("prior_encoder", "label_encoder", has_box=True)
            | _encoder("mask_encoder", "segm_encoder", has_box=False))

_VOS = (_SHARED
        | {"aggregation": "target_model.filter_optimizer.residual_module"}
        | _encoder("mask_encoder", "label_encoder", has_box=False))


def key_map(our_keys: Iterable[str]) -> dict[str, str]:
    """Reference name of each of a network's parameters and buffers, by our name."""
    keys = list(our_keys)
    table = _BOXMASK if any(key.startswith("box_encoder.") for key in keys) else _VOS
    return {key: _translate(key, table) for key in keys}


def _translate(key: str, table: dict[str, str]) -> str:
    if key.startswith("backbone."):
        return table["backbone"] + key[len("backbone"):]
    prefix, leaf = key.rsplit(".", 1)
    return f"{table[prefix]}.{'filter_reg' if leaf == 'regularization' else leaf}"
