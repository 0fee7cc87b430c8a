"""A training run that takes milliseconds: linear regression on random numbers."""

import torch

from ltr.actors import BaseActor
from ltr.data import LTRLoader
from ltr.models.toynet import toynet
from ltr.trainers import LTRTrainer
from pytracking import TensorDict


class ToyActor(BaseActor):
    """`nan_at`: (epoch, batch) whose loss is NaN. `before_batch` is called with epoch and batch."""

    nan_at = None

    def __init__(self, net, objective, before_batch=lambda epoch, batch: None):
        super().__init__(net, objective)
        self.before_batch = before_batch
        self.seen = []

    def __call__(self, data):
        batch = sum(epoch == data["epoch"] for epoch, _ in self.seen) + 1
        self.seen.append((data["epoch"], torch.is_grad_enabled()))
        self.before_batch(data["epoch"], batch)
        loss = self.objective(self.net(data["x"]), data["y"])
        if self.nan_at == (data["epoch"], batch):
            loss = loss * float("nan")
        return loss, {"Loss/total": loss.item(), "Stats/size": float(len(data["x"]))}


class ToyData(torch.utils.data.Dataset):
    """New random numbers with every access, so that two runs are alike only if their seeds are."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        x = torch.rand(3)
        return TensorDict(x=x, y=x.sum(0, keepdim=True), name=f"clip{index}")


def toy_trainer(settings, *, scheduler=True, validation=False, samples=16, workers=0, learning_rate=0.1,
                before_batch=lambda epoch, batch: None):
    torch.manual_seed(1)
    net = toynet(width=3)
    loaders = [LTRLoader("train", ToyData(samples), training=True, batch_size=4, shuffle=True, num_workers=workers)]
    if workers:
        loaders[0].multiprocessing_context = "fork"  # spawned ones could not import this file
    if validation:
        loaders.append(LTRLoader("val", ToyData(8), training=False, batch_size=4, epoch_interval=2))
    optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 3], gamma=0.1) if scheduler else None
    actor = ToyActor(net, torch.nn.MSELoss(), before_batch)
    return LTRTrainer(actor, loaders, optimizer, settings, schedule)
