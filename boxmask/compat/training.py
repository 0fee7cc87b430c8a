"""The trainer, and layers that training meets."""

from __future__ import annotations

import traceback
from functools import wraps
from types import ModuleType
from typing import Any

import torch

from boxmask.compat.mend import mends

_ATTEMPTS = 10  # as many as upstream's


@mends("fail_safe", "ltr.trainers.base_trainer")
def training_that_failed_is_an_error(module: ModuleType) -> bool:
    """`train(fail_safe=True)` takes every exception, Ctrl-C too, starts again from the last checkpoint, and after ten
    prints "Finished training!" and returns. Here, too, it starts again, but the tenth exception is raised, and
    Ctrl-C ends it.
    """
    original = module.BaseTrainer.train

    @wraps(original)
    def train(self: Any, max_epochs: int, load_latest: bool = False, fail_safe: bool = True) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                original(self, max_epochs, load_latest=load_latest, fail_safe=False)
                return
            except Exception:
                if not fail_safe or attempt == _ATTEMPTS:
                    raise
                traceback.print_exc()
                print(f"Restarting training from last epoch ... (attempt {attempt + 1} of {_ATTEMPTS})")
                # The epoch that broke off starts anew, from the last checkpoint if there is one.
                self.epoch = max(self.epoch - 1, 0)
                load_latest = True

    module.BaseTrainer.train = train
    return True


class _CurrentRates:
    """What a scheduler's `get_lr` was before torch 1.4: the learning rates that the epoch had."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer

    def get_lr(self) -> list[float]:
        return [group["lr"] for group in self._optimizer.param_groups]


@mends("B15", "ltr.trainers.ltr_trainer")
def the_learning_rate_that_was_used(module: ModuleType) -> bool:
    """`get_lr()` warns outside of `step()` and gives a rate that nobody used after a milestone, gamma applied twice;
    and there is none without a scheduler.
    """
    original = module.LTRTrainer._stats_new_epoch

    @wraps(original)
    def _stats_new_epoch(self: Any) -> None:
        scheduler, self.lr_scheduler = self.lr_scheduler, _CurrentRates(self.optimizer)
        try:
            original(self)
        finally:
            self.lr_scheduler = scheduler

    module.LTRTrainer._stats_new_epoch = _stats_new_epoch
    return True


@mends("B16", "ltr.models.layers.normalization")
def normalization_of_channels_last(module: ModuleType) -> bool:
    """`InstanceL2Norm` views its input flat, which a tensor in channels-last order cannot be."""
    original = module.InstanceL2Norm.forward
    try:
        module.InstanceL2Norm()(torch.zeros(1, 2, 2, 2).contiguous(memory_format=torch.channels_last))
        return False
    except RuntimeError:
        module.InstanceL2Norm.forward = lambda self, features: original(self, features.contiguous())
        return True
