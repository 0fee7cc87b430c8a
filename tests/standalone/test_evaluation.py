"""Running trackers on sequences and datasets, and what is written."""

import os
import re
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pytracking import run_tracker
from pytracking.evaluation import Sequence, SequenceList, Tracker, get_dataset, trackerlist
from pytracking.evaluation.datasets import DatasetInfo, dataset_dict
from pytracking.evaluation.running import run_dataset
from pytracking.tracker.base import BaseTracker
from pytracking.utils import TrackerParams
from pytracking.utils.load_text import load_text

RESULTS, MASKS = Path("workspace/tracking_results/toy/default"), Path("workspace/segmentation_results/toy/default")
SIZE = (24, 32)


def write_frames(folder, count, *, first=1, digits=8, level=90):
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:0{digits}d}.jpg" for number in range(first, first + count)]
    for path in paths:
        cv2.imwrite(str(path), np.full((*SIZE, 3), level, np.uint8))
    return [str(path) for path in paths]


def make_sequence(name, count=3, **options):
    level = options.pop("level", 90)
    boxes = np.array([[2.5, 3, 5, 6]] * count)
    return Sequence(name, write_frames(Path("data", name), count, level=level), "made", boxes, **options)


def write_ids(path, ids):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(ids, np.uint8)).save(path)
    return str(path)


def two_objects(*, second_starts=0, count=3):
    """Objects 1 and 3 side by side, the second one perhaps later."""
    ids = np.zeros(SIZE)
    ids[2:8, 2:8] = 1
    ids[10:20, 4:9] = 3
    mask = write_ids("data/two/mask.png", ids)
    starts = {0: {"object_ids": ["1"], "bbox": {"1": [2, 2, 6, 6]}, "mask": mask}}
    starts.setdefault(second_starts, {"object_ids": [], "bbox": {}, "mask": mask})
    starts[second_starts]["object_ids"].append("3")
    starts[second_starts]["bbox"]["3"] = [4, 10, 5, 10]
    return Sequence("two", write_frames(Path("data/two/frames"), count), "made", None, init_data=starts,
                    object_ids=["1", "3"], multiobj_mode=True)


def test_results_are_whole_numbers_between_tabs_with_times_and_scores():
    assert run_dataset(SequenceList([make_sequence("a")]), [Tracker("toy", "default")]) == []
    assert (RESULTS / "a.txt").read_text() == "2\t3\t5\t6\n4\t3\t5\t6\n6\t3\t5\t6\n"
    assert load_text(RESULTS / "a_object_presence_scores.txt").ravel().tolist() == [1.0, 0.5, 0.5]
    assert (load_text(RESULTS / "a_time.txt") >= 0).all()
    assert sorted(os.listdir(RESULTS)) == ["a.txt", "a_object_presence_scores.txt", "a_time.txt", "origin.json"]
    assert not MASKS.exists()


def test_masks_are_palette_images_named_like_the_frames():
    ids = np.zeros(SIZE)
    ids[3:9, 2:7] = 1
    seq = make_sequence("a", ground_truth_seg=[write_ids("data/masks/0.png", ids), None, None])
    run_dataset([seq], [Tracker("toy", "default")])
    assert sorted(os.listdir(MASKS / "a")) == ["00000001.png", "00000002.png", "00000003.png"]
    with Image.open(MASKS / "a/00000003.png") as image:
        assert image.mode == "P"
        found = np.asarray(image)
    assert found.shape == SIZE
    assert (found[3:9, 6:11] == 1).all()
    assert found.sum() == 30


def test_a_sequence_that_fails_is_listed_and_the_others_are_done(caplog):
    dataset = [make_sequence("a"), make_sequence("white", level=255), make_sequence("b")]
    failures = run_dataset(dataset, [Tracker("toy", "default")])
    assert [(failure.tracker, failure.sequence, failure.error) for failure in failures] == [
        ("toy default", "white", "RuntimeError: white frame")]
    assert "failed: toy default on white: RuntimeError: white frame" in caplog.text
    assert {path.name for path in RESULTS.glob("?.txt")} == {"a.txt", "b.txt"}
    assert not list(RESULTS.glob("white*"))


