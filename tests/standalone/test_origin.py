"""The record of what made the results in a folder."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pytracking.evaluation.origin import OtherOriginError, claim, origin_of
from pytracking.utils import TrackerParams


class Wrapper:
    """As pytracking's `NetWithBackbone`: a network that a parameter file names, and more."""

    def __init__(self, net_path):
        self.net_path = net_path
        self.mean = torch.tensor([0.5, 0.25])
        self.net = None


@pytest.fixture
def tracker(tmp_path, monkeypatch):
    """A tracker whose parameters are `tracker.given`, with a network in network_path."""
    monkeypatch.setenv("BOXMASK_NETWORK_PATH", str(tmp_path / "networks"))
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks/net.pth").write_bytes(b"weights")

    def parameters():
        params = TrackerParams()
        vars(params).update(made.given)
        params.net = Wrapper("net.pth")
        return params

    made = SimpleNamespace(name="theirs", results_dir=str(tmp_path / "results"), tracker_class=object,
                           get_parameters=parameters, given={"memory": 16, "sizes": (1, 2.5), "debug": 0})
    return made


def result_of(tracker, name="a.txt"):
    path = Path(tracker.results_dir, name)
    path.write_text("1\t2\t3\t4\n")
    return path


def test_a_run_goes_on_with_its_own_results(tracker):
    claim(tracker)
    result_of(tracker)
    tracker.given.update(debug=1, visualization=True, device="cpu")
    claim(tracker)
    recorded = json.loads(Path(tracker.results_dir, "origin.json").read_text())
    assert recorded["parameters"]["sizes"] == [1, 2.5]
    assert recorded["parameters"]["net"]["mean"] == [0.5, 0.25]
    assert len(recorded["networks"]["net.net_path"]) == 64


@pytest.mark.parametrize(("change", "message"), [
    (lambda tracker, root: tracker.given.update(memory=8), "parameters.memory 16 -> 8"),
    (lambda tracker, root: tracker.given.update(sizes=(1, 3)), r"parameters.sizes \[1, 2.5\] -> \[1, 3\]"),
    (lambda tracker, root: tracker.given.update(more=True), "parameters.more absent -> True"),
    (lambda tracker, root: (root / "networks/net.pth").write_bytes(b"others"), "networks.net.net_path [0-9a-f]{12}"),
    (lambda tracker, root: Path(tracker.results_dir, "origin.json").write_text("{"), "origin.json cannot be read"),
    (lambda tracker, root: Path(tracker.results_dir, "origin.json").unlink(), "nothing says what made them"),
])
def test_results_of_something_else_are_refused(tracker, tmp_path, change, message):
    claim(tracker)
    kept = result_of(tracker)
    change(tracker, tmp_path)
    with pytest.raises(OtherOriginError, match=message):
        claim(tracker)
    assert kept.is_file()
    kept.unlink()
    claim(tracker)  # nothing is there to be mixed up with


def test_results_without_a_record_may_be_told_and_kept(tracker, caplog):
    Path(tracker.results_dir).mkdir()
    result_of(tracker)
    claim(tracker, others_may_stay=True)
    assert "nothing says what made them; they are taken as they are" in caplog.text
    assert not Path(tracker.results_dir, "origin.json").exists()


def test_videos_do_not_count_as_results(tracker):
    claim(tracker)
    result_of(tracker, "video_a_1.txt")
    tracker.given.update(memory=8)
    claim(tracker)


def test_a_tracker_may_name_its_networks(tracker, tmp_path):
    tracker.tracker_class = type("Ours", (), {"network_files": staticmethod(
        lambda params: {"first": tmp_path / "networks/net.pth", "second": None})})
    networks = origin_of(tracker)["networks"]
    assert list(networks) == ["first", "second"] and networks["second"] is None and len(networks["first"]) == 64


def test_nothing_in_a_record_depends_on_an_address(tracker):
    tracker.given.update(function=len, kind=dict, large=np.zeros(5000), path=Path("/a"), thing=object(),
                         made=lambda value: value)
    first = json.dumps(origin_of(tracker))
    tracker.given.update(thing=object(), made=lambda value: value)
    assert json.dumps(origin_of(tracker)) == first and "0x" not in first
