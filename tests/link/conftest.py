"""A checkout in small: the folders and landmarks of pytracking, in a git repository."""

import subprocess

import pytest

from boxmask import host

IGNORED = "*__pycache__*\n*.pyc\nltr/admin/local.py\n"


def git(folder, *words):
    """What git prints; user and dates are fixed, and nobody's own configuration is read."""
    done = subprocess.run(["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words], text=True,
                          capture_output=True, check=True, env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/"})
    return done.stdout


@pytest.fixture
def checkout(tmp_path):
    root = tmp_path / "py tracking"
    for package in (*host.PACKAGES, "ltr.admin", "pytracking.evaluation"):
        folder = root.joinpath(*package.split("."))
        folder.mkdir(parents=True)
        for inner in (folder, folder.parent):
            (inner / "__init__.py").touch()
    (root / "ltr" / "admin" / "settings.py").touch()
    (root / "pytracking" / "evaluation" / "tracker.py").touch()
    (root / ".gitignore").write_text(IGNORED)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture
def status():
    """`git status` of a folder, in short; '' where all is as committed."""
    return lambda folder: git(folder, "status", "--porcelain", "--untracked-files=all")
