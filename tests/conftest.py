"""Every test runs with the host active: `ltr` and `pytracking` are the host's packages with ours over them.

The host is the standalone one, or the checkout that PYTRACKING_ROOT names. What tests the standalone host itself is
left out with a checkout, and what compares the two is left out without one. What runs in a browser is for `make
test-browser`, which names one.
"""

import importlib.util
import os
import signal
import sys
from pathlib import Path

import hypothesis
import pytest
import torch

import boxmask.host

HOST = boxmask.host.activate()
# What a shell starts in its background ignores Ctrl-C, and so would the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An example takes as long as it takes where other programs run.
hypothesis.settings.register_profile("boxmask", deadline=None)
hypothesis.settings.load_profile("boxmask")

collect_ignore = ["checkout"] if HOST.is_standalone else ["standalone", "standalone_data"]
if not os.environ.get("BOXMASK_BROWSER"):
    collect_ignore.append("browser")


@pytest.fixture(autouse=True)
def gradients_stay_on():
    """pytracking's trainer leaves them off after a validation."""
    yield
    torch.set_grad_enabled(True)


@pytest.fixture(scope="session")
def faults():
    """The module `faults.py`: processes that are killed, or whose disk fails, at any step."""
    if "faults" not in sys.modules:
        spec = importlib.util.spec_from_file_location("faults", Path(__file__).with_name("faults.py"))
        sys.modules["faults"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["faults"])
    return sys.modules["faults"]


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Small tensors gain nothing from more, and lose much where other programs run."""
    torch.set_num_threads(1)