def test_errors_name_sequence_frame_and_files():
    small = write_ids("data/masks/small.png", np.ones((5, 6)))
    nothing = write_ids("data/masks/nothing.png", np.zeros(SIZE))
    broken = make_sequence("broken")
    Path(broken.frames[2]).write_bytes(b"")
    dataset = [make_sequence("small", ground_truth_seg=[small, None, None]), broken,
               make_sequence("gone", ground_truth_seg=["data/masks/gone.png", None, None]),
               Sequence("none", broken.frames, "made", OrderedDict(), [nothing] * 3, object_ids=[], multiobj_mode=True),
               make_sequence("good")]
    failures = run_dataset(dataset, [Tracker("toy", "default")])
    messages = {failure.sequence: failure.error for failure in failures}
    assert set(messages) == {"small", "broken", "gone", "none"}
    for text in ("made small, frame 0: the mask is 6x5 and the image 32x24", dataset[0].frames[0], small):
        assert text in messages["small"]
    assert re.search("made broken, frame 2: .*00000003.jpg", messages["broken"])
    assert "made gone, frame 0: data/masks/gone.png: the file cannot be read" in messages["gone"]
    assert "made none: no object starts in it" in messages["none"]
    assert {path.name for path in RESULTS.glob("*d.txt")} == {"good.txt"}


def test_with_debug_the_first_error_is_raised_and_nothing_is_written():
    with pytest.raises(RuntimeError, match="white"):
        run_dataset([make_sequence("a"), make_sequence("white", level=255)], [Tracker("toy", "default")], debug=1)
    assert not RESULTS.exists()


def test_a_sequence_that_has_results_is_not_run_again_and_a_half_written_one_is(monkeypatch):
    ids = np.zeros(SIZE)
    ids[3:9, 2:7] = 1
    seq = make_sequence("a", ground_truth_seg=[write_ids("data/masks/0.png", ids), None, None])

    def killed(path, *args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np, "savetxt", killed)
        with pytest.raises(KeyboardInterrupt):
            run_dataset([seq], [Tracker("toy", "default")])
    assert (MASKS / "a").is_dir()
    assert not (RESULTS / "a.txt").exists()
    with monkeypatch.context() as patch:
        patch.setattr("pytracking.evaluation.results.imwrite_indexed", killed)
        with pytest.raises(KeyboardInterrupt):
            run_dataset([make_sequence("b", ground_truth_seg=[seq.ground_truth_seg[0], None, None])],
                        [Tracker("toy", "default")])
    assert not (MASKS / "b").exists()
    assert run_dataset([seq], [Tracker("toy", "default")]) == []
    (RESULTS / "a.txt").write_text("kept")
    assert run_dataset([seq], [Tracker("toy", "default")]) == []
    assert (RESULTS / "a.txt").read_text() == "kept"


def test_the_files_of_several_objects_start_where_the_objects_do():
    assert run_dataset([two_objects(second_starts=1)], [Tracker("toy", "default")]) == []
    assert (RESULTS / "two_1.txt").read_text() == "2\t2\t6\t6\n4\t2\t6\t6\n6\t2\t6\t6\n"
    assert (RESULTS / "two_3.txt").read_text() == "4\t10\t5\t10\n6\t10\t5\t10\n"
    masks = [np.asarray(Image.open(MASKS / f"two/0000000{number}.png")) for number in (1, 2, 3)]
    assert [sorted(np.unique(mask)) for mask in masks] == [[0, 1], [0, 1, 3], [0, 1, 3]]
    assert (masks[2][10:20, 6:11] == 3).all()


def test_overlapping_objects_go_to_the_higher_score():
    class Soft(BaseTracker):
        multiobj_mode = "parallel"

        def initialize(self, image, info):
            self.score = {"1": 0.6, "3": 0.9}[info["object_ids"][0]]
            self.others = sorted(info["init_other"])

        def track(self, image, info=None):
            soft = np.full(SIZE, self.score)
            soft[:5] = 0.4
            return {"target_bbox": [0, 0, 1, 1], "segmentation": soft > 0.5, "segmentation_soft": soft}

    tracker = Tracker("toy", "default")
    tracker.tracker_class = Soft
    output = tracker.run_sequence(two_objects())
    assert np.unique(output["segmentation"][1][5:]).tolist() == [3]
    assert output["segmentation"][1][:5].max() == 0
    assert output["target_bbox"][0] == {"1": [2, 2, 6, 6], "3": [4, 10, 5, 10]}


