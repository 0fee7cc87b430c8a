"""What is shown of a run that makes masks, and that it makes the same masks when nothing can be shown."""

import numpy as np
import pytest

from boxmask.cli import main
from boxmask.generate.engine import generate_masks
from boxmask.generate.network import NetworkMasker
from boxmask.generate.quality import Row, to_csv
from boxmask.view import background, generation
from boxmask.view.background import View
from boxmask.view.generation import ClipView, RunView


class Sink:
    """Notes what is shown."""

    def __init__(self):
        self.pictures, self.points, self.curves = [], [], []

    def picture(self, title, clip, number):
        self.pictures.append((title, clip, number))

    def values(self, title, values, x, *, is_first):
        self.points.append((title, values, x, is_first))

    def curve(self, title, y):
        self.curves.append((title, y))


class Shown(View):
    """Shows at once."""

    def __init__(self):
        self.sink = Sink()

    def __bool__(self):
        return True

    def put(self, call):
        call(self.sink)


@pytest.fixture
def clips(monkeypatch):
    """Clips are shown as they are, and as often as there are any."""
    monkeypatch.setattr(generation, "draw", lambda clip: clip)
    monkeypatch.setattr(generation, "PICTURE_EVERY", 0.0)


def test_a_window_is_shown_as_the_network_saw_it_with_both_stages(clips, memory_sequence, inside_net):
    live, record = Shown(), Shown()
    masker = NetworkMasker(inside_net(threshold=100))
    events = list(generate_masks([memory_sequence("vvavv", "vvvvv", name="two")], masker,
                                 watch=ClipView(live, record)))
    assert events
    shown = {clip.title: clip for _, clip, _ in live.sink.pictures}
    assert list(shown) == ["two, object 1:", "two, object 2:"]
    clip = shown["two, object 1:"]
    assert list(clip.names) == ["00000", "00001", "00003", "00004"]
    assert all(image.shape == (24, 32, 3) and image.dtype == np.uint8 for image in clip.images)
    assert all(0 <= box[0] < 32 and 0 <= box[1] < 24 for box in clip.boxes)
    for image, first, refined in zip(clip.images, *clip.stages.values(), strict=True):
        np.testing.assert_array_equal(refined, image[..., 0] > 100)
        np.testing.assert_array_equal(first, ~refined)
    assert len(record.sink.pictures) == 1  # those that are kept come seldom


def test_a_baseline_has_no_clips_to_show(clips, memory_sequence):
    from boxmask.evaluate.baselines import filled_box
    live = Shown()
    assert list(generate_masks([memory_sequence("vvv")], filled_box, watch=ClipView(live, View())))
    assert not live.sink.pictures


def test_speed_and_quality_are_shown_as_a_run_tells_of_them(monkeypatch, tmp_path):
    seconds = iter([0.0, 10.0, 11.0, 14.0])
    monkeypatch.setattr(generation.time, "monotonic", lambda: next(seconds, 14.0))
    (tmp_path / "a").mkdir()
    rows = [Row(str(frame), 1, score, 1.0, 1.0, 1.0, 1.0, 1) for frame, score in enumerate((0.5, 1.0))]
    (tmp_path / "a" / "quality.csv").write_text(to_csv(rows))
    shown = Shown()
    view = RunView(shown, tmp_path)
    for event in ({"event": "start"}, {"event": "frames", "count": 4}, {"event": "frames", "count": 8},
                  {"event": "sequence", "name": "a", "done": 1}, {"event": "sequence", "name": "gone", "done": 2},
                  {"event": "end"}):
        view.tell(event)
    assert shown.sink.points == [("speed", {"frames_per_second": 3.0}, 12, True),
                                 ("quality", {"mean_of_sequence": 0.75}, 1, True)]
    assert shown.sink.curves == [("quality of the last sequence", [0.5, 1.0])]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_without_a_server_a_run_makes_its_masks_and_says_so_once(got10k, tmp_path, tree, caplog, workers, capfd):
    background._warn.cache_clear()
    root = got10k()
    command = ["generate", "got10k", "--root", str(root), "--method", "box", "--workers", workers, "--out"]
    assert main([*command, str(tmp_path / "plain")]) == 0
    assert main([*command, str(tmp_path / "shown"), "--use_visdom", "--visdom_port", "9", "--tensorboard",
                 str(tmp_path / "events")]) == 0
    masks = [{path: data for path, data in tree(tmp_path / name).items() if path.endswith(".png")}
             for name in ("plain", "shown")]
    assert masks[0] == masks[1] and len(masks[0]) == 4
    said = caplog.text + capfd.readouterr().err
    assert said.count("live view") == 1 and "Traceback" not in said


def test_files_for_tensorboard_do_not_go_among_the_masks(got10k, tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["generate", "got10k", "--root", str(got10k()), "--out", out, "--tensorboard", f"{out}/events"]) == 2
    assert "among the masks" in capsys.readouterr().err
