"""Paths: defaults, the user's file, environment variables."""

import os
import pickle
from pathlib import Path

import pytest

import ltr.admin.local
from ltr.admin.environment import LocalSettingsError, env_settings
from ltr.admin.settings import Settings
from pytracking.evaluation.environment import env_settings as evaluation_settings

CONTRACT = ["workspace_dir", "tensorboard_dir", "pretrained_networks", "pregenerated_masks", "lasot_dir", "got10k_dir",
            "trackingnet_dir", "coco_dir", "lvis_dir", "sbd_dir", "imagenet_dir", "imagenetdet_dir", "ecssd_dir",
            "hkuis_dir", "msra10k_dir", "davis_dir", "youtubevos_dir", "lasot_candidate_matching_dataset_path",
            "davis16_dir", "davis_testdev_dir", "stills_dir"]


def write_local(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"class EnvironmentSettings:\n    def __init__(self):\n{body}\n")
    return path


@pytest.mark.parametrize("name", CONTRACT)
def test_every_path_exists_and_its_environment_variable_wins(name, monkeypatch):
    assert isinstance(getattr(env_settings(), name), str)
    monkeypatch.setenv(f"BOXMASK_{name.upper()}", "/somewhere")
    assert getattr(env_settings(), name) == "/somewhere"


def test_without_configuration_the_workspace_is_in_the_current_folder(tmp_path):
    settings = env_settings()
    assert settings.workspace_dir == str(tmp_path / "workspace")
    assert settings.tensorboard_dir == str(tmp_path / "workspace" / "tensorboard")
    assert settings.pretrained_networks == str(tmp_path / "workspace" / "pretrained_networks")
    assert settings.davis_dir == ""
    assert not Path("workspace").exists()


def test_the_users_file_is_found_in_the_configuration_folder_and_a_variable_wins_over_it(tmp_path, monkeypatch):
    write_local(tmp_path / "config/boxmask/local.py",
                "        self.davis_dir = '/data/DAVIS'\n        self.workspace_dir = '~/runs'\n        self.mine = 3")
    settings = env_settings()
    assert (settings.davis_dir, settings.mine, settings.coco_dir) == ("/data/DAVIS", 3, "")
    assert settings.workspace_dir == os.path.expanduser("~/runs")
    assert settings.tensorboard_dir == os.path.expanduser("~/runs/tensorboard")
    monkeypatch.setenv("BOXMASK_DAVIS_DIR", "/other")
    monkeypatch.setenv("BOXMASK_WORKSPACE_DIR", "")
    assert env_settings().davis_dir == "/other"
    assert env_settings().workspace_dir == os.path.expanduser("~/runs")


def test_a_file_that_is_named_wins_over_the_one_in_the_configuration_folder(tmp_path, monkeypatch):
    write_local(tmp_path / "config/boxmask/local.py", "        self.davis_dir = 'a'")
    monkeypatch.setenv("BOXMASK_LOCAL", str(write_local(tmp_path / "mine.txt", "        self.davis_dir = 'b'")))
    assert env_settings().davis_dir == "b"


def test_naming_a_file_that_is_not_there_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("BOXMASK_LOCAL", str(tmp_path / "none.py"))
    with pytest.raises(FileNotFoundError, match="BOXMASK_LOCAL names .*none.py"):
        env_settings()


@pytest.mark.parametrize(("text", "message"), [
    ("import a_module_that_is_not_installed\n", "line 1: ModuleNotFoundError"),
    ("class EnvironmentSettings:\n    def __init__(self):\n        self.davis_dir = nowhere\n", "line 3: NameError"),
    ("x = 1\nclass EnvironmentSettings\n", "line 2: SyntaxError"),
    ("davis_dir = '/data'\n", "no class EnvironmentSettings"),
    ("import json\njson.loads('{')\n", "line 2: JSONDecodeError"),
])
def test_an_error_in_the_users_file_is_raised_with_its_line_and_the_file_stays_as_it_is(text, message, tmp_path,
                                                                                       monkeypatch):
    path = tmp_path / "paths" / "local.py"
    path.parent.mkdir()
    path.write_text(text)
    monkeypatch.setenv("BOXMASK_LOCAL", str(path))
    with pytest.raises(LocalSettingsError) as error:
        Settings()
    assert str(path) in str(error.value)
    assert message in str(error.value)
    assert path.read_text() == text
    assert os.listdir(path.parent) == ["local.py"]


def test_paths_are_pickled_under_the_name_that_checkpoints_hold(tmp_path, monkeypatch):
    monkeypatch.setenv("BOXMASK_LOCAL", str(write_local(tmp_path / "local.py", "        self.davis_dir = '/data'")))
    settings = env_settings()
    assert type(settings) is ltr.admin.local.EnvironmentSettings
    assert b"ltr.admin.local" in pickle.dumps(settings)
    assert pickle.loads(pickle.dumps(settings)).davis_dir == "/data"


def test_the_evaluation_follows_the_paths_for_training(monkeypatch, tmp_path):
    monkeypatch.setenv("BOXMASK_GOT10K_DIR", "/data/got10k/train/")
    monkeypatch.setenv("BOXMASK_LASOT_DIR", "/data/lasot")
    settings = evaluation_settings()
    assert settings.got10k_path == "/data/got10k"
    assert settings.lasot_path == "/data/lasot"
    assert settings.results_path == str(tmp_path / "workspace" / "tracking_results")
    monkeypatch.setenv("BOXMASK_LASOT_PATH", "/data/lasot_test")
    assert evaluation_settings().lasot_path == "/data/lasot_test"


def test_the_users_file_may_set_the_paths_of_the_evaluation_as_pytrackings_does(monkeypatch, tmp_path):
    path = write_local(tmp_path / "local.py", "        pass")
    path.write_text(path.read_text() + "from pytracking.evaluation.environment import EnvSettings\n"
                    "def local_env_settings():\n    settings = EnvSettings()\n    settings.otb_path = '/data/OTB'\n"
                    "    return settings\n")
    monkeypatch.setenv("BOXMASK_LOCAL", str(path))
    assert evaluation_settings().otb_path == "/data/OTB"
    path.write_text(path.read_text().replace("settings = EnvSettings()", "settings = Envsettings()"))
    with pytest.raises(LocalSettingsError, match="line 6: NameError"):
        evaluation_settings()
