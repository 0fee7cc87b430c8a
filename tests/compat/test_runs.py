"""Runs that failed end as failures, results are whole or not there, and trackers of ours are found."""

import os
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from boxmask.compat import evaluation, training


class Trainer:
    """Restarts after everything, Ctrl-C too, as pytracking's does."""

    def __init__(self, faults):
        self.epoch, self.faults, self.tries = 0, list(faults), 0

    def train(self, max_epochs, load_latest=False, fail_safe=True):
        for _ in range(10):
            try:
                for epoch in range(self.epoch + 1, max_epochs + 1):
                    self.epoch = epoch
                    self.tries += 1
                    if self.faults:
                        raise self.faults.pop(0)
            except BaseException:
                if not fail_safe:
                    raise
                self.epoch -= 1


@pytest.fixture
def trainer_class():
    fresh = type("Fresh", (Trainer,), {"train": Trainer.train})
    assert training.training_that_failed_is_an_error(SimpleNamespace(BaseTrainer=fresh))
    return fresh


def test_fail_safe_training_goes_on_after_some_errors(trainer_class):
    trainer = trainer_class([OSError("disk"), ValueError("frame")])
    trainer.train(3)
    assert (trainer.epoch, trainer.tries) == (3, 5)


@pytest.mark.parametrize(("fail_safe", "tries"), [(True, 10), (False, 1)])
def test_training_that_never_works_raises_its_last_error(trainer_class, fail_safe, tries):
    plain = Trainer([ValueError("frame")] * 10)
    plain.train(3)
    assert plain.epoch == 0, "returned as if all were well"
    trainer = trainer_class([ValueError("frame")] * 10)
    with pytest.raises(ValueError, match="frame"):
        trainer.train(3, fail_safe=fail_safe)
    assert trainer.tries == tries


def test_ctrl_c_ends_fail_safe_training_at_once(trainer_class):
    trainer = trainer_class([KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        trainer.train(3)
    assert trainer.tries == 1


def test_a_tracker_in_one_of_our_folders_is_found(tmp_path, monkeypatch):
    import pytracking.tracker
    monkeypatch.setattr(pytracking.tracker, "__path__", [*pytracking.tracker.__path__, str(tmp_path)])
    (tmp_path / "of_ours.py").write_text("def get_tracker_class():\n    return dict\n")

    class Tracker:
        def __init__(self, name, parameter_name, run_id=None):
            self.tracker_class = list if name == "theirs" else None

    assert evaluation.trackers_in_other_folders(SimpleNamespace(Tracker=Tracker))
    assert Tracker("of_ours", "default").tracker_class is dict
    assert Tracker("theirs", "default").tracker_class is list
    assert Tracker("only results", "default").tracker_class is None


@pytest.mark.parametrize(("names", "multi", "files"), [
    (None, False, ["bear.txt"]), (["1", "2"], True, ["bear_1.txt", "bear_2.txt"]), (["2"], False, ["bear.txt"])])
def test_the_files_that_tell_of_a_result(names, multi, files):
    seq = SimpleNamespace(name="bear", dataset="DAVIS", object_ids=names, multiobj_mode=multi)
    assert [path.name for path in evaluation._result_files(seq, SimpleNamespace(results_dir="/r"))] == files


def save_boxes_first(seq, tracker, output):
    """As pytracking's: boxes, then masks, and anything may happen in between."""
    os.makedirs(tracker.results_dir, exist_ok=True)
    Path(tracker.results_dir, f"{seq.name}.txt").write_text(output)
    if output == "killed":
        raise KeyboardInterrupt
    os.makedirs(Path(tracker.segmentation_dir, seq.name))
    Path(tracker.segmentation_dir, seq.name, "0.png").write_text(output)


def test_results_of_a_killed_run_are_not_taken_for_done(tmp_path):
    module = SimpleNamespace(_save_tracker_output=save_boxes_first)
    assert evaluation.results_appear_whole(module)
    seq = SimpleNamespace(name="bear", dataset="DAVIS", object_ids=None, multiobj_mode=False)
    tracker = SimpleNamespace(results_dir=str(tmp_path / "r"), segmentation_dir=str(tmp_path / "s"))
    with pytest.raises(KeyboardInterrupt):
        module._save_tracker_output(seq, tracker, "killed")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    for output in ("first", "second"):
        module._save_tracker_output(seq, tracker, output)
        files = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
        assert files == {"r/bear.txt": output, "s/bear/0.png": output}
    assert tracker.results_dir == str(tmp_path / "r")


class Reading:
    """Reads a frame as pytracking's `Tracker`, and fails in the second."""

    name, parameter_name = "toy", "default"

    def _read_image(self, image_file):
        return cv2.cvtColor(cv2.imread(image_file), cv2.COLOR_BGR2RGB)

    def run_sequence(self, seq):
        for frame in seq.frames:
            self._read_image(frame)
        raise ValueError("lost")


@pytest.mark.parametrize(("last", "message"), [
    ("1.png", "toy default on bear, frame {folder}/1.png, with the mask m.png: ValueError: lost"),
    ("gone.png", "frame {folder}/gone.png, with the mask m.png: ValueError: {folder}/gone.png: there is no such image"),
    ("text.png", "{folder}/text.png: not an image that OpenCV reads"),
])
def test_an_error_in_a_sequence_is_told_with_sequence_frame_and_files(tmp_path, caplog, last, message):
    for name in ("0.png", "1.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "text.png").write_text("text")
    fresh = type("Fresh", (Reading,), {"_read_image": Reading._read_image, "run_sequence": Reading.run_sequence})
    assert evaluation.errors_say_where(SimpleNamespace(Tracker=fresh))
    seq = SimpleNamespace(name="bear", frames=[str(tmp_path / "0.png"), str(tmp_path / last)],
                          init_data={0: {}, 1: {"mask": "m.png"}})
    with pytest.raises(ValueError):
        fresh().run_sequence(seq)
    assert message.format(folder=tmp_path) in caplog.text


def test_a_sequence_in_which_nothing_starts_is_not_done(tmp_path, caplog):
    asked = []
    module = SimpleNamespace(run_sequence=lambda seq, tracker, **keywords: asked.append(seq.name))
    module.run_dataset = lambda dataset, trackers, debug=False: [module.run_sequence(seq, tracker)
                                                                 for seq in dataset for tracker in trackers]
    assert evaluation.failed_sequences_are_told(module)
    seq = SimpleNamespace(name="nothing", dataset="DAVIS", object_ids=[], multiobj_mode=True)
    tracker = SimpleNamespace(name="toy", parameter_name="default", results_dir=str(tmp_path), tracker_class=Reading)
    module.run_sequence(seq, tracker)
    assert not asked
    assert "toy default on nothing: no object starts in it" in caplog.text
    assert not evaluation._is_done(evaluation._result_files(seq, tracker))


@pytest.mark.parametrize(("state", "drawn"), [
    ([1.0, 2, 3, np.float64(4)], [[1, 2, 3, 4]]), ([[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2, 3, 4], [5, 6, 7, 8]]),
    ({"1": [1, 2, 3, 4]}, {"1": [1, 2, 3, 4]}), ([[1, 2, 3, 4]] * 4, [[1, 2, 3, 4]] * 4)])
def test_one_box_is_drawn_as_one(state, drawn):
    given = []
    fresh = type("Fresh", (), {"visualize": lambda self, image, state, segmentation=None: given.append(state)})
    assert evaluation.a_single_box_can_be_drawn(SimpleNamespace(Tracker=fresh))
    fresh().visualize(None, state)
    assert given == [drawn]
