"""Both command lines on a checkout: options of ours, workers, exit codes."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from boxmask import launch, link

PROJECT = Path(__file__).resolve().parents[2]
TRAINING, TRACKING = PROJECT / "run_training.py", PROJECT / "run_tracker.py"


def test_the_help_is_the_checkouts_and_tells_of_our_options(run, checkout):
    done = run(TRAINING, "--help", "--pytracking", checkout, PYTRACKING_ROOT="")
    assert done.returncode == 0, done.stderr
    assert all(text in done.stdout for text in ("Run a train script.", "--pytracking PATH", "--set NAME=VALUE"))


def test_a_spawned_worker_has_stand_ins_mends_paths_and_what_was_set(run, tmp_path):
    cv2.imwrite(str(tmp_path / "0.jpg"), np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "boxes.txt").write_text("1,2,3,4.5\n")
    done = run(TRAINING, "toy", "workers", BOXMASK_DAVIS_DIR=str(tmp_path), BOXMASK_SET="seed=3 'root=a b'")
    assert done.returncode == 0, done.stderr
    assert "start method spawn set seed=3 'root=a b'" in done.stdout
    assert f"worker [((20, 30, 3), [1.0, 2.0, 3.0, 4.5])] {tmp_path} False" in done.stdout


@pytest.mark.parametrize("program", ["run_tracker.py", "run_video.py"])
def test_settings_of_a_training_are_refused_where_nothing_reads_them(run, program):
    done = run(PROJECT / program, "boxmask", "lite", "--set", "memory_size=2", PYTRACKING_ROOT="")
    assert done.returncode == 2 and "memory_size=2 is for run_training.py" in done.stderr
    assert "pytracking/parameter/<tracker>/<name>.py" in done.stderr
    assert "--set" not in run(PROJECT / program, "--help", PYTRACKING_ROOT="").stdout


def test_what_is_set_comes_after_what_the_environment_has(monkeypatch):
    monkeypatch.setenv("BOXMASK_SET", "seed=3")
    words = ["boxmask", "default", "--set", "num_workers=2", "--set", "root=a b"]
    assert launch.activate_host(words, takes_settings=True) == ["boxmask", "default"]
    assert os.environ["BOXMASK_SET"] == "seed=3 num_workers=2 'root=a b'"


def test_settings_of_a_training_are_refused_with_train_settings_that_do_not_read_them(run):
    done = run(TRAINING, "toy", "workers", "--set", "num_workers=2")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: --set num_workers=2 is for boxmask's train settings")


def test_an_assignment_without_a_value_is_a_usage_error(run):
    done = run(TRAINING, "toy", "workers", "--set", "num_workers")
    assert done.returncode == 2 and "takes NAME=VALUE, got 'num_workers'" in done.stderr


@pytest.mark.parametrize(("words", "is_on"), [(("--cudnn_benchmark", "1"), True), (("--cudnn_benchmark", "0"), False),
                                              (("--cudnn_benchmark=False",), False)])
def test_cudnn_benchmark_can_be_turned_off_on_a_checkout(run, words, is_on):
    done = run(TRAINING, "toy", "nothing", *words)
    assert done.stdout.splitlines()[-1] == f"cudnn_benchmark {is_on}"


def test_several_processes_on_a_checkout_are_refused_in_one_line(run):
    done = run(TRAINING, "toy", "workers", WORLD_SIZE="2")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: a pytracking checkout trains in one process; the 2 of torchrun")
    assert done.stderr.count("\n") == 1


def test_training_that_crashed_ten_times_ends_with_the_error_and_code_1(run):
    done = run(TRAINING, "toy", "crash")
    assert done.returncode == 1
    assert done.stdout.count("epoch 2\n") == 10 and done.stdout.count("epoch 1\n") == 1
    assert "Finished" not in done.stdout
    assert "error: a frame is missing  (BOXMASK_DEBUG=1 shows where)" in done.stderr


def test_sequences_that_failed_are_named_and_the_others_are_done(run, tmp_path):
    done = run(TRACKING, "toy", "default", "--threads", 2)
    assert done.returncode == 1
    assert "lost the target" in done.stdout
    assert "no results of 2 runs: toy default on bad; toy default on unsaved" in done.stdout
    written = {path.name: path.read_text() for path in (tmp_path / "work/workspace/tracking_results").rglob("*.txt")}
    assert set(written) == {"good.txt", "last.txt"}


def test_a_tracker_in_no_folder_is_told_with_those_there_are(run):
    done = run(TRACKING, "nonesuch", "default")
    assert done.returncode == 1
    assert "there is no tracker 'nonesuch'; there are: boxmask, toy" in done.stderr


def test_a_sequence_that_is_not_there_is_one_line(run):
    done = run(TRACKING, "toy", "default", "--sequence", "godd")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "error: the dataset has no sequence 'godd'; it has 4, the first of them good" in done.stderr


@pytest.fixture
def linked(checkout, tmp_path):
    """pytracking's own program for trackers, in a linked checkout with a `local.py`; its tracker is as ours."""
    link.link(checkout)
    (checkout / "pytracking/evaluation/local.py").write_text(
        "from pytracking.evaluation.environment import EnvSettings\n\ndef local_env_settings():\n"
        f"    settings = EnvSettings()\n    settings.results_path = {str(tmp_path / 'results')!r}\n"
        "    return settings\n")
    tracker = checkout / "pytracking/tracker/toy/__init__.py"
    tracker.write_text("from boxmask import host\n\nhost.activate_linked()\n\n\n" + tracker.read_text())
    return checkout / "pytracking/run_tracker.py"


