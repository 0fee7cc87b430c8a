"""The tracker as pytracking runs it: `Tracker.run_sequence` and `run_dataset` of the host in use."""

from __future__ import annotations

import os
import shutil
from collections import OrderedDict

import cv2
import numpy as np
import pytest

from ltr.data.image_loader import imread_indexed, imwrite_indexed
from pytracking.evaluation.data import Sequence
from pytracking.evaluation.running import run_dataset
from pytracking.evaluation.tracker import Tracker

RED, BLUE = (230, 20, 20), (20, 20, 230)


@pytest.fixture
def paths(tmp_path, monkeypatch):
    for name in ("results", "segmentation"):
        monkeypatch.setenv(f"BOXMASK_{name.upper()}_PATH", str(tmp_path / name))
    return tmp_path


@pytest.fixture
def write(tmp_path, draw):
    """([{colour: box}]) -> the frames' paths."""
    def make(squares):
        frames = []
        for number, square in enumerate(squares):
            frames.append(str(tmp_path / f"{number:05d}.png"))
            cv2.imwrite(frames[-1], draw(square)[:, :, ::-1])
        return frames
    return make


@pytest.fixture
def pair(tmp_path, write, mask_of):
    """A sequence of two objects, 2 red and 5 blue, of which the blue one starts in the third frame."""
    red, blue = (20, 30, 24, 20), (90, 60, 24, 20)
    frames = write([{RED: red, BLUE: blue}] * 6)
    masks = []
    for name, mask in (("a", 2 * mask_of(red)), ("b", 5 * mask_of(blue))):
        masks.append(str(tmp_path / f"mask_{name}.png"))
        imwrite_indexed(masks[-1], mask)
    starts = {0: {"bbox": OrderedDict({"2": np.array(red)}), "mask": masks[0], "object_ids": ["2"]},
              2: {"bbox": OrderedDict({"5": np.array(blue)}), "mask": masks[1], "object_ids": ["5"]}}
    return Sequence("pair", frames, "made", None, init_data=starts, object_ids=["2", "5"], multiobj_mode=True)


def test_boxes_and_masks_of_one_object_are_saved_for_every_frame(paths, colour_net, checkpoints, monkeypatch, write):
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(checkpoints))
    boxes = np.array([(20 + 2 * t, 30, 24, 20) for t in range(5)])
    sequence = Sequence("one", write([{RED: tuple(box)} for box in boxes]), "made", boxes)
    run_dataset([sequence], [Tracker("boxmask", "lite")])
    folder = paths / "results" / "boxmask" / "lite"
    assert np.loadtxt(folder / "one.txt", delimiter="\t").shape == (5, 4)
    assert np.loadtxt(folder / "one_object_presence_scores.txt").shape == (5,)
    masks = sorted(os.listdir(paths / "segmentation" / "boxmask" / "lite" / "one"))
    assert masks == [f"{number:05d}.png" for number in range(5)]


def test_boxes_masks_and_scores_of_several_objects_are_saved_from_where_each_starts(paths, colour_net, pair,
                                                                                    checkpoints, monkeypatch):
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(checkpoints))
    run_dataset([pair], [Tracker("boxmask", "lite")])
    folder = paths / "results" / "boxmask" / "lite"
    for name, count, box in (("2", 6, (20, 30, 24, 20)), ("5", 4, (90, 60, 24, 20))):
        found = np.loadtxt(folder / f"pair_{name}.txt", delimiter="\t")
        assert found.shape == (count, 4)
        np.testing.assert_allclose(found, np.tile(box, (count, 1)), atol=2)
        assert np.loadtxt(folder / f"pair_{name}_object_presence_scores.txt").shape == (count,)
    last = imread_indexed(paths / "segmentation" / "boxmask" / "lite" / "pair" / "00005.png")
    assert last[40, 32] == 2 and last[70, 100] == 5 and set(np.unique(last)) == {0, 2, 5}


def test_a_sequence_of_one_frame_has_its_first_mask(colour_net, write, checkpoints, monkeypatch):
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(checkpoints))
    sequence = Sequence("short", write([{RED: (20, 30, 24, 20)}]), "made", np.array([(20, 30, 24, 20)]))
    output = Tracker("boxmask", "lite").run_sequence(sequence)
    assert len(output["time"]) == 1 and output["object_presence_score"] == [1.0]


def test_results_of_another_network_are_neither_kept_nor_reused_in_silence(paths, colour_net, pair, checkpoints,
                                                                         tmp_path, monkeypatch):
    networks = tmp_path / "networks"
    shutil.copytree(checkpoints, networks)
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(networks))
    run_dataset([pair], [Tracker("boxmask", "lite")])
    before = (paths / "results/boxmask/lite/pair_2.txt").read_bytes()
    (networks / "boxmask_lite.safetensors").write_bytes(b"trained again")
    with pytest.raises(ValueError, match=r"other networks or parameters \(networks.box_network .*--runid"):
        run_dataset([pair], [Tracker("boxmask", "lite")])
    assert (paths / "results/boxmask/lite/pair_2.txt").read_bytes() == before
    run_dataset([pair], [Tracker("boxmask", "lite", 1)])
    assert (paths / "results/boxmask/lite_001/pair_2.txt").is_file()
