"""Made sequences of coloured squares, a network that finds colours, and tiny random networks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from ltr.models.boxmask import InputSpec, boxmask_lite, checkpoint, vos_lite
from ltr.models.boxmask.vosnet import Memory
from pytracking.parameter.boxmask import lite
from pytracking.tracker.boxmask import get_tracker_class

SIZE = (160, 120)
SMALL = {"feature": 16, "filters": 4, "mask_ladder": (4, 6, 8), "decoder": (16, 12, 8, 8), "upsampler": 4}


class ColourNet(nn.Module):
    """In the place of a VOS network: its filter is the mean colour of the masks, weighted as the loss is."""

    def __init__(self):
        super().__init__()
        self.input_spec = InputSpec(size=(104, 60), mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0), bgr=False)
        self.nothing = nn.Parameter(torch.zeros(1))
        self.solved = []

    def encode_images(self, images):
        return images, None

    def remember(self, features, masks):
        return Memory(features, (masks > 0.5).float()[:, :, None], torch.ones_like(masks)[:, :, None])

    def aggregation(self, features, labels, weights, iterations, start=None):
        self.solved.append((len(features), iterations))
        cells = weights.square() * labels
        colour = (cells * features).sum(dim=(0, 3, 4)) / cells.sum(dim=(0, 3, 4)).clamp(min=1e-6)
        return SimpleNamespace(filter=colour)

    def decode(self, tau, features, levels, size):
        distance = (features - tau[None, :, :, None, None]).abs().sum(dim=2)
        return 8 - 30 * distance


@pytest.fixture
def params():
    return lite.parameters()


@pytest.fixture
def colour_net(monkeypatch):
    net = ColourNet()
    monkeypatch.setattr("pytracking.tracker.boxmask.boxmask.vos_network", lambda params: net)
    return net


@pytest.fixture
def draw():
    """({colour: box or None}, size) -> a grey image (H, W, 3) with squares in it."""
    def make(squares, size=SIZE):
        image = np.full((size[1], size[0], 3), 120, np.uint8)
        for colour, box in squares.items():
            if box is not None:
                x, y, w, h = box
                image[max(y, 0):max(y + h, 0), max(x, 0):max(x + w, 0)] = colour
        return image
    return make


@pytest.fixture
def mask_of():
    """(box) -> the mask (H, W) uint8 of the square that `draw` draws there."""
    def make(box):
        mask = np.zeros(SIZE[::-1], np.uint8)
        x, y, w, h = box
        mask[y:y + h, x:x + w] = 1
        return mask
    return make


@pytest.fixture
def run(params):
    """(frames) -> the outputs of a tracker that is given the mask of the square in the first."""
    def track(frames):
        tracker = get_tracker_class()(params)
        outputs = [tracker.initialize(frames[0], {"init_mask": (frames[0] != 120).any(axis=2).astype(np.uint8)})]
        for frame in frames[1:]:
            outputs.append(tracker.track(frame, {"previous_output": outputs[-1]}))
        return outputs
    return track


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """A folder with the two networks of `lite`, tiny and random, under the names of its parameters."""
    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    checkpoint.save(boxmask_lite(**SMALL, box_ladder=(4, 6, 8, 12)), folder / "boxmask_lite.safetensors")
    checkpoint.save(vos_lite(**SMALL), folder / "vos_lite.safetensors")
    return folder
