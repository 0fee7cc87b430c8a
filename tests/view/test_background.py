"""Nothing that is wrong with a place where things are shown stops or slows a run."""

import logging
import threading
import time

import pytest

from boxmask.view import background
from boxmask.view.background import CAPACITY, Background, View


@pytest.fixture(autouse=True)
def nothing_told():
    background._warn.cache_clear()


class Place:
    """Notes what is shown, when it may."""

    def __init__(self):
        self.shown = []
        self.may_show = threading.Event()
        self.may_show.set()
        self.is_closed = False

    def values(self, title, values, x, *, is_first=False):
        self.may_show.wait(20)
        self.shown.append(x)

    def close(self):
        self.is_closed = True


def show(number):
    return lambda sink: sink.values("plot", {"line": 0.0}, number)


def test_things_are_shown_in_order_and_all_of_them_before_it_is_closed():
    places = [Place(), Place()]
    with View([Background(lambda place=place: place) for place in places]) as view:
        for number in range(CAPACITY):
            view.put(show(number))
    assert [place.shown for place in places] == [list(range(CAPACITY))] * 2
    assert all(place.is_closed for place in places)


def test_a_slow_place_drops_what_comes_too_fast_and_holds_nobody_up():
    place = Place()
    place.may_show.clear()
    shower = Background(lambda: place)
    start = time.monotonic()
    for number in range(1000):
        shower.put(show(number))
    shower.close(patience=0.2)
    assert time.monotonic() - start < 5
    place.may_show.set()
    shower._thread.join(20)
    assert place.is_closed and 1 <= len(place.shown) <= CAPACITY + 1


def test_one_that_hangs_is_not_waited_for():
    place = Place()
    place.may_show.clear()
    shower = Background(lambda: place)
    shower.put(show(0))
    time.sleep(0.6)
    start = time.monotonic()
    shower.close(patience=0.5)
    assert time.monotonic() - start < 0.4
    place.may_show.set()


@pytest.mark.parametrize("error", [ConnectionError("no server\nat all"), ImportError("no server at all"),
                                   KeyError("no server at all")])
def test_a_failure_is_told_once_in_one_line(error, caplog):
    def fail(sink=None):
        raise error

    for where in (Background(fail), Background(Place)):  # as one training may have several
        for _ in range(3):
            where.put(fail)
        where.close()
    message, = caplog.messages
    assert "no server at all" in message and "\n" not in message


def test_a_quiet_one_tells_nothing(caplog):
    caplog.set_level(logging.INFO)
    quiet = Background(lambda: 1 / 0, quiet=True)
    quiet.put(show(0))
    quiet.close()
    assert not caplog.messages


def test_after_a_pause_a_place_that_failed_is_tried_again(monkeypatch):
    monkeypatch.setattr(background, "PAUSE", 0.0)
    place, attempts = Place(), []

    def open_place():
        attempts.append(None)
        if len(attempts) == 1:
            raise ConnectionError("not yet")
        return place

    shower = Background(open_place)
    for number in range(3):
        shower.put(show(number))
    shower.close()
    assert place.shown == [1, 2] and len(attempts) == 2
