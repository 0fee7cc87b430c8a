"""Evaluation: what a tracker is given, what it must return, and the files that come of it."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytracking.evaluation import Sequence, Tracker, get_dataset, trackerlist
from pytracking.evaluation.data import SequenceList
from pytracking.evaluation.datasets import DatasetInfo, dataset_dict
from pytracking.evaluation.running import run_dataset
from pytracking.tracker.base import BaseTracker
from pytracking.tracker.toy import Toy
from pytracking.utils import TrackerParams


@pytest.fixture(autouse=True)
def _folders(configure, tmp_path, monkeypatch):
    configure(results_path=tmp_path / "boxes", segmentation_path=tmp_path / "masks")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def make_sequence(tmp_path, trees):
    def make(name="a", count=3, **options):
        paths = [tmp_path / "frames" / name / f"{number:08d}.jpg" for number in range(1, count + 1)]
        for number, path in enumerate(paths):
            trees.write_image(path, number)
        boxes = options.pop("boxes", np.array([trees.box_of(number) for number in range(count)], dtype=float))
        return Sequence(name, [str(path) for path in paths], "made", boxes, **options)
    return make


@pytest.fixture
def mask_file(tmp_path, trees):
    """The mask of the first frame, of object 1; where asked for, of object 3 below it too."""
    def make(*, several=False):
        ids = trees.mask_of(0)
        if several:
            ids[40:60, 4:9] = 3
        trees.write_mask(tmp_path / "ids.png", ids)
        return str(tmp_path / "ids.png")
    return make


@pytest.fixture
def two_objects(make_sequence, mask_file):
    def make(second_starts):
        starts = {0: {"object_ids": ["1"], "bbox": {"1": [10, 24, 20, 16]}, "mask": mask_file(several=True)}}
        starts.setdefault(second_starts, {"object_ids": [], "bbox": {}, "mask": mask_file(several=True)})
        starts[second_starts]["object_ids"].append("3")
        starts[second_starts]["bbox"]["3"] = [4, 40, 5, 20]
        return make_sequence("two", boxes=None, init_data=starts, object_ids=["1", "3"], multiobj_mode=True)
    return make


class Recorder(BaseTracker):
    """Notes what it is told."""

    def initialize(self, image, info):
        Recorder.told = [(image.shape, image.dtype, dict(info))]

    def track(self, image, info=None):
        Recorder.told.append((image.shape, image.dtype, dict(info)))
        return {"target_bbox": [1, 2, 3, 4], "more": len(Recorder.told)}


def toy(tracker_class=Toy, run_id=None):
    tracker = Tracker("toy", "default", run_id)
    tracker.tracker_class = tracker_class
    return tracker


def read(path):
    return Path(path).read_text()


def test_runs_have_folders_of_their_own(tmp_path):
    first, second = trackerlist("toy", "default", [None, 3])
    assert Path(first.results_dir) == tmp_path / "boxes/toy/default"
    assert Path(second.results_dir) == tmp_path / "boxes/toy/default_003"
    assert Path(second.segmentation_dir) == tmp_path / "masks/toy/default_003"
    assert (second.name, second.parameter_name, second.run_id) == ("toy", "default", 3)


def test_the_class_and_the_parameters_of_a_tracker_are_found_by_its_name():
    tracker = Tracker("toy", "default")
    assert tracker.tracker_class is Toy
    assert tracker.get_parameters().speed == 2
    assert Tracker("nobody", "default").tracker_class is None


def test_parameters_are_a_bag_with_defaults():
    params = TrackerParams()
    params.set_default_values({"a": 1})
    params.set_default_values({"a": 2, "b": 3})
    assert (params.a, params.get("b"), params.get("c", 4), params.has("c")) == (1, 3, 4, False)


def test_boxes_are_whole_numbers_between_tabs_beside_times_and_scores(make_sequence):
    tracker = toy()
    run_dataset([make_sequence()], [tracker])
    folder = Path(tracker.results_dir)
    assert sorted(os.listdir(folder)) == ["a.txt", "a_object_presence_scores.txt", "a_time.txt", "origin.json"]
    assert read(folder / "a.txt") == "10\t24\t20\t16\n12\t24\t20\t16\n14\t24\t20\t16\n"
    assert read(folder / "a_object_presence_scores.txt") == "1.000000\n0.500000\n0.500000\n"
    assert len(read(folder / "a_time.txt").splitlines()) == 3
    assert not Path(tracker.segmentation_dir).exists()


def test_masks_are_palette_images_named_like_the_frames(make_sequence, mask_file):
    tracker = toy()
    run_dataset([make_sequence(ground_truth_seg=[mask_file(), None, None])], [tracker])
    folder = Path(tracker.segmentation_dir, "a")
    assert sorted(os.listdir(folder)) == ["00000001.png", "00000002.png", "00000003.png"]
    with Image.open(folder / "00000003.png") as image:
        assert image.mode == "P" and image.getpalette()[:6] == [0, 0, 0, 128, 0, 0]
        found = np.asarray(image)
    assert (found[24:40, 14:34] == 1).all() and found.sum() == 320


def test_a_sequence_that_has_results_is_not_run_again(make_sequence):
    tracker = toy(run_id=2)
    for _ in range(2):
        run_dataset(SequenceList([make_sequence()]), [tracker])
        path = Path(tracker.results_dir, "a.txt")
        path.write_text("kept")
    assert read(path) == "kept"


def test_a_sequence_that_fails_leaves_no_boxes_and_the_others_are_done(make_sequence):
    class FailsOnB(Toy):
        def initialize(self, image, info):
            if info["init_bbox"][0] == 0:
                raise RuntimeError("no target")
            return super().initialize(image, info)

    tracker = toy(FailsOnB)
    run_dataset([make_sequence("a"), make_sequence("b", boxes=np.zeros((3, 4))), make_sequence("c")], [tracker])
    assert sorted(path.name for path in Path(tracker.results_dir).glob("?.txt")) == ["a.txt", "c.txt"]


def test_the_files_of_several_objects_start_where_the_objects_do(two_objects):
    class WithoutScores(Toy):
        """A checkout cannot write the presence scores of several objects."""

        def track(self, image, info=None):
            output = super().track(image, info)
            del output["object_presence_score"]
            return output

    tracker = toy(WithoutScores)
    run_dataset([two_objects(second_starts=1)], [tracker])
    assert read(Path(tracker.results_dir, "two_1.txt")) == "10\t24\t20\t16\n12\t24\t20\t16\n14\t24\t20\t16\n"
    assert read(Path(tracker.results_dir, "two_3.txt")) == "4\t40\t5\t20\n6\t40\t5\t20\n"
    masks = [np.asarray(Image.open(Path(tracker.segmentation_dir, "two", f"0000000{number}.png")))
             for number in (1, 2, 3)]
    assert [np.unique(mask).tolist() for mask in masks] == [[0, 1], [0, 1, 3], [0, 1, 3]]


def test_a_tracker_is_told_the_start_and_then_its_previous_output(make_sequence, mask_file):
    toy(Recorder).run_sequence(make_sequence(ground_truth_seg=[mask_file(), None, None]))
    (shape, dtype, start), *later = Recorder.told
    assert (shape, dtype) == ((64, 96, 3), np.uint8)
    assert start["init_bbox"] == [10, 24, 20, 16] and isinstance(start["init_bbox"], list)
    assert start["init_mask"].shape == (64, 96) and start["init_mask"].dtype == np.uint8
    assert [dict(info["previous_output"]) for _, _, info in later] == [{}, {"target_bbox": [1, 2, 3, 4], "more": 2}]


def test_a_tracker_of_several_objects_is_told_their_ids_and_who_starts_when(two_objects):
    toy(Recorder).run_sequence(two_objects(second_starts=2), multiobj_mode="default")
    start, middle, end = (info for _, _, info in Recorder.told)
    assert start["object_ids"] == start["sequence_object_ids"] == ["1", "3"]
    assert start["init_object_ids"] == ["1"] and dict(start["init_bbox"]) == {"1": [10, 24, 20, 16]}
    assert not [name for name in middle if name.startswith("init")]
    assert end["init_object_ids"] == ["3"] and dict(end["init_bbox"]) == {"3": [4, 40, 5, 20]}


def test_the_output_of_a_run_has_one_entry_a_frame(make_sequence):
    output = toy().run_sequence(make_sequence(count=4))
    assert [list(box) for box in output["target_bbox"]] == [[10 + 2 * i, 24, 20, 16] for i in range(4)]
    assert len(output["time"]) == 4 and output["object_presence_score"] == [1.0, 0.5, 0.5, 0.5]
    assert "segmentation" not in output


def test_a_sequence_begins_where_its_first_object_does(make_sequence):
    late = make_sequence("late", count=4, boxes={"1": np.arange(16).reshape(4, 4)},
                         init_data={2: {"bbox": {"1": [1, 2, 3, 4]}}}, target_visible=np.arange(4), object_ids=["1"],
                         multiobj_mode=True)
    assert [Path(path).stem for path in late.frames] == ["00000003", "00000004"]
    assert late.ground_truth_rect["1"].tolist() == [[8, 9, 10, 11], [12, 13, 14, 15]]
    assert late.target_visible.tolist() == [2, 3]
    assert dict(late.init_bbox()) == {"1": [1, 2, 3, 4]} and late.frame_info(1) == {}


def test_sequences_are_found_by_name_number_and_slice(make_sequence):
    dataset = SequenceList([make_sequence(name, count=1) for name in "abc"])
    assert dataset["b"] is dataset[1]
    assert [one.name for one in dataset[1:]] == ["b", "c"]
    assert [one.name for one in dataset[[2, 0]] + dataset[:1]] == ["c", "a", "a"]


def test_davis_is_evaluated_object_by_object_with_masks(tmp_path, trees, configure):
    configure(davis_dir=trees.davis(tmp_path / "DAVIS", sequences=("bear",), objects=2, split="val"))
    bear = get_dataset("dv2017_val")[0]
    assert (bear.name, bear.object_ids, bear.multiobj_mode, len(bear.frames)) == ("bear", ["1", "2"], True, 14)
    info = bear.init_info()
    # The boxes of evaluation end at the last pixel, not behind it.
    assert {name: list(map(int, box)) for name, box in info["init_bbox"].items()} == {"1": [10, 24, 19, 15],
                                                                                     "2": [0, 0, 7, 7]}
    assert np.unique(info["init_mask"]).tolist() == [0, 1, 2]


def test_datasets_of_a_plugin_are_found_by_their_name(make_sequence, monkeypatch):
    class Made:
        def __init__(self, count):
            self.count = count

        def get_sequence_list(self):
            return SequenceList([make_sequence(f"made{number}") for number in range(self.count)])

    monkeypatch.setitem(__import__("sys").modules, "made_dataset", type("Module", (), {"Made": Made}))
    monkeypatch.setitem(dataset_dict, "made", DatasetInfo("made_dataset", "Made", {"count": 2}))
    assert [one.name for one in get_dataset("made")] == ["made0", "made1"]