def test_a_tracker_for_several_objects_may_merge_by_itself():
    class Merging(BaseTracker):
        def initialize(self, image, info):
            return {}

        def track(self, image, info=None):
            assert "merged" in info["previous_output"]
            return {"target_bbox": [1, 1, 1, 1]}

        def merge_results(self, out_all):
            boxes = OrderedDict((name, out["target_bbox"]) for name, out in out_all.items())
            return {"merged": True, "target_bbox": boxes}

    tracker = Tracker("toy", "default")
    tracker.tracker_class = Merging
    output = tracker.run_sequence(two_objects(), multiobj_mode="parallel")
    assert output["target_bbox"][2] == {"1": [1, 1, 1, 1], "3": [1, 1, 1, 1]}
    with pytest.raises(ValueError, match="multi-object mode 'sideways'"):
        tracker.run_sequence(two_objects(), multiobj_mode="sideways")


@pytest.mark.parametrize(("outputs", "message"), [
    ([None, {}], "made a, frame 1: the tracker returned no 'target_bbox'"),
    ([None, {"target_bbox": [1, 1, 1, 1], "segmentation": np.zeros(SIZE)}], "'segmentation' for 1 of 2.*initialize"),
    ([None, {"target_bbox": [1, float("nan"), 1, 1]}], "made a, frame 1: the tracker returned the box"),
])
def test_a_tracker_that_breaks_the_contract_is_told_where(outputs, message):
    class Broken(BaseTracker):
        def initialize(self, image, info):
            self.left = list(outputs)
            return self.left.pop(0)

        def track(self, image, info=None):
            return self.left.pop(0)

    tracker = Tracker("toy", "default")
    tracker.tracker_class = Broken
    if "2" in message:
        outputs = [None, outputs[1], outputs[1]]
    failures = run_dataset([make_sequence("a", count=len(outputs))], [tracker])
    assert len(failures) == 1
    assert re.search(message.replace("1 of 2", "2 of 3"), failures[0].error)
    assert not (RESULTS / "a.txt").exists()


def test_runs_have_folders_of_their_own():
    first, second = trackerlist("toy", "default", [None, 3])
    assert (first.results_dir[-7:], second.results_dir[-11:]) == ("default", "default_003")
    assert second.segmentation_dir.endswith("segmentation_results/toy/default_003")


def test_what_does_not_exist_is_answered_with_what_does():
    with pytest.raises(ValueError, match="no tracker 'nobody'; there are: .*toy"):
        run_dataset([make_sequence("a")], [Tracker("nobody", "default")])
    with pytest.raises(ValueError, match="'toy' has no parameters 'fast'; it has: default"):
        Tracker("toy", "fast").get_parameters()
    with pytest.raises(ValueError, match="no parameters for the tracker 'nobody'"):
        Tracker("nobody", "fast").get_parameters()
    with pytest.raises(ValueError, match="no dataset 'moon'; there are: .*otb"):
        get_dataset("moon")
    with pytest.raises(ValueError, match="lasot: no folder is configured; set lasot_path .* BOXMASK_LASOT_PATH"):
        get_dataset("lasot")


def test_parameters_are_a_bag_with_defaults():
    params = TrackerParams()
    params.set_default_values({"a": 1})
    params.set_default_values({"a": 2, "b": 3})
    assert (params.a, params.get("b"), params.get("c", 4), params.has("c")) == (1, 3, 4, False)
    with pytest.raises(AttributeError, match="c"):
        params.get("c")


def test_a_sequence_begins_where_its_first_object_does():
    seq = two_objects(count=4)
    late = Sequence("late", seq.frames, "made", {"1": np.arange(16).reshape(4, 4), "3": np.zeros((4, 4))},
                    ground_truth_seg=[None, None, "c", "d"], init_data={2: {"bbox": {"1": [1, 2, 3, 4]}}},
                    target_visible=np.arange(4), object_ids=["1", "3"], multiobj_mode=True)
    assert late.frames == seq.frames[2:]
    assert late.ground_truth_rect["1"].tolist() == [[8, 9, 10, 11], [12, 13, 14, 15]]
    assert (late.ground_truth_seg, late.target_visible.tolist()) == (["c", "d"], [2, 3])
    assert late.init_bbox() == {"1": [1, 2, 3, 4]}
    assert late.frame_info(1) == {}


