"""What is shown in visdom, with a stand-in for the package, and what happens without it."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pytracking.tracker.base import BaseTracker
from pytracking.utils import TrackerParams
from pytracking.utils.visdom import connect


class Client:
    """Notes what the package's client would show."""

    alive = True

    def __init__(self, **where):
        self.where, self.shown, self.handlers = where, {}, {}

    def check_connection(self):
        return self.alive

    def register_event_handler(self, handler, window):
        self.handlers[window] = handler

    def __getattr__(self, name):
        if name not in ("text", "image", "heatmap", "line"):
            raise AttributeError(name)
        return lambda *data, win, opts: self.shown.update({win: (name, *data)})


@pytest.fixture
def package(monkeypatch):
    module = SimpleNamespace(Visdom=Client)
    monkeypatch.setitem(sys.modules, "visdom", module)
    return module


def test_a_frame_is_shown_with_boxes_and_masks(package):
    tracker = BaseTracker(TrackerParams())
    tracker.visdom = connect(1, {"server": "10.0.0.1", "port": 8099})
    image, mask = np.full((600, 960, 3), 100, np.uint8), np.zeros((600, 960), np.uint8)
    mask[100:200, 100:200] = 2
    tracker.visdom_draw_tracking(image, [[300.0, 300, 200, 100], {"2": [20, 20, 40, 40]}], mask)
    client = tracker.visdom._visdom
    assert (client.where["server"], client.where["port"]) == ("http://10.0.0.1", 8099)
    kind, picture = client.shown["Tracking"]
    assert kind == "image" and picture.shape == (3, 300, 480)
    assert picture[:, 5, 5].tolist() == [100] * 3
    assert picture[:, 75, 75].tolist() == [50, 50 + 64, 50]
    assert picture[:, 150, 200].tolist() != [100] * 3 and picture[:, 10, 20].tolist() != [100] * 3


@pytest.mark.parametrize(("mode", "data", "shown"), [
    ("text", "words", ("text", "words")),
    ("info_dict", {"frame": 3}, ("text", "<b>frame</b>: 3<br>")),
    ("lineplot", (torch.ones(2), torch.arange(2)), ("line", torch.ones(2), torch.arange(2))),
    ("heatmap", torch.tensor([[1.0], [2.0]]), ("heatmap", torch.tensor([2.0, 1.0]))),
    ("image", torch.zeros(3, 2, 2), ("image", torch.zeros(3, 2, 2))),
])
def test_data_goes_to_the_window_of_its_title(package, mode, data, shown):
    visdom = connect(2)
    visdom.register(data, mode, 2, "Title")
    visdom.register(data, mode, 3, "Too much")
    assert list(visdom._visdom.shown) == ["Title"]
    for found, expected in zip(visdom._visdom.shown["Title"], shown, strict=True):
        assert found == expected if isinstance(expected, str) else torch.equal(found, expected)
    with pytest.raises(ValueError, match="no way to show 'smell'"):
        visdom.register(data, "smell")


def test_space_pauses_and_the_right_arrow_steps(package):
    visdom = connect(1)
    press = visdom._visdom.handlers["Tracking"]
    press({"event_type": "KeyPress", "key": " "})
    assert visdom._paused
    press({"event_type": "KeyPress", "key": "ArrowRight"})
    visdom.wait_while_paused()
    assert visdom._paused and not visdom._may_step
    press({"event_type": "KeyPress", "key": " "})
    visdom.wait_while_paused()


def test_a_server_that_dies_is_told_once_and_ends_a_pause(package, caplog, monkeypatch):
    visdom = connect(1)

    def refuse(*data, **place):
        raise ConnectionError("Error connecting to Visdom server")

    monkeypatch.setattr(Client, "text", refuse, raising=False)
    for _ in range(3):
        visdom.register("words", "text", 1, "Title")
    assert caplog.messages == ["nothing more is drawn: Error connecting to Visdom server"]
    paused = connect(1)
    paused._visdom.handlers["Tracking"]({"event_type": "KeyPress", "key": " "})
    monkeypatch.setattr(Client, "alive", False)
    monkeypatch.setattr("pytracking.utils.visdom._LOOK_EVERY", 0.0)
    paused.wait_while_paused()
    assert caplog.messages[1:] == ["nothing more is drawn: the server is gone"]


@pytest.mark.parametrize(("debug", "info"), [(0, None), (1, {"use_visdom": False})])
def test_nothing_is_drawn_unless_it_is_wanted(package, debug, info):
    assert connect(debug, info) is None


def test_without_package_or_server_tracking_goes_on_and_says_why(package, monkeypatch, caplog):
    monkeypatch.setattr(Client, "alive", False)
    assert connect(1) is None
    assert "no visdom server answers at http://127.0.0.1:8097; start one with: visdom" in caplog.text
    monkeypatch.setitem(sys.modules, "visdom", None)
    assert connect(1) is None
    assert "pip install --no-build-isolation visdom" in caplog.text
