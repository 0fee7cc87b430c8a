"""The user's two files of paths are read, and never written."""

import pytest

SHOW = """
import pickle, boxmask.host
boxmask.host.activate()
from ltr.admin.settings import Settings
from pytracking.evaluation.environment import env_settings
for env in (pickle.loads(pickle.dumps(Settings())).env, env_settings()):
    print(type(env).__module__, {name: value for name, value in vars(env).items() if value})
print(repr(Settings().env.davis16_dir), repr(env_settings().lasot_mask_path))
"""


def files_of(checkout):
    return sorted(str(path) for path in checkout.rglob("*") if "__pycache__" not in path.parts)


def test_without_local_files_paths_come_from_memory_and_variables_and_nothing_is_written(run, checkout, tmp_path):
    before = files_of(checkout)
    done = run("-c", SHOW, BOXMASK_DAVIS_DIR="/data/DAVIS", BOXMASK_LASOT_PATH="/data/LaSOT")
    assert done.returncode == 0, done.stderr
    training, evaluation, absent = done.stdout.splitlines()
    assert training.startswith("ltr.admin.local ")
    assert f"'workspace_dir': '{tmp_path / 'work' / 'workspace'}'" in training
    assert "'davis_dir': '/data/DAVIS'" in training
    assert f"'results_path': '{tmp_path / 'work' / 'workspace' / 'tracking_results'}'" in evaluation
    assert "'lasot_path': '/data/LaSOT'" in evaluation
    assert str(checkout) not in training + evaluation
    assert absent == "'' ''"
    assert files_of(checkout) == before


def test_the_users_own_configuration_serves_where_the_checkout_has_none(run, checkout, tmp_path):
    (tmp_path / "config" / "boxmask").mkdir(parents=True)
    (tmp_path / "config" / "boxmask" / "local.py").write_text(
        "from pytracking.evaluation.environment import EnvSettings\n\n"
        "class EnvironmentSettings:\n    def __init__(self):\n        self.davis_dir = '/mine/DAVIS'\n\n"
        "def local_env_settings():\n    settings = EnvSettings()\n    settings.lasot_path = '/mine/LaSOT'\n"
        "    return settings\n")
    done = run("-c", SHOW)
    assert done.returncode == 0, done.stderr
    assert "'davis_dir': '/mine/DAVIS'" in done.stdout and "'lasot_path': '/mine/LaSOT'" in done.stdout
    assert str(checkout) not in done.stdout


def test_local_files_are_used_as_they_are_and_variables_win_over_them(run, checkout):
    (checkout / "ltr/admin/local.py").write_text(
        "class EnvironmentSettings:\n    def __init__(self):\n        self.workspace_dir = '/runs'\n"
        "        self.davis_dir = '/theirs'\n        self.mine = 3\n")
    (checkout / "pytracking/evaluation/local.py").write_text(
        "from pytracking.evaluation.environment import EnvSettings\n\ndef local_env_settings():\n"
        "    settings = EnvSettings()\n    settings.network_path = ['/a', '/b']\n    return settings\n")
    done = run("-c", SHOW, BOXMASK_DAVIS_DIR="/ours")
    assert done.returncode == 0, done.stderr
    training, evaluation, _ = done.stdout.splitlines()
    assert training == "ltr.admin.local {'workspace_dir': '/runs', 'davis_dir': '/ours', 'mine': 3}"
    assert f"'results_path': '{checkout}/pytracking/tracking_results/'" in evaluation
    assert "'network_path': ['/a', '/b']" in evaluation


@pytest.mark.parametrize(("place", "text", "line"), [
    ("ltr/admin/local.py", "import a_plugin_that_is_not_installed\n", 1),
    ("pytracking/evaluation/local.py", "\ndef broken(:\n", 2)])
def test_an_error_in_a_local_file_is_told_with_its_line_and_the_file_stays(run, checkout, place, text, line):
    (checkout / place).write_text(text)
    done = run("-c", SHOW)
    assert done.returncode == 1
    assert f"LocalSettingsError: error in {checkout / place}, line {line}: " in done.stderr
    assert (checkout / place).read_text() == text
