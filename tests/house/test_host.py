"""The import tree: host first, overlay over it, nobody else's packages in between."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from boxmask import host

PROJECT = Path(host.__file__).resolve().parents[1]


def python(code: str, *, cwd=PROJECT, **variables: str) -> subprocess.CompletedProcess:
    inherited = {name: value for name, value in os.environ.items() if name != host.ROOT_VARIABLE}
    environment = {**inherited, "PYTHONPATH": str(PROJECT), **variables}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, env=environment)


def test_host_and_overlay_make_one_tree(tmp_path):
    done = python("import boxmask.host as h; print(h.activate().is_standalone);"
                  "import ltr.models.boxmask, ltr.data.boxmask, ltr.data.sampler, ltr.train_settings.boxmask.default;"
                  "print(ltr.data.sampler.__file__); print(ltr.data.boxmask.__file__)", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    standalone, sampler, ours = done.stdout.split()
    assert standalone == "True"
    assert Path(sampler).is_relative_to(host.STANDALONE)
    assert Path(ours) == PROJECT / "ltr" / "data" / "boxmask.py"


def test_the_overlay_holds_nothing_that_could_hide_a_file_of_pytracking():
    for package in host.PACKAGES:
        folder = host.overlay_root().joinpath(*package.split("."))
        names = [path.name for path in folder.iterdir() if path.name != "__pycache__"] if folder.is_dir() else []
        assert all(name.startswith("boxmask") for name in names), names


def test_an_installed_package_carries_host_and_overlay_and_no_top_level_names(tmp_path):
    subprocess.run([sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(tmp_path)], cwd=PROJECT,
                   check=True, capture_output=True)
    assert [path.name for path in tmp_path.iterdir()] == ["boxmask"]
    done = python("import boxmask.host as h; print(h.activate().root); import ltr.train_settings.boxmask.default;"
                  "import ltr.models.boxmask as m; print(m.__file__)", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(tmp_path / "boxmask") for line in done.stdout.split())


def test_a_network_imported_before_the_host_stays_the_same_module():
    done = python("from ltr.models.boxmask import boxmask_lite as before; import boxmask.host as h; h.activate();"
                  "from ltr.models.boxmask import boxmask_lite as after; import ltr.models;"
                  "print(before is after, ltr.models.boxmask.boxmask_lite is before, ltr.__file__ is not None)")
    assert done.stdout.split() == ["True", "True", "True"], done.stderr


@pytest.mark.parametrize("name", ["ltr", "pytracking"])
def test_a_namesake_from_a_package_index_is_refused_and_named(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    done = python(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {name};"
                  "import boxmask.host as h; h.activate()")
    assert done.returncode != 0
    assert f"pip uninstall {name}" in done.stderr


def test_an_installed_namesake_that_nobody_imported_does_no_harm(tmp_path):
    (tmp_path / "ltr").mkdir()
    (tmp_path / "ltr" / "__init__.py").write_text("raise RuntimeError('a learning-to-rank project')")
    done = python("import boxmask.host as h; h.activate(); import ltr; print(ltr.__file__)",
                  PYTHONPATH=f"{PROJECT}{os.pathsep}{tmp_path}")
    assert Path(done.stdout.strip()).is_relative_to(host.STANDALONE), done.stderr


def test_a_folder_that_is_no_checkout_is_refused(tmp_path):
    with pytest.raises(host.HostError, match="not a pytracking checkout: it has no ltr/admin/settings.py"):
        host.find_checkout(tmp_path)


def test_the_environment_names_a_checkout(tmp_path):
    done = python("import boxmask.host as h; h.activate()", PYTRACKING_ROOT=str(tmp_path))
    assert "not a pytracking checkout" in done.stderr


def test_a_second_host_in_one_process_is_refused(tmp_path):
    for landmark in host._LANDMARKS:
        (tmp_path / landmark).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / landmark).touch()
    with pytest.raises(host.HostError, match="already uses the host"):
        host.activate(tmp_path)


def test_the_launcher_says_what_is_wrong_in_one_line(tmp_path):
    done = subprocess.run([sys.executable, PROJECT / "run_training.py", "boxmask", "default", "--pytracking", tmp_path],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "not a pytracking checkout" in done.stderr
