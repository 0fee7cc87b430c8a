"""Runs that failed end as failures, and trackers of ours are found."""

from types import SimpleNamespace

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
