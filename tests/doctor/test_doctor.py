"""`boxmask doctor`: exit codes, the line to mend, and that nothing brings it down."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from boxmask import git, host
from boxmask.cli import main
from boxmask.doctor import framework
from ltr.train_settings.boxmask._common import BACKBONE_FILE


@pytest.fixture
def davis(tmp_path, monkeypatch):
    """A DAVIS folder and a backbone file, both configured."""
    root = tmp_path / "DAVIS"
    for kind in ("JPEGImages", "Annotations"):
        (root / kind / "480p" / "bear").mkdir(parents=True)
    (root / "ImageSets" / "2017").mkdir(parents=True)
    for split in ("train", "val"):
        (root / "ImageSets" / "2017" / f"{split}.txt").write_text("bear\n")
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks" / BACKBONE_FILE).touch()
    monkeypatch.setenv("BOXMASK_DAVIS_DIR", str(root))
    monkeypatch.setenv("BOXMASK_PRETRAINED_NETWORKS", str(tmp_path / "networks"))
    return root


def statuses(lines):
    return {topic: [status for status, *_ in found] for topic, found in lines.items()}


def test_with_a_dataset_and_the_backbone_the_main_job_can_run(davis, doctor):
    code, lines = doctor()
    assert code == 0 and "error" not in sum(statuses(lines).values(), [])
    assert lines["davis_dir"][0][:2] == ("ok", f"{davis}: 1 sequences, 1 of them with masks")
    assert lines["environment"] == [("ok", "BOXMASK_DAVIS_DIR, BOXMASK_PRETRAINED_NETWORKS, BOXMASK_WORKSPACE_DIR", "")]
    assert not (davis.parent / "workspace").exists()


def test_without_a_dataset_it_warns_and_says_what_to_set(doctor):
    code, lines = doctor()
    status, text, fix = lines["datasets"][0]
    assert code == 0 and status == "warning" and "sample clips" in text and "BOXMASK_DAVIS_DIR" in fix
    assert "davis_dir" in lines["not set"][0][1]


def test_without_the_backbone_training_cannot_run_but_may_be_tried(davis, doctor, monkeypatch):
    monkeypatch.setenv("BOXMASK_PRETRAINED_NETWORKS", str(davis))
    code, lines = doctor()
    status, text, fix = lines["pretrained_networks"][0]
    assert code == 1 and status == "error" and BACKBONE_FILE in text and "--set backbone_weights=none" in fix
    monkeypatch.setenv("BOXMASK_SET", "backbone_weights=none")
    assert doctor()[0] == 0


def test_a_dataset_that_default_does_not_train_on_is_no_error(davis, doctor, monkeypatch, tmp_path):
    monkeypatch.setenv("BOXMASK_LASOT_DIR", str(tmp_path / "nowhere"))
    code, lines = doctor()
    assert code == 0 and statuses(lines)["lasot_dir"] == ["warning"]


def test_a_misspelt_variable_is_pointed_out(doctor, monkeypatch):
    monkeypatch.setenv("BOXMASK_DAVID_DIR", "/data")
    assert ("warning", "nothing reads BOXMASK_DAVID_DIR", "see INSTALL.md for the names") in doctor()[1]["environment"]


@pytest.mark.parametrize("content", [
    "1 / 0", "raise SystemExit(3)", "class EnvironmentSettings(:", "import nothing_such", "\0", "x = 1",
    "class EnvironmentSettings:\n    def __init__(self):\n        self.a.b"])
def test_an_error_in_the_file_of_paths_is_a_line_and_the_file_stays(tmp_path, monkeypatch, doctor, content):
    path = tmp_path / "paths.py"
    path.write_text(content)
    monkeypatch.setenv("BOXMASK_LOCAL", str(path))
    code, lines = doctor()
    assert code == 1 and lines["local.py"][0][0] == "error"
    assert path.read_text() == content


def test_what_the_file_of_paths_prints_does_not_get_into_the_json(tmp_path, monkeypatch, doctor):
    (tmp_path / "paths.py").write_text("print('hello')\nclass EnvironmentSettings:\n    davis_dir = None\n")
    monkeypatch.setenv("BOXMASK_LOCAL", str(tmp_path / "paths.py"))
    assert doctor()[0] == 0


def break_with_a_loop(davis):
    loop = davis / "ImageSets" / "2017" / "train.txt"
    loop.unlink()
    loop.symlink_to(loop)


def break_with_a_folder(davis):
    (davis / "ImageSets" / "2017" / "train.txt").unlink()
    (davis / "ImageSets" / "2017" / "train.txt").mkdir()


def break_with_bytes(davis):
    (davis / "ImageSets" / "2017" / "train.txt").write_bytes(b"\xff\xfe\x00")


def break_with_nothing(davis):
    (davis / "ImageSets" / "2017" / "train.txt").write_bytes(b"")


@pytest.mark.parametrize("damage", [break_with_a_loop, break_with_a_folder, break_with_bytes, break_with_nothing])
def test_a_damaged_list_is_an_error_of_the_dataset(davis, doctor, damage):
    damage(davis)
    code, lines = doctor()
    assert code == 1 and "error" in statuses(lines)["davis_dir"] and "workspace_dir" in lines


def test_a_folder_that_may_not_be_read_is_a_line(davis, doctor, monkeypatch):
    scandir = os.scandir

    def refused(path):
        if Path(path).is_relative_to(davis / "JPEGImages"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    code, lines = doctor()
    assert code == 1 and "Permission denied" in lines["davis_dir"][0][1]


def test_a_workspace_that_cannot_be_made_is_an_error_with_a_fix(tmp_path, doctor, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BOXMASK_WORKSPACE_DIR", str(tmp_path / "file" / "workspace"))
    code, lines = doctor()
    status, text, fix = lines["workspace_dir"][0]
    assert code == 1 and status == "error" and "file is no folder" in text and "BOXMASK_WORKSPACE_DIR" in fix


def test_a_workspace_that_may_not_be_written_is_an_error(doctor, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    code, lines = doctor()
    assert code == 1 and "cannot be written to" in lines["workspace_dir"][0][1]


@pytest.mark.parametrize("text", ["backbone_weights", "'"])
def test_settings_that_cannot_be_read_are_an_error(doctor, monkeypatch, text):
    monkeypatch.setenv("BOXMASK_SET", text)
    code, lines = doctor()
    assert code == 1 and "BOXMASK_SET" in lines["pretrained_networks"][0][1]


def test_a_missing_package_is_an_error_with_its_name_on_the_index(doctor, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    code, lines = doctor()
    assert code == 1 and lines["python"][0][2] == "pip install opencv-python"


def test_the_screen_has_a_line_for_each_and_ends_with_what_to_mend(davis, capsys, monkeypatch):
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].startswith("Training and generation can run")
    assert len(printed.splitlines()) < 40
    # A path is never broken.
    assert all(len(line) <= 120 for line in printed.splitlines() if str(davis.parent) not in line)
    monkeypatch.setenv("BOXMASK_DAVIS_DIR", "/nowhere")
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "error    davis_dir" in printed and "-> correct davis_dir in local.py, or BOXMASK_DAVIS_DIR" in printed
    assert printed.splitlines()[-1].endswith("mend davis_dir first.")


@pytest.fixture
def clone(tmp_path):
    """A git clone that has pytracking's folders and no code."""
    root = tmp_path / "clone"
    for name in ("ltr/admin/settings.py", "pytracking/evaluation/tracker.py", "ltr/__init__.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    for words in (["init", "-q"], ["add", "-A"],
                  ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    return root


def test_the_commit_of_a_checkout_and_whether_it_was_changed(clone):
    [line, *_] = framework.checkout(host.Host(clone, is_standalone=False))
    assert line.topic == "commit" and f"{git.commit(clone).id[:7]}, no changed files" in line.text
    assert line.status == "warning" and framework.TESTED in line.text
    (clone / "ltr" / "__init__.py").write_text("changed")
    (clone / "new.py").touch()
    [line, *_] = framework.checkout(host.Host(clone, is_standalone=False))
    assert "with changed files" in line.text


def test_without_git_the_commit_is_not_known(clone, monkeypatch):
    monkeypatch.setenv("PATH", "")
    [line, *_] = framework.checkout(host.Host(clone, is_standalone=False))
    assert (line.status, line.text) == ("warning", "not known: git is not installed")


@pytest.mark.parametrize(("root", "words"), [("clone", "No module named"), ("nowhere", "not a pytracking checkout")])
def test_a_checkout_that_cannot_be_imported_is_an_error_without_a_traceback(clone, root, words):
    command = [sys.executable, "-m", "boxmask", "doctor", "--pytracking", str(clone.parent / root)]
    done = subprocess.run(command, text=True, capture_output=True, cwd=Path(host.__file__).parents[1],
                          env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 1 and "Traceback" not in done.stderr + done.stdout
    assert words in " ".join(done.stdout.split())


def test_other_projects_of_the_same_names_are_pointed_out(tmp_path, monkeypatch):
    (tmp_path / "ltr").mkdir()
    (tmp_path / "ltr" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    [line] = framework.namesakes(host.activate())
    assert line.status == "warning" and str(tmp_path / "ltr") in line.text and line.fix == "pip uninstall ltr"
