"""Both networks against the numbers of pytracking's, on the same weights and clips."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ltr.models.boxmask import boxmask_resnet50, vos_resnet50
from ltr.models.boxmask.checkpoint import load_reference
from ltr.models.boxmask.encoders import rasterize

TOLERANCE = 1e-4  # of the largest logit


def difference(ours: torch.Tensor, golden: np.ndarray) -> float:
    """Largest difference, of the golden scale."""
    assert ours[..., ::8, ::8].shape == golden.shape
    return float(np.abs(ours[..., ::8, ::8].numpy() - golden).max() / np.abs(golden).max())


@pytest.fixture(scope="module")
def boxmask(reference_weights):
    net = boxmask_resnet50()
    load_reference(net, reference_weights("stanet_state_dict.json"))
    return net.eval()


@pytest.fixture(scope="module")
def vos(reference_weights):
    net = vos_resnet50()
    load_reference(net, reference_weights("lwl_state_dict.json"))
    return net.eval()


@pytest.mark.parametrize(("case", "clip", "iterations"), [
    ("paper_T1", (1, 1, 480, 832, 1), 5),
    ("small_T3_S2", (3, 2, 240, 416, 2), 5),
    ("small_T5_it15", (5, 1, 240, 416, 3), 15),
])
def test_boxmask_agrees_with_the_reference(boxmask, golden_clip, golden, case, clip, iterations):
    images, boxes = golden_clip(*clip)
    expected = golden("stanet_forward.npz")
    with torch.inference_mode():
        stage1, stage2 = boxmask(images, boxes, iterations=iterations)
    assert difference(stage1, expected[f"{case}_stage1"]) < TOLERANCE
    assert difference(stage2, expected[f"{case}_stage2"]) < TOLERANCE


def test_resnet50_features_agree_with_the_reference(boxmask, golden_clip, golden):
    images, _ = golden_clip(1, 1, 480, 832, 1)
    with torch.inference_mode():
        levels = boxmask.backbone(images[0])
        norms = [float(x.square().mean().sqrt()) for x in (*levels, boxmask.features(levels.stride16))]
    np.testing.assert_allclose(norms, golden("stanet_forward.npz")["paper_T1_feat_norms"], rtol=1e-5)


@pytest.mark.parametrize(("refinement_iterations", "case", "sequences"), [
    (0, "T1S3_seq2", 1),  # the reference as it is, which never uses its updated filter
    (2, "T1S3_seq2_updated_filter", 2),
])
def test_vos_agrees_with_the_reference(vos, golden_clip, golden, refinement_iterations, case, sequences):
    images, boxes = (x[:, :sequences] for x in golden_clip(4, 2, 240, 416, 4))
    masks = rasterize(boxes[:1], (240, 416))
    with torch.inference_mode():
        logits = vos(images[:1], masks, images[1:], refinement_iterations=refinement_iterations)
    assert difference(logits, golden("lwl_forward.npz")[case][:, :sequences]) < TOLERANCE
