"""Packages as they are installed: broken ones are rescued, whole ones win over stand-ins, namesakes are refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parents[2]

BROKEN = """
for name in ("torchvision", "tikzplotlib"):
    try:
        __import__(name)
    except Exception as error:
        print(error)
"""
IMPORTS = """
import boxmask.host
boxmask.host.activate()
import torchvision, tikzplotlib, timm, boxmask.compat
print(torchvision.ops.ready, tikzplotlib.__file__, timm.whole)
try:
    tikzplotlib.save
except ImportError as error:
    print(error)
print(boxmask.compat.applied())
"""


@pytest.fixture
def site(tmp_path):
    """A folder with packages as package indexes give them today."""
    for name, text in {
            # What torchvision's wheel for CUDA does over a torch without: only the compiled part defines the operator.
            "torchvision/__init__.py": "from torchvision import ops\n",
            "torchvision/ops.py": "import torch\n\n@torch.library.register_fake('torchvision::nms')\n"
                                  "def fake(dets, scores, iou_threshold):\n    return dets\n\nready = True\n",
            "tikzplotlib/__init__.py": "from tikzplotlib import _text\n",
            "tikzplotlib/_text.py": "from matplotlib.backends.backend_pgf import common_texification\n",
            "timm/__init__.py": "whole = True\n"}.items():
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_text(text)
    return tmp_path / "site"


def test_b7_and_b14_broken_packages_are_rescued_and_whole_ones_win(run, site):
    done = run("-c", BROKEN, path=[site])
    assert "operator torchvision::nms does not exist" in done.stdout
    assert "cannot import name 'common_texification'" in done.stdout or "No module named 'matplotlib'" in done.stdout
    done = run("-c", IMPORTS, path=[site])
    assert done.returncode == 0, done.stderr
    imported, refused, mended = done.stdout.splitlines()
    assert imported.startswith("True ") and imported.endswith(" True")
    assert "boxmask's stand-in for tikzplotlib" in refused
    assert "B14 torchvision" in mended and "B7 tikzplotlib" in mended


@pytest.fixture
def another(checkout):
    """The checkout with another boxmask in it, which says so when it is imported."""
    for name in ("boxmask", "ltr/models/boxmask", "ltr/train_settings/boxmask"):
        (checkout / name).mkdir()
        (checkout / name / "__init__.py").write_text("raise RuntimeError('another boxmask')\n")
    return checkout


def test_another_boxmask_in_the_checkout_is_not_imported(run, another):
    done = run("-c", "import boxmask.host; print(boxmask.host.activate().root); import ltr.models.boxmask as m, ltr;"
                     "import ltr.train_settings; print(m.__file__); print(ltr.__file__)")
    assert done.returncode == 0, done.stderr
    root, ours, theirs = map(Path, done.stdout.split())
    assert (root, theirs) == (another, another / "ltr/__init__.py")
    assert ours == PROJECT / "ltr/models/boxmask/__init__.py"


def test_another_boxmask_in_the_checkout_is_not_imported_by_a_spawned_worker(run, another, tmp_path):
    cv2.imwrite(str(tmp_path / "0.jpg"), np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "boxes.txt").write_text("1,2,3,4.5\n")
    done = run(PROJECT / "run_training.py", "toy", "workers", BOXMASK_DAVIS_DIR=str(tmp_path))
    assert done.returncode == 0 and "worker [((20, 30, 3)" in done.stdout, done.stderr


OLD = """
import boxmask.host
boxmask.host.activate()
from torch._six import string_classes
print(isinstance("text", string_classes), isinstance(1, string_classes))
"""


def test_a_checkout_from_before_september_2022_finds_what_torch_had(run):
    assert "No module named 'torch._six'" in run("-c", "import torch._six").stderr
    assert run("-c", OLD).stdout == "True False\n"


LINKED = """
import ltr.admin.settings  # what pytracking's own run_training.py does first
import boxmask.host, boxmask.compat
host = boxmask.host.activate_linked()
assert host is boxmask.host.activate_linked()
import jpeg4py, ltr.models.boxmask
print(host.root, host.is_standalone, ltr.admin.settings.Settings().env.davis_dir)
print(boxmask.compat.applied())
"""


def test_a_program_that_pytracking_started_is_made_ready_when_asked(run, checkout):
    done = run("-c", LINKED, path=[checkout], PYTRACKING_ROOT="", BOXMASK_DAVIS_DIR="/data/DAVIS")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{checkout} False /data/DAVIS"
    assert "B2 ltr.admin.loading" in done.stdout


def test_a_program_on_the_host_that_comes_with_boxmask_needs_nothing(run):
    done = run("-c", "import boxmask.host, sys; boxmask.host.activate(); print(boxmask.host.activate_linked());"
                     "print([path for path in sys.path if 'standins' in path])", PYTRACKING_ROOT="")
    assert "is_standalone=True" in done.stdout and done.stdout.endswith("[]\n"), done.stderr
