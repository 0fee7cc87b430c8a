"""The examples of docs/extending.md, used as that page says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from boxmask import masks
from boxmask.generate import source
from boxmask.generate.job import Job
from boxmask.generate.outcomes import Outcome
from boxmask.readers.sequence import DatasetError
from ltr.models.boxmask import checkpoint
from ltr.models.boxmask.config import BoxMaskWidths

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def load(name, as_module=None):
    spec = importlib.util.spec_from_file_location(as_module or name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def table(tmp_path):
    """A dataset of two videos of three frames; the car is not in its second."""
    root = tmp_path / "data"
    for video in ("car", "dog"):
        (root / video).mkdir(parents=True)
        for frame in range(3):
            cv2.imwrite(str(root / video / f"{frame}.jpg"), np.full((40, 60, 3), 90, np.uint8))
    (root / "boxes.csv").write_text("video,frame,x,y,w,h\ncar,0,5,6,20,10\ncar,2,7,6,20,10\ndog,0,1,2,9,9\n"
                                    "dog,1,1,2,-9,9\ndog,2,3,2,9,9\n", encoding="utf-8")
    return root


def test_a_reader_of_ones_own_makes_masks(table, tmp_path, monkeypatch):
    name = "boxmask.readers.csv_table"
    monkeypatch.setitem(sys.modules, name, load("csv_table", name))
    monkeypatch.setitem(source.DATASETS, "csv", "csv_table")
    ledger = Job(source.Source("csv", {"root": str(table)}), str(tmp_path / "out"), method="box").run()
    assert ledger.counts == {Outcome.OK: 4, Outcome.ABSENT: 1, Outcome.INVALID_BOX: 1, Outcome.BAD_IMAGE: 0,
                             Outcome.FAILED: 0}
    assert masks.read(tmp_path / "out" / "car" / "2.png").sum() == 200
    (table / "boxes.csv").unlink()
    with pytest.raises(DatasetError, match=r"boxes\.csv: no such file; expected lines video,frame,x,y,w,h"):
        source.Source("csv", {"root": str(table)}).open()


def test_a_network_on_a_backbone_of_ones_own_learns_is_saved_and_loaded(tmp_path, monkeypatch):
    example = load("backbone")
    torch.manual_seed(0)
    net = example.boxmask_plain()
    images, boxes = torch.randn(3, 1, 3, 120, 208), torch.tensor([40.0, 30.0, 60.0, 50.0]).expand(3, 1, 4)
    stage1, stage2 = net(images, boxes)
    assert stage1.shape == stage2.shape == (3, 1, 120, 208)
    stage2.sum().backward()
    assert all(parameter.grad is not None for group in net.parameter_groups().values() for parameter in group)
    file = tmp_path / "plain.safetensors"
    checkpoint.save(net, file)
    with pytest.raises(checkpoint.CheckpointError, match="boxmask_plain, which is refused"):
        checkpoint.load(file)
    monkeypatch.setitem(checkpoint._OURS, "boxmask_plain", (example.boxmask_plain, BoxMaskWidths))
    with torch.no_grad():
        assert torch.equal(checkpoint.load(file)(images, boxes)[1], net.eval()(images, boxes)[1])


def test_a_tracker_of_ones_own_follows_the_target(monkeypatch):
    example = load("follow")
    masker = SimpleNamespace(view=lambda image, box: (image, box))

    def solve(windows, keep):
        from boxmask.boxes import Window
        from boxmask.generate.masker import Scores
        image, box = windows[0][0]
        x, y = (max(0, int(side)) for side in box[:2])
        part = image[y:int(box[1] + box[3]), x:int(box[0] + box[2]), 0]
        return [[Scores(np.where(part > 200, 1, -1).astype(np.float32), Window(x, y, part.shape[1], part.shape[0]))]]

    masker.solve = solve
    monkeypatch.setattr(example, "NetworkMasker", lambda net: masker)
    tracker = example.Follow(SimpleNamespace(net=None))
    for step in range(6):
        image = np.zeros((90, 160, 3), np.uint8)
        image[20:50, 30 + step:70 + step] = 255
        output = tracker.track(image, {}) if step else tracker.initialize(image, {"init_bbox": [30, 20, 40, 30]})
        assert output["target_bbox"] == [30 + step, 20, 40, 30]
        assert output["segmentation"].sum() == 40 * 30
    assert tracker.track(np.zeros((90, 160, 3), np.uint8))["object_presence_score"] == 0
