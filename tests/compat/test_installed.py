"""Packages as they are installed: broken ones are rescued, whole ones win over stand-ins, namesakes are refused."""

import pytest

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
