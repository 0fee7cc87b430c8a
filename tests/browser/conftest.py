"""A page over a small output folder, in the browser that BOXMASK_BROWSER names. See the Makefile's `test-browser`."""

import importlib.util
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from boxmask.generate.job import Job
from boxmask.generate.source import Source
from boxmask.review.site import build

HOSTILE = "<img src=x onerror='window.hacked=1'>"
# Of its sequences.
NAMES = ("walk-1", "walk-2", "walk-10", HOSTILE, "absent", "__proto__")


def _chromium():
    spec = importlib.util.spec_from_file_location("chromium", Path(__file__).with_name("chromium.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def add_sequence(root, name, count=12, absent=()):
    """A square that moves, in a GOT-10k folder; the box of the sequence number n is the more wrong, the larger n."""
    (root / name).mkdir(parents=True)
    for index in range(count):
        image = np.full((48, 64, 3), 60, np.uint8)
        image[12:32, 10 + index:30 + index] = (200, 120, 40)
        (root / name / f"{index + 1:08d}.jpg").write_bytes(cv2.imencode(".jpg", image)[1].tobytes())
    boxes = ["0,0,0,0" if index in absent else f"{10 + index},12,{20 - index % 5},20" for index in range(count)]
    (root / name / "groundtruth.txt").write_text("\n".join(boxes) + "\n")
    names = sorted(path.name for path in root.iterdir() if path.is_dir())
    (root / "list.txt").write_text("".join(f"{each}\n" for each in names))


class Folder:
    """An output folder, and its page."""

    def __init__(self, path: Path) -> None:
        self.root, self.out, self.page = path / "data", path / "out", path / "page with spaces & <signs>"

    def make(self, *, overwrite: bool = False, sequences: tuple[str, ...] | None = None) -> Path:
        job = Job(Source("got10k", {"root": str(self.root)}), str(self.out), sequences, method="grabcut")
        assert job.run(overwrite=overwrite).is_complete
        return self.build()

    def build(self, out: Path | None = None) -> Path:
        return build(out or self.out, self.page, frames=0).page


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = Folder(tmp_path_factory.mktemp("review"))
    for name in NAMES:
        add_sequence(made.root, name, absent=(5, 6) if name == "absent" else ())
    made.make()
    return made


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """The browser, started once."""
    with _chromium().Browser(os.environ["BOXMASK_BROWSER"], tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def browser(chromium, folder):
    """The browser with the page open, without a mark; afterwards it must not have complained."""
    chromium.messages.clear()
    chromium.open(folder.page / "index.html")
    chromium.run("localStorage.clear()")
    chromium.open(folder.page / "index.html")
    chromium.wait("app.detail.details && true")
    yield chromium
    assert chromium.errors() == []
    assert chromium.run("window.hacked") is None
