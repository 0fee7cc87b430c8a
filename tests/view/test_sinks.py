"""Where things are shown: a server with a stand-in for the package, and files that TensorBoard reads."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from boxmask.view import address
from boxmask.view.sinks import Tensorboard, Visdom, open_view

PICTURE = np.zeros((20, 30, 3), np.uint8)
PICTURE[:, :, 0] = 200


class RequestError(OSError):
    pass


class Package:
    """The client of the package: asks when it is made and for every window, and notes what it would draw."""

    status = 200

    def __init__(self, **where):
        self.where, self.drawn = where, []
        self.session = SimpleNamespace(post=self._post)
        self._handle_post("env/main")

    def _post(self, url, *, data, timeout):
        assert timeout > 0
        if self.status is None:
            raise RequestError("refused")
        return SimpleNamespace(ok=self.status == 200, status_code=self.status, reason="Reason", text="true")

    def image(self, picture, **place):
        self._handle_post("events")
        self.drawn.append(("image", picture, place))

    def line(self, y, x, **place):
        self.drawn.append(("line", y.tolist(), x.tolist(), place))


@pytest.fixture
def package(monkeypatch):
    monkeypatch.setitem(sys.modules, "visdom", SimpleNamespace(Visdom=Package))
    monkeypatch.setitem(sys.modules, "requests", SimpleNamespace(RequestException=RequestError))
    return Package


@pytest.mark.parametrize(("server", "expected"), [
    ("127.0.0.1", "http://127.0.0.1:8099"), ("http://10.0.0.1", "http://10.0.0.1:8099"),
    ("https://host", "https://host:8099")])
def test_a_server_is_named_as_in_pytracking(server, expected, package):
    assert address(server, 8099) == expected
    where = Visdom(expected)._client.where
    assert (f"{where['server']}:{where['port']}", where["raise_exceptions"]) == (expected, True)
    assert where["use_incoming_socket"] is False  # whose thread would go on when the run has ended


def test_windows_get_pictures_and_lines(package):
    sink = Visdom(address())
    sink.picture("clip", PICTURE, 3)
    sink.values("Loss", {"train": 1.0, "val": 2.0}, 0.5, is_first=True)
    sink.values("Loss", {"train": 0.5}, 1.0)
    sink.curve("quality", [0.5, 0.75])
    image, *lines = sink._client.drawn
    assert image[1].shape == (3, 20, 30) and image[2]["win"] == "clip"
    assert [(line[1], line[2], line[3].get("name"), line[3].get("update")) for line in lines] == [
        ([1.0], [0.5], "train", None), ([2.0], [0.5], "val", "append"), ([0.5], [1.0], "train", "append"),
        ([0.5, 0.75], [0, 1], None, None)]


@pytest.mark.parametrize(("status", "message"), [
    (None, "no visdom server answers at http://127.0.0.1:8097"), (404, "is no visdom server, or has a fault: 404")])
def test_a_server_that_is_not_there_or_dies_is_an_error_that_says_so(package, monkeypatch, status, message):
    sink = Visdom(address())
    monkeypatch.setattr(Package, "status", status)
    with pytest.raises(ConnectionError, match=message):
        sink.picture("clip", PICTURE, 0)
    with pytest.raises(ConnectionError, match=message):
        Visdom(address())


def test_without_the_package_the_install_line_is_shown(monkeypatch):
    monkeypatch.setitem(sys.modules, "visdom", None)
    with pytest.raises(ImportError, match="pip install --no-build-isolation visdom"):
        Visdom(address())


def test_tensorboard_reads_what_is_written(tmp_path):
    with open_view(tensorboard=str(tmp_path), name="clips") as view:
        assert view
        view.put(lambda sink: sink.picture("val/clip", PICTURE, 7))
        view.put(lambda sink: sink.values("quality", {"mean": 0.5}, 2.0))
        view.put(lambda sink: sink.curve("by frame", [1.0]))
    events = EventAccumulator(str(tmp_path / "clips"))
    events.Reload()
    (image,), (scalar,) = events.Images("val/clip"), events.Scalars("quality/mean")
    assert (image.step, image.width, image.height) == (7, 30, 20)
    found = np.asarray(Image.open(io.BytesIO(image.encoded_image_string)))
    np.testing.assert_allclose(found, PICTURE, atol=6)
    assert (scalar.step, scalar.value) == (2, 0.5) and events.Tags()["scalars"] == ["quality/mean"]


def test_nothing_is_opened_where_nothing_is_shown(tmp_path):
    with open_view(tensorboard=str(tmp_path / "never")):
        assert not open_view()
    assert not (tmp_path / "never").exists()


def test_without_tensorboard_a_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        Tensorboard("nowhere")
