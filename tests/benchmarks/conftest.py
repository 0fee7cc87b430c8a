"""The benchmarks are folders of the project, not of a package: they are imported from its root."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

SMALL = {"feature": 16, "filters": 4, "mask_ladder": (4, 6, 8), "box_ladder": (4, 6, 8, 12),
         "decoder": (16, 12, 8, 8), "upsampler": 4}
SIZE = (96, 64)


@pytest.fixture(scope="session")
def small_widths():
    return SMALL


@pytest.fixture(scope="session")
def davis(tmp_path_factory):
    """A DAVIS root with a disk that moves in each of three sequences; of `large` it fills its box most."""
    from boxmask import masks

    root = tmp_path_factory.mktemp("davis")
    names = {"ring": 12, "small": 8, "large": 14}
    for name, radius in names.items():
        for frame in range(4):
            mask = np.zeros(SIZE[::-1], np.uint8)
            cv2.circle(mask, (30 + 5 * frame, 32), radius, 1, -1)
            if name == "ring":
                cv2.circle(mask, (30 + 5 * frame, 32), radius - 4, 0, -1)
            image = np.full((*mask.shape, 3), 60, np.uint8) + 120 * mask[..., None]
            for kind, file, data in (("JPEGImages", f"{frame:05d}.jpg", cv2.imencode(".jpg", image)[1].tobytes()),
                                     ("Annotations", f"{frame:05d}.png", masks.encode(mask))):
                folder = root / kind / "480p" / name
                folder.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(data)
    (root / "ImageSets" / "2017").mkdir(parents=True)
    (root / "ImageSets" / "2017" / "val.txt").write_text("\n".join(names))
    return root


@pytest.fixture(scope="session")
def network(tmp_path_factory):
    """A small boxmask_lite with random weights in a file."""
    from ltr.models.boxmask import boxmask_lite, checkpoint

    torch.manual_seed(0)
    net = boxmask_lite(**SMALL)
    with torch.no_grad():
        for encoder in (net.box_encoder, net.mask_encoder):
            encoder.weight.weight.normal_(std=0.3)
    path = tmp_path_factory.mktemp("network") / "small.safetensors"
    checkpoint.save(net, path)
    return path