@pytest.mark.parametrize("threads", [0, 2])
def test_pytrackings_own_program_in_a_linked_checkout_tells_what_failed(run, linked, tmp_path, threads):
    done = run(linked, "toy", "default", "--sequence", "bad", "--threads", threads, PYTRACKING_ROOT="")
    assert done.returncode == 1 and "no results of 1 runs: toy default on bad" in done.stderr
    done = run(linked, "toy", "default", "--sequence", "good", "--threads", threads, PYTRACKING_ROOT="")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "results/toy/default").iterdir()) == ["good.txt", "origin.json"]


def test_pytrackings_own_program_in_a_linked_checkout_reuses_no_results_of_others(run, linked):
    assert run(linked, "toy", "default", "--sequence", "good", PYTRACKING_ROOT="").returncode == 0
    parameters = linked.parent / "parameter/toy/default.py"
    parameters.write_text(parameters.read_text().replace("    return", "    params.speed = 3\n    return"))
    done = run(linked, "toy", "default", "--sequence", "good", PYTRACKING_ROOT="")
    assert done.returncode == 1 and "parameters.speed absent -> 3); take another folder with --runid" in done.stderr


def test_results_of_other_parameters_are_refused_on_a_checkout_too(run, checkout, tmp_path):
    assert run(TRACKING, "toy", "default").returncode == 1
    good = tmp_path / "work/workspace/tracking_results/toy/default/good.txt"
    assert good.is_file() and good.with_name("origin.json").is_file()
    parameters = checkout / "pytracking/parameter/toy/default.py"
    parameters.write_text(parameters.read_text().replace("    return", "    params.speed = 3\n    return"))
    done = run(TRACKING, "toy", "default")
    assert done.returncode == 1 and "parameters.speed absent -> 3); take another folder with --runid" in done.stderr
    good.with_name("origin.json").unlink()
    done = run(TRACKING, "toy", "default")
    assert "nothing says what made them; they are taken as they are" in done.stdout


def test_the_launcher_for_videos_has_its_own_help_and_our_options(run):
    done = run(PROJECT / "run_video.py", "--help", PYTRACKING_ROOT="")
    assert done.returncode == 0, done.stderr
    assert all(text in done.stdout for text in ("--optional_box X Y W H", "--save_results", "--pytracking PATH"))
