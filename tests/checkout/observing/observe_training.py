"""The trainer: losses, statistics, checkpoints, and going on from them."""

import contextlib
import io
from pathlib import Path

import torch
from training import ToyActor

from ltr.admin import loading
from ltr.admin.settings import Settings
from ltr.data import LTRLoader
from ltr.models.toynet import toynet
from ltr.trainers import LTRTrainer
from pytracking import TensorDict


class Samples(torch.utils.data.Dataset):
    """Numbers that follow from the index: the hosts seed their random numbers differently."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        x = torch.tensor([index, index ** 2 / 8, 1.0]) / 8
        return TensorDict(x=x, y=x.sum(0, keepdim=True), name=f"clip{index}")


def run(name, epochs, *, resume=False, clip=None, batch_size=2):
    """Trains a network of one layer and returns its trainer."""
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "toy", name, f"ltr/toy/{name}"
    settings.env.workspace_dir, settings.env.tensorboard_dir = "workspace", "curves"
    settings.use_gpu = False
    if clip is not None:
        settings.grad_clip_max_norm = clip
    torch.manual_seed(1)
    net = toynet(width=3)
    loaders = [LTRLoader("train", Samples(), training=True, batch_size=batch_size),
               LTRLoader("val", Samples(), training=False, batch_size=4, epoch_interval=2)]
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 3], gamma=0.1)
    trainer = LTRTrainer(ToyActor(net, torch.nn.MSELoss()), loaders, optimizer, settings, scheduler)
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.train(epochs, load_latest=resume, fail_safe=False)
    return trainer


def history(trainer, prefix="Loss"):
    return {loader: {name: meter.history for name, meter in (meters or {}).items() if name.startswith(prefix)}
            for loader, meters in trainer.stats.items()}


def training():
    for name, clip in (("plain", None), ("clipped", 1e-3)):
        trainer = run(name, 4, clip=clip)
        yield f"{name}: losses", history(trainer)
        yield f"{name}: sizes", history(trainer, "Stats")
        yield f"{name}: weights", trainer.actor.net.state_dict()
        yield f"{name}: learning rates", history(trainer, "LearningRate")
        yield f"{name}: calls", trainer.actor.seen
    yield "means with a smaller last batch", history(run("uneven", 1, batch_size=3))["train"]
    yield "files", sorted(str(path) for path in Path("workspace").rglob("*") if path.is_file())
    yield "folders of curves", sorted(str(path) for path in Path("curves/ltr/toy/plain").iterdir())


def going_on():
    run("halved", 2)
    trainer = run("halved", 4, resume=True)
    yield "epoch", trainer.epoch
    # Adam with another learning rate from the third epoch on: equal only if its state was taken over.
    yield "losses", history(trainer)
    yield "weights", trainer.actor.net.state_dict()


def checkpoints():
    trainer = run("kept", 1)
    content = loading.torch_load_legacy("workspace/checkpoints/ltr/toy/kept/ToyNet_ep0001.pth.tar")
    yield "keys", sorted(set(content) - {"lr_scheduler"})
    yield "keeps the scheduler", "lr_scheduler" in content
    yield "facts", {key: content[key] for key in ("epoch", "actor_type", "net_type", "net_info")}
    yield "constructor", vars(content["constructor"])
    yield "settings", {key: value for key, value in vars(content["settings"]).items() if key != "env"}
    yield "optimizer", content["optimizer"]
    net, _ = loading.load_network("workspace/checkpoints/ltr/toy/kept", 1, scale=3.0)
    yield "network", (net.state_dict(), net.scale, net.training, type(net) is type(trainer.actor.net))
