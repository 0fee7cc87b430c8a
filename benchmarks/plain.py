"""The box-to-mask network in plain arithmetic, as the method states it: what `benchmarks.forward` measures against.

The weights are those of a network of `ltr.models.boxmask`, and so are the answers; nothing is folded, shared by the
stages, reordered or written out by hand. Batch norm follows its convolution, the decoder runs whole for each stage, its
last convolution comes after the resize, and the gradient of steepest descent is autograd's.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ltr.models.boxmask import BoxMaskNet
from ltr.models.boxmask.backbone import ResNet50
from ltr.models.boxmask.blocks import RefineBlock, instance_l2_norm
from ltr.models.boxmask.decoder import Decoder
from ltr.models.boxmask.encoders import BoxEncoder, rasterize


def forward(net: BoxMaskNet, images: Tensor, boxes: Tensor, iterations: int) -> tuple[Tensor, Tensor]:
    """What `net(images, boxes, iterations)` gives, for a network with a ResNet-50; shapes as there."""
    clip, size = images.shape[:2], images.shape[-2:]
    with torch.no_grad():
        levels = resnet50(net.backbone, images.flatten(0, 1))
        x = instance_l2_norm(net.features.conv(levels[2]), net.features.scale)
        raster = rasterize(boxes.flatten(0, 1), size)[:, None]
        e, w = _box_code(net.box_encoder, raster, x)
        prior, _ = _box_code(net.prior_encoder, raster, x)

    def masks(e: Tensor, w: Tensor, regularization: Tensor) -> Tensor:
        tau = steepest_descent(*(t.unflatten(0, clip) for t in (x, e, w)), regularization, iterations)
        with torch.no_grad():
            scores = _scores(tau, x.unflatten(0, clip)).flatten(0, 1)
            return decode(net.decoder, levels[::-1], torch.cat((prior, scores), dim=1), size)

    stage1 = masks(e, w, net.box_aggregation.regularization.detach())
    with torch.no_grad():
        e, w = net.mask_encoder(torch.sigmoid(stage1)[:, None])
    stage2 = masks(e, w, net.mask_aggregation.regularization.detach())
    return stage1.unflatten(0, clip), stage2.unflatten(0, clip)


def resnet50(net: ResNet50, x: Tensor) -> list[Tensor]:
    """Images (N, 3, H, W) -> features at strides 4, 8, 16 and 32."""
    x = F.max_pool2d(F.relu(net.bn1(net.conv1(x))), 3, stride=2, padding=1)
    levels = []
    for layer in (net.layer1, net.layer2, net.layer3, net.layer4):
        for block in layer:
            shortcut = x if block.downsample is None else block.downsample(x)
            y = F.relu(block.bn1(block.conv1(x)))
            y = F.relu(block.bn2(block.conv2(y)))
            x = F.relu(block.bn3(block.conv3(y)) + shortcut)
        levels.append(x)
    return levels


def _box_code(net: BoxEncoder, raster: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """E and W (N, K, h, w) of boxes."""
    hidden = net.block3(torch.cat((net.ladder(raster), x), dim=1))
    return F.relu(net.label_norm(net.label(hidden))), net.weight(hidden)


def _scores(tau: Tensor, x: Tensor) -> Tensor:
    """Filters (S, K, C, f, f) on features (T, S, C, h, w)."""
    return torch.stack([F.conv2d(x[:, s], tau[s], padding=tau.shape[-1] // 2) for s in range(len(tau))], dim=1)


def steepest_descent(x: Tensor, e: Tensor, w: Tensor, regularization: Tensor, iterations: int) -> Tensor:
    """The filters (S, K, C, 3, 3) of features (T, S, C, h, w), labels and weights (T, S, K, h, w)."""
    tau = x.new_zeros(x.shape[1], e.shape[2], x.shape[2], 3, 3)
    for _ in range(iterations):
        with torch.enable_grad():
            tau.requires_grad_()
            # g = J^T r as the derivative of r' r / 2, and J g as that of J^T u, which is linear, in u.
            residuals = w * (_scores(tau, x) - e)
            u = torch.zeros_like(residuals, requires_grad=True)
            transposed, = torch.autograd.grad(residuals, tau, u, create_graph=True)
            g = torch.autograd.grad(residuals, tau, residuals.detach(), retain_graph=True)[0]
            g = g + regularization**2 * tau.detach()
            change, = torch.autograd.grad(transposed, u, g)
        energy = g.square().sum(dim=(1, 2, 3, 4))
        curvature = change.square().sum(dim=(0, 2, 3, 4)) + regularization**2 * energy
        step = energy / curvature.clamp(min=1e-8)
        tau = tau.detach() - step[:, None, None, None, None] * g
    return tau


def decode(net: Decoder, features: Sequence[Tensor], scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Backbone levels, deepest first, and scores (N, K, h16, w16), those of the prior first -> logits (N, H, W)."""
    deeper = None
    for level, f in zip(net.levels, features, strict=True):
        h = level.reduce2(F.relu(level.reduce1(f)))
        s = F.interpolate(scores, size=h.shape[-2:], mode="bilinear", align_corners=False)
        d = h.mean(dim=(2, 3), keepdim=True) if deeper is None else F.relu(level.entry(deeper))
        x = torch.cat((h, s), dim=1)
        for conv in (level.mix1, level.mix2, level.mix3):
            x = F.relu(conv(x))
        x = _refine(level.refine1, x)
        means = torch.cat((x.mean(dim=(2, 3), keepdim=True), d.mean(dim=(2, 3), keepdim=True)), dim=1)
        gate = torch.sigmoid(level.attend2(F.relu(level.attend1(means))))
        d = F.interpolate(d, size=x.shape[-2:], mode="bilinear", align_corners=False)
        deeper = _refine(level.refine2, x * gate + d)
    x = F.interpolate(deeper, scale_factor=2, mode="bicubic", align_corners=False)
    x = F.relu(net.upsample(x))
    return net.logit(F.interpolate(x, size=size, mode="bicubic", align_corners=False))[:, 0]


def _refine(net: RefineBlock, x: Tensor) -> Tensor:
    y = net.entry(x)
    return F.relu(y + net.conv2(F.relu(net.norm(net.conv1(y)))))

