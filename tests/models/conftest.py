"""Deterministic weights and clips without shared random state, a small network, and one thread."""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

GOLDEN = Path(__file__).parent / "golden"
SMALL = {"feature": 16, "filters": 4, "mask_ladder": (4, 6, 8), "decoder": (16, 12, 8, 8), "upsampler": 4}


@pytest.fixture(scope="session")
def reference_weights():
    """(file name of names and shapes) -> the state dict on which the golden numbers were made.

    Each tensor is drawn from a generator that its name seeds, and scaled so that activations and logits stay in range.
    """
    def make(file: str) -> dict[str, torch.Tensor]:
        return {name: _tensor(name, tuple(shape)) for name, shape in json.loads((GOLDEN / file).read_text())}
    return make


def _tensor(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    leaf = name.rpartition(".")[2]
    if leaf == "num_batches_tracked":
        return torch.tensor(0)
    if leaf == "filter_reg":
        return torch.full(shape, 0.01)
    noise = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode()))).standard_normal(shape)
    noise = torch.from_numpy(noise.astype(np.float32))
    if leaf in ("bias", "running_mean"):
        return 0.05 * noise
    if leaf == "running_var":
        return 1.0 + 0.1 * noise.abs()
    if len(shape) == 1:
        return (0.25 if ".bn3." in name else 1.0) * (1.0 + 0.1 * noise)
    quiet = 0.01 if ".reduce.0." in name else 0.1 if "project.conv2" in name else 1.0
    return noise * quiet * math.sqrt(2.0 / math.prod(shape[1:]))


@pytest.fixture(scope="session")
def golden_clip():
    """(T, S, H, W, seed) -> images (T, S, 3, H, W), smooth noise; boxes (T, S, 4) xywh inside them."""
    def make(frames: int, sequences: int, height: int, width: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        rng = np.random.Generator(np.random.PCG64(seed))
        coarse = rng.standard_normal((frames * sequences, 3, height // 16, width // 16)).astype(np.float32) * 50.0
        images = torch.nn.functional.interpolate(torch.from_numpy(coarse), size=(height, width), mode="bilinear")
        clip = (frames, sequences)
        w, h = rng.uniform(0.2, 0.4, clip) * width, rng.uniform(0.2, 0.5, clip) * height
        x, y = rng.uniform(0.0, 0.55, clip) * width, rng.uniform(0.0, 0.45, clip) * height
        boxes = np.stack([x, y, w, h], axis=-1).astype(np.float32)
        return images.unflatten(0, clip), torch.from_numpy(boxes)
    return make


@pytest.fixture(scope="session")
def golden():
    """(file) -> its arrays: the reference networks' outputs, every eighth row and column."""
    return lambda file: dict(np.load(GOLDEN / file))


@pytest.fixture(scope="session")
def make_small():
    """A box-to-mask network for crops of any size that takes milliseconds."""
    from ltr.models.boxmask import boxmask_lite

    def make(**widths):
        torch.manual_seed(0)
        return boxmask_lite(**{**SMALL, "box_ladder": (4, 6, 8, 12), **widths})
    return make


@pytest.fixture(scope="session")
def make_small_vos():
    from ltr.models.boxmask import vos_lite

    def make():
        torch.manual_seed(0)
        return vos_lite(**SMALL)
    return make