def test_one_object_of_several_is_given_as_a_mask_of_its_own():
    seq = two_objects()
    one = Sequence("one", seq.frames, "made", {"3": np.array([[4, 10, 5, 10]] * 3)},
                   ground_truth_seg=["data/two/mask.png", None, None], object_ids=["3"])
    info = one.init_info()
    assert info["init_bbox"] == [4, 10, 5, 10]
    assert (info["init_mask"].sum(), info["init_mask"].dtype) == (50, np.uint8)
    with pytest.raises(ValueError, match=r"2 objects \(1, 3\) in a sequence for one"):
        Sequence("both", seq.frames, "made", None, object_ids=["1", "3"])
    with pytest.raises(ValueError, match="no frames"):
        Sequence("none", [], "made", None)


def test_sequences_are_found_by_name_number_and_slice():
    dataset = SequenceList(make_sequence(name) for name in "abc")
    assert dataset["b"] is dataset[1]
    assert [seq.name for seq in dataset[1:]] == ["b", "c"]
    assert [seq.name for seq in dataset[[2, 0]]] == ["c", "a"]
    assert [seq.name for seq in dataset + dataset[:1]] == ["a", "b", "c", "a"]
    assert isinstance(dataset.copy() + [], SequenceList)
    with pytest.raises(IndexError, match="no sequence 'x'"):
        dataset["x"]


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def layout(name):
    """A dataset of one sequence with three frames in its own layout; the annotation file is returned."""
    root = Path("data", name).absolute()
    lines = "1,2,3,4\n" * 3
    if name.startswith("got10k"):
        folder = root / name.removeprefix("got10k_")
        write_text(folder / "list.txt", "GOT-10k_000001\n")
        write_frames(folder / "GOT-10k_000001", 3)
        annotation = folder / "GOT-10k_000001/groundtruth.txt"
        write_text(annotation, lines if name == "got10k_val" else "1,2,3,4\n")
    elif name == "lasot":
        folder = root / "tennis-ball/tennis-ball-2"
        write_text(root / "testing_set.txt", "tennis-ball-2\n")
        write_frames(folder / "img", 3)
        annotation = folder / "groundtruth.txt"
        write_text(annotation, lines)
        write_text(folder / "full_occlusion.txt", "0,1,0")
        write_text(folder / "out_of_view.txt", "0,0,1")
    elif name == "trackingnet":
        write_frames(root / "TEST/frames/0-6LB4FqxoE_0", 11, first=0, digits=0)
        annotation = root / "TEST/anno/0-6LB4FqxoE_0.txt"
        write_text(annotation, "1,2,3,4\n")
    else:
        write_frames(root / "David/img", 303, digits=4)
        annotation = root / "David/groundtruth_rect.txt"
        write_text(annotation, "1\t2\t3\t4\n" * 4)
    return annotation


@pytest.mark.parametrize(("name", "variable", "count", "first"), [
    ("got10k_val", "GOT10K_PATH", 3, "00000001.jpg"), ("got10k_test", "GOT10K_PATH", 3, "00000001.jpg"),
    ("lasot", "LASOT_PATH", 3, "00000001.jpg"), ("trackingnet", "TRACKINGNET_PATH", 11, "0.jpg"),
    ("otb", "OTB_PATH", 4, "0300.jpg"),
])
def test_datasets_are_read_in_their_layout(name, variable, count, first, monkeypatch):
    annotation = layout(name)
    monkeypatch.setenv(f"BOXMASK_{variable}", str(Path("data", name).absolute()))
    dataset = get_dataset(name)
    assert len(dataset) == 1
    assert len(dataset[0].frames) == count
    assert os.path.basename(dataset[0].frames[0]) == first
    assert [int(Path(frame).stem) for frame in dataset[0].frames] == list(range(int(Path(first).stem),
                                                                              int(Path(first).stem) + count))
    assert dataset[0].init_bbox() == [1, 2, 3, 4]
    if name == "lasot":
        assert dataset[0].target_visible.tolist() == [True, False, False]
        assert dataset[0].object_class == "tennis-ball"
    annotation.write_text("1,2,3\n")
    with pytest.raises(ValueError, match=f"{name} .*{annotation.name}"):
        get_dataset(name)
    annotation.unlink()
    with pytest.raises(FileNotFoundError, match=name):
        get_dataset(name)


def test_an_annotation_count_that_differs_from_the_frame_count_is_an_error(monkeypatch):
    annotation = layout("got10k_val")
    monkeypatch.setenv("BOXMASK_GOT10K_PATH", str(Path("data/got10k_val").absolute()))
    annotation.write_text("1,2,3,4\n" * 5)
    with pytest.raises(ValueError, match="got10k_val GOT-10k_000001: .*groundtruth.txt has 5 boxes for 3 frames"):
        get_dataset("got10k_val")


