"""What is shown of a training: a clip of a batch with boxes, truth and what both stages make of it, and its curves.

pytracking's trainers know nothing of it: the actors of `ltr.actors.boxmask` tell it what they see.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from boxmask.view import PORT, SERVER, address
from boxmask.view.background import Sink, View
from boxmask.view.picture import Clip, draw
from boxmask.view.sinks import open_view

if TYPE_CHECKING:
    from ltr.actors.boxmask import Seen
    from ltr.models.boxmask import InputSpec

# What `--set` of every train settings offers. view_every: batches from one picture, and point of a curve, to the next.
CHOICES = {"use_visdom": False, "visdom_server": SERVER, "visdom_port": PORT, "view_every": 50}
# Of the folder where the host writes its curves; TensorBoard shows it as a run of its own.
FOLDER = "pictures"


@contextmanager
def watching(settings: Any, actor: Any, loaders: Sequence[Any]) -> Iterator[None]:
    """Lets an actor of ours show what it sees, in the `with` block: in visdom where the settings have use_visdom, and a
    picture of each loader an epoch in `<tensorboard_dir>/<project_path>/pictures`. Of several processes the first does.
    Other actors, such as pytracking's for its own LWL, show nothing.
    """
    if os.environ.get("RANK", "0") != "0" or not hasattr(actor, "watch"):
        yield
        return
    server = address(settings.visdom_server, settings.visdom_port) if getattr(settings, "use_visdom", False) else None
    folder = getattr(settings.env, "tensorboard_dir", None)
    folder = os.path.join(os.path.expanduser(folder), settings.project_path) if folder else None
    batches = next((len(loader) for loader in loaders if loader.training), 1)
    # Whether there is tensorboard is for the host to say, which writes its curves with it.
    with open_view(visdom=server) as live, open_view(tensorboard=folder, name=FOLDER, quiet=True) as record:
        view = TrainingView(live, record, actor.net.input_spec, batches=batches,
                            every=getattr(settings, "view_every", CHOICES["view_every"]))
        actor.watch = view
        try:
            yield
        finally:
            actor.watch = None
            view.end_pass()


class TrainingView:
    """An actor's `watch`.

    live: gets a picture and a point of the curves every `every` batches of training, and a picture of the first batch
    and one point of every validation. record: a picture of the first batch of each pass over a loader. batches: of the
    training loader, so that the curves are drawn over epochs.
    """

    def __init__(self, live: View, record: View, spec: InputSpec, *, batches: int, every: int) -> None:
        if every < 1:
            raise ValueError(f"view_every is a number of batches, 1 or more; got {every}")
        self._live, self._record = live, record
        self._spec = spec
        self._batches, self._every = batches, every
        self._epoch, self._is_training, self._batch = 0, True, 0
        self._sums: Counter[str] = Counter()
        self._count = 0
        self._has_curves = False

    def __call__(self, seen: Seen, stats: Mapping[str, float]) -> None:
        if (seen.epoch, seen.is_training) != (self._epoch, self._is_training):
            self.end_pass()
            self._epoch, self._is_training, self._batch = seen.epoch, seen.is_training, 0
        self._batch += 1
        is_first = self._batch == 1
        self._show_clip(seen, self._record if is_first else View())
        self._show_clip(seen, self._live if is_first or (seen.is_training and self._batch % self._every == 0)
                        else View())
        self._sums.update(stats)
        self._count += 1
        if seen.is_training and self._batch % self._every == 0:
            self._show_means()

    def end_pass(self) -> None:
        """Shows what is left of the curves of a pass over a loader."""
        if self._count:
            self._show_means()

    def _show_means(self) -> None:
        epochs = self._epoch - 1 + self._batch / self._batches if self._is_training else float(self._epoch)
        plots: dict[str, dict[str, float]] = {}
        for name, total in self._sums.items():
            plot, _, line = name.rpartition("/")
            plots.setdefault(plot, {})[f"{_pass(self._is_training)} {line}"] = total / self._count
        # A training that goes on continues its curves.
        is_first = self._epoch <= 1 and not self._has_curves
        self._has_curves = True
        for plot, values in plots.items():
            self._live.put(partial(_show_values, plot, values, epochs, is_first))
        self._sums.clear()
        self._count = 0

    def _show_clip(self, seen: Seen, view: View) -> None:
        if view:
            title = f"{_pass(seen.is_training)}, epoch {seen.epoch}:"
            view.put(partial(_show_clip, f"{_pass(seen.is_training)}/clip", _first_clip(seen, self._spec, title),
                             seen.epoch))


def _pass(is_training: bool) -> str:
    return "train" if is_training else "val"


@torch.no_grad()
def _first_clip(seen: Seen, spec: InputSpec, title: str) -> Clip:
    """The first sample of a batch. Only what is shown leaves the GPU, as bytes."""
    images = spec.restore(seen.images[:, 0]).permute(0, 2, 3, 1).cpu().numpy()
    return Clip(title, [f"frame {number}" for number in range(1, len(images) + 1)], list(images),
                {name: list((logits[:, 0] > 0).cpu().numpy()) for name, logits in seen.stages.items()},
                boxes=None if seen.boxes is None else list(seen.boxes[:, 0].float().cpu().numpy()),
                truth=list(seen.masks[:, 0].to(torch.uint8).cpu().numpy()))


def _show_clip(title: str, clip: Clip, epoch: int, sink: Sink) -> None:
    sink.picture(title, draw(clip), epoch)


def _show_values(title: str, values: Mapping[str, float], epochs: float, is_first: bool, sink: Sink) -> None:
    sink.values(title, values, epochs, is_first=is_first)
