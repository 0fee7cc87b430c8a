"""The network that comes with boxmask is used where none is named, by generation, repair and tracker."""

from __future__ import annotations

import json
import os

import pytest
import torch

from boxmask import weights
from boxmask.cli import main
from boxmask.generate import manifest
from ltr.models.boxmask import BoxMaskNet, boxmask_lite, checkpoint
from pytracking.parameter.boxmask import default, lite
from pytracking.tracker.boxmask import networks

NAME = "GOT-10k_Train_000001"
SMALL = {"feature": 16, "filters": 4, "mask_ladder": (4, 6, 8), "box_ladder": (4, 6, 8, 12),
         "decoder": (16, 12, 8, 8), "upsampler": 4}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A folder of weights with a small network in it."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    checkpoint.save(boxmask_lite(**SMALL), folder / weights.DEFAULT, half=True)
    return folder


@pytest.fixture
def shipped(packed, monkeypatch):
    """The file of the weights that come with boxmask, for a test."""
    monkeypatch.setattr(weights, "FOLDER", packed)
    return packed / weights.DEFAULT


@pytest.fixture
def nothing_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "FOLDER", tmp_path / "none")


def test_generation_without_a_checkpoint_uses_it_and_says_so(got10k, tmp_path, shipped, caplog):
    out = tmp_path / "out"
    with caplog.at_level("INFO"):
        assert main(["generate", "got10k", "--root", str(got10k()), "--out", str(out)]) == 0
    sha256 = weights.checksum(shipped)
    assert f"network: boxmask_lite, {shipped}, SHA-256 {sha256}" in caplog.text
    settings = manifest.read(out / NAME).header.settings
    assert (settings["constructor"], settings["checkpoint"]) == ("boxmask_lite", sha256)


def test_naming_the_same_file_gives_the_same_settings(got10k, tmp_path, shipped, capsys):
    arguments = ["generate", "got10k", "--root", str(got10k()), "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert main([*arguments, "--checkpoint", str(shipped)]) == 0


def test_a_repair_uses_it_again_and_no_other(got10k, tmp_path, shipped, monkeypatch, capsys):
    out = tmp_path / "out"
    assert main(["generate", "got10k", "--root", str(got10k()), "--out", str(out)]) == 0
    assert json.loads((out / ".boxmask" / "run.json").read_text())["checkpoint"] is None
    before = (out / NAME / "00000001.png").read_bytes()
    os.remove(out / NAME / "00000001.png")
    assert main(["verify", str(out), "--repair"]) == 0
    assert (out / NAME / "00000001.png").read_bytes() == before
    os.remove(out / NAME / "00000001.png")
    checkpoint.save(boxmask_lite(**SMALL), tmp_path / weights.DEFAULT)
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    assert main(["verify", str(out), "--repair"]) == 1
    assert "holds masks of other settings: checkpoint is" in capsys.readouterr().err


def test_where_it_is_not_there_the_error_says_what_to_do(got10k, tmp_path, nothing_shipped, capsys):
    assert main(["generate", "got10k", "--root", str(got10k()), "--out", str(tmp_path / "out")]) == 1
    error, = capsys.readouterr().err.splitlines()
    for part in ("no --checkpoint", str(tmp_path / "none" / "boxmask_lite.safetensors"), "run_training.py boxmask lite",
                 "--method box"):
        assert part in error
    assert not (tmp_path / "out").exists()


def test_the_tracker_finds_it_by_its_name_after_those_in_network_path(tmp_path, shipped, monkeypatch):
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(tmp_path))
    params = lite.parameters()
    assert networks.find(params, "box_network") == shipped
    assert isinstance(networks.box_network(params), BoxMaskNet)
    (tmp_path / "boxmask_lite.pth.tar").touch()
    assert networks.find(params, "box_network") == tmp_path / "boxmask_lite.pth.tar"
    with pytest.raises(FileNotFoundError, match="boxmask_resnet50"):
        networks.find(default.parameters(), "box_network")
