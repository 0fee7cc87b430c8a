"""What is shown of a training, by the actors of both networks, whoever calls them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from boxmask.view import training
from boxmask.view.background import View
from boxmask.view.training import TrainingView, watching
from ltr.actors.boxmask import BoxMaskActor, Seen, VosActor
from ltr.models.boxmask import InputSpec
from ltr.train_settings.boxmask._choices import choose

SPEC = InputSpec(size=(20, 12), mean=(10.0, 20.0, 30.0), std=(2.0, 2.0, 2.0), bgr=True)


class Shown(View):
    """Notes at once what is shown."""

    def __init__(self):
        self.pictures, self.points = [], []

    def __bool__(self):
        return True

    def put(self, call):
        call(SimpleNamespace(picture=lambda *picture: self.pictures.append(picture),
                             values=lambda *values, is_first: self.points.append((*values, is_first))))


@pytest.fixture
def undrawn(monkeypatch):
    """Clips are shown as they are."""
    monkeypatch.setattr(training, "draw", lambda clip: clip)


class Net(torch.nn.Module):
    """Finds the bright, and then the dark."""

    input_spec = SPEC

    def forward(self, images, boxes):
        return images.sum(2), -images.sum(2)


def batch(epoch, samples=2):
    images = torch.arange(3.0 * samples * 3 * 12 * 20).view(3, samples, 3, 12, 20) % 200
    masks = torch.zeros(3, samples, 12, 20)
    masks[..., :4] = 255
    masks[..., 8:] = 1
    return {"images": SPEC.normalise(images), "masks": masks, "boxes": torch.full((3, samples, 4), 5.0),
            "epoch": epoch}, images


def test_the_box_to_mask_actor_shows_its_first_sample_with_both_stages(undrawn):
    live, record = Shown(), Shown()
    data, images = batch(epoch=3)
    actor = BoxMaskActor(Net(), lambda scores, target: scores.mean())
    actor.watch = TrainingView(live, record, SPEC, batches=10, every=1)
    actor(data)
    for shown in (live, record):
        (title, clip, epoch), = shown.pictures
        assert (title, clip.title, epoch) == ("train/clip", "train, epoch 3:", 3)
        np.testing.assert_array_equal(clip.images[1], images[1, 0].permute(1, 2, 0).byte())
        np.testing.assert_array_equal(clip.truth[0], data["masks"][0, 0].byte())
        assert clip.boxes[2].tolist() == [5.0] * 4 and list(clip.stages) == ["first stage", "refined"]
        np.testing.assert_array_equal(clip.stages["first stage"][0], data["images"][0, 0].sum(0) > 0)
        np.testing.assert_array_equal(clip.stages["refined"][0], data["images"][0, 0].sum(0) < 0)
    assert {title for title, *_ in live.points} == {"Loss", "Stats"} and not record.points
    assert dict(live.points[0][1]).keys() == {"train total", "train stage1", "train stage2"}


def test_the_vos_actor_shows_its_test_frames(undrawn):
    live = Shown()
    data, _ = batch(epoch=1)

    class Vos(torch.nn.Module):
        def forward(self, train_images, train_masks, test_images):
            return test_images.sum(2)

    actor = VosActor(Vos().eval(), lambda scores, target: scores.mean())
    actor.watch = TrainingView(live, View(), SPEC, batches=10, every=1)
    actor({"train_images": data["images"][:1], "train_masks": data["masks"][:1], "test_images": data["images"],
           "test_masks": data["masks"], "epoch": 1})
    (title, clip, _), = live.pictures
    assert title == "val/clip" and clip.boxes is None and list(clip.stages) == ["mask"]


def seen(epoch, is_training):
    values = torch.zeros(1, 1, 4, 4)
    return Seen(epoch, is_training, torch.zeros(1, 1, 3, 4, 4), values, {"mask": values})


def test_curves_are_over_epochs_and_pictures_come_with_the_points_and_once_a_pass(undrawn):
    live, record = Shown(), Shown()
    view = TrainingView(live, record, SPEC, batches=5, every=2)
    for epoch in (1, 2):
        for number in range(5):
            view(seen(epoch, True), {"Stats/J": float(number)})
        for number in range(2):
            view(seen(epoch, False), {"Stats/J": 10.0 * epoch + number})
    view.end_pass()
    assert [(next(iter(values.items())), x, is_first) for _, values, x, is_first in live.points] == [
        (("train J", 0.5), 0.4, True), (("train J", 2.5), 0.8, False), (("train J", 4.0), 1.0, False),
        (("val J", 10.5), 1.0, False),
        (("train J", 0.5), 1.4, False), (("train J", 2.5), 1.8, False), (("train J", 4.0), 2.0, False),
        (("val J", 20.5), 2.0, False)]
    assert [picture[0] for picture in record.pictures] == ["train/clip", "val/clip"] * 2
    assert [picture[0] for picture in live.pictures] == (["train/clip"] * 3 + ["val/clip"]) * 2


def test_a_training_that_goes_on_continues_its_curves(undrawn):
    live = Shown()
    TrainingView(live, View(), SPEC, batches=5, every=1)(seen(7, True), {"Stats/J": 1.0})
    assert live.points == [("Stats", {"train J": 1.0}, 6.2, False)]


@pytest.fixture
def opened(monkeypatch):
    """What is opened: keyword arguments of `open_view`."""
    asked = []

    def open_view(**arguments):
        asked.append({name: value for name, value in arguments.items() if name in ("visdom", "tensorboard")})
        return View()

    monkeypatch.setattr(training, "open_view", open_view)
    return asked


@pytest.mark.parametrize(("said", "server"), [
    ("", None), ("use_visdom=1", "http://127.0.0.1:8097"), ("use_visdom=0", None),
    ("use_visdom=yes visdom_server=10.0.0.1 visdom_port=9000", "http://10.0.0.1:9000")])
def test_every_train_settings_take_where_to_show_things(said, server, opened, monkeypatch, tmp_path):
    monkeypatch.setenv("BOXMASK_SET", said)
    settings = SimpleNamespace(env=SimpleNamespace(tensorboard_dir=str(tmp_path)), project_path="ltr/boxmask/x")
    choose(settings, batch_size=2)
    actor = SimpleNamespace(net=SimpleNamespace(input_spec=SPEC), watch=None)
    with watching(settings, actor, []):
        assert isinstance(actor.watch, TrainingView)
    assert actor.watch is None
    assert opened == [{"visdom": server}, {"tensorboard": str(tmp_path / "ltr/boxmask/x")}]


def test_of_several_processes_the_first_shows_things(opened, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    actor = SimpleNamespace(watch=None)
    with watching(SimpleNamespace(), actor, []):
        assert actor.watch is None
    assert not opened


@pytest.mark.parametrize("bgr", [True, False])
def test_an_image_can_be_looked_at_again(bgr):
    spec = InputSpec(size=(4, 4), mean=(102.9801, 115.9465, 122.7717), std=(1.0, 57.4, 3.0), bgr=bgr)
    images = torch.randint(0, 256, (2, 3, 4, 4))
    assert torch.equal(spec.restore(spec.normalise(images.float())), images.byte())


def test_an_actor_that_cannot_be_watched_trains_as_ever():
    actor = SimpleNamespace(net=torch.nn.Identity())
    with watching(SimpleNamespace(), actor, []):
        assert not hasattr(actor, "watch")
