"""Settings whose run is steered by environment variables, so that tests can stop it where they like."""

import os
import sys
import time
from pathlib import Path

import torch

from ltr.admin import distributed

sys.path.insert(0, str(Path(__file__).parents[2]))
from training import ToyActor, toy_trainer  # noqa: E402


def run(settings):
    settings.seed = 5
    settings.env.tensorboard_dir = ""  # importing it takes longer than the run
    if "TOY_NAN" in os.environ:
        ToyActor.nan_at = (2, 3)
    trainer = toy_trainer(settings, before_batch=_wait if "TOY_HANG_IN" in os.environ else lambda epoch, batch: None)
    trainer.train(int(os.environ.get("TOY_EPOCHS", "3")), load_latest=True)
    if "TOY_DUMP" in os.environ:
        state = {"net": trainer.actor.net.module.state_dict(), "stats": _averages(trainer)}
        torch.save(state, f"{os.environ['TOY_DUMP']}{distributed.rank()}.pt")


def _averages(trainer):
    return {name: meter.history for name, meter in trainer.stats["train"].items()}


def _wait(epoch, batch):
    """Stands still in the second batch of an epoch, after telling that it does."""
    if epoch == int(os.environ["TOY_HANG_IN"]) and batch == 2:
        print("HANGING", flush=True)
        time.sleep(120)