def test_davis_is_read_with_its_objects(monkeypatch):
    root = Path("data/DAVIS").absolute()
    write_frames(root / "JPEGImages/480p/bear", 3, first=0, digits=5)
    ids = np.zeros(SIZE)
    ids[2:8, 2:8], ids[10:20, 4:9] = 1, 2
    for number in range(3):
        write_ids(root / f"Annotations/480p/bear/{number:05d}.png", ids)
    write_text(root / "ImageSets/2017/val.txt", "bear\n")
    monkeypatch.setenv("BOXMASK_DAVIS_DIR", str(root))
    assert run_tracker.main(["toy", "default", "--dataset_name", "dv2017_val", "--sequence", "bear"]) == 0
    assert (RESULTS / "bear_2.txt").read_text().splitlines()[0] == "4\t10\t4\t9"
    assert sorted(os.listdir(MASKS / "bear")) == ["00000.png", "00001.png", "00002.png"]


@pytest.mark.parametrize(("text", "expected"), [("1,2\n3,4\n", [[1, 2], [3, 4]]), ("1\t2\n\n", [[1, 2]]),
                                                ("1 2,\n", [[1, 2]]), ("nan,-1\n", [[float("nan"), -1]])])
def test_numbers_are_read_whatever_separates_them(text, expected, tmp_path):
    (tmp_path / "boxes.txt").write_text(text)
    np.testing.assert_array_equal(load_text(tmp_path / "boxes.txt"), expected)


@pytest.mark.parametrize("text", ["1,2\n3\n", "1,2\n1,b\n"])
def test_a_line_that_cannot_be_read_is_named(text, tmp_path):
    (tmp_path / "boxes.txt").write_text(text)
    with pytest.raises(ValueError, match="boxes.txt, line 2"):
        load_text(tmp_path / "boxes.txt")


class MadeDataset:
    """Three sequences, of which the second fails."""

    def get_sequence_list(self):
        return SequenceList([make_sequence("a"), make_sequence("white", level=255), make_sequence("7")])


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setitem(dataset_dict, "made", DatasetInfo(__name__, "MadeDataset", {}))
    monkeypatch.setitem(sys.modules, __name__, type("Module", (), {"MadeDataset": MadeDataset}))


@pytest.mark.parametrize(("sequence", "code", "written"), [(None, 1, ["7", "a"]), ("a", 0, ["a"]), ("0", 0, ["a"]),
                                                           ("7", 0, ["7"]), ("1", 1, []), ("x", 1, [])])
def test_the_command_line_runs_a_dataset_or_one_sequence(sequence, code, written, made, capsys):
    choice = [] if sequence is None else ["--sequence", sequence]
    assert run_tracker.main(["toy", "default", "--dataset_name", "made", *choice]) == code
    assert sorted(path.stem for path in RESULTS.glob("?.txt")) == written
    if sequence == "x":
        assert "error: made has no sequence 'x'" in capsys.readouterr().err


def test_the_run_id_and_the_other_flags_of_pytracking_are_taken(made):
    assert run_tracker.main(["toy", "default", "--runid", "2", "--dataset_name", "made", "--sequence", "a", "--debug",
                             "0", "--threads", "0", "--use_visdom", "False", "--visdom_port", "8098"]) == 0
    assert RESULTS.with_name("default_002").joinpath("a.txt").is_file()


def test_several_processes_give_the_same_results_and_report_failures(command, monkeypatch):
    annotation = layout("got10k_val")
    folder = annotation.parents[1]
    write_text(folder / "list.txt", "GOT-10k_000001\nwhite\n")
    write_frames(folder / "white", 1, level=255)
    write_text(folder / "white/groundtruth.txt", "1,2,3,4\n")
    start, environment = command
    done = subprocess.run([*start, "pytracking.run_tracker", "toy", "default", "--dataset_name", "got10k_val",
                           "--threads", "2"], env={**environment, "BOXMASK_GOT10K_PATH": str(folder.parent)}, text=True,
                          capture_output=True, timeout=300)
    assert done.returncode == 1, done.stderr
    assert (RESULTS / "GOT-10k_000001.txt").read_text() == "1\t2\t3\t4\n3\t2\t3\t4\n5\t2\t3\t4\n"
    assert "failed: toy default on white: RuntimeError: white frame" in done.stdout
    assert "1 of 2 done, 1 failed" in done.stdout
