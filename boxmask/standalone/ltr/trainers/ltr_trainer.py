"""The loop over batches."""

from __future__ import annotations

import logging
import math
import os
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from ltr.actors import BaseActor
from ltr.admin import distributed
from ltr.admin.multigpu import unwrapped
from ltr.admin.settings import Settings
from ltr.admin.stats import AverageMeter, StatValue
from ltr.admin.tensorboard import TensorboardWriter
from ltr.trainers.base_trainer import BaseTrainer
from ltr.trainers.checkpoints import make_writable
from ltr.trainers.progress import Progress, duration

_log = logging.getLogger(__name__)


class NonFiniteLossError(ValueError):
    """The loss is NaN or infinite; says in which epoch and batch."""


class LTRTrainer(BaseTrainer):
    """Trains on loaders that are marked `training` and measures on the others, every `epoch_interval` epochs of each.

    freeze_backbone_bn_layers: keep the batch norm statistics of `net.feature_extractor` as they are.

    Read from the settings besides what BaseTrainer reads: `env.tensorboard_dir`, `module_name`, `script_name`,
    `description`, `print_interval` (10 batches), `print_stats` (names; None for all), `move_data_to_gpu` (True),
    and, where set, `grad_clip_max_norm` and `use_amp` (True for mixed precision on CUDA: bfloat16 where the GPU has it,
    float16 with a loss scaler otherwise; nothing changes on a CPU. 'bfloat16' for that type wherever it runs).

    Statistics are kept by loader name in `stats`: means over all samples and, under torchrun, all processes.
    """

    def __init__(self, actor: BaseActor, loaders: Sequence[Any], optimizer: torch.optim.Optimizer, settings: Settings,
                 lr_scheduler: Any | None = None, freeze_backbone_bn_layers: bool = False) -> None:
        super().__init__(actor, loaders, optimizer, settings, lr_scheduler)
        for name, default in (("print_interval", 10), ("print_stats", None), ("description", "")):
            if getattr(settings, name, None) is None:
                setattr(settings, name, default)
        self.move_data_to_gpu = getattr(settings, "move_data_to_gpu", True)
        self.freeze_backbone_bn_layers = freeze_backbone_bn_layers
        self.stats = OrderedDict((loader.name, None) for loader in loaders)
        self._max_epochs = 0
        self._started, self._epochs_done = time.perf_counter(), 0
        self._amp_dtype = self._choose_amp_dtype()
        self.scaler = torch.amp.GradScaler("cuda") if self._amp_dtype is torch.float16 else None
        self.tensorboard_writer = self._make_tensorboard_writer()

    def train(self, max_epochs: int, load_latest: bool = False, fail_safe: bool = True) -> None:
        """As in BaseTrainer; closes the TensorBoard files at the end."""
        self._max_epochs = max_epochs
        self._started, self._epochs_done = time.perf_counter(), 0
        try:
            super().train(max_epochs, load_latest, fail_safe)
        finally:
            if self.tensorboard_writer is not None:
                self.tensorboard_writer.close()

    def train_epoch(self) -> None:
        """One pass over each loader that is due in this epoch."""
        for loader in self.loaders:
            if self.epoch % loader.epoch_interval == 0:
                self.cycle_dataset(loader)
        self._stats_new_epoch()

    def _make_folders(self) -> None:
        super()._make_folders()
        if self.tensorboard_writer is not None:
            make_writable(Path(self.tensorboard_writer.directory), "BOXMASK_TENSORBOARD_DIR")

    def _run_epoch(self, epoch: int, max_epochs: int) -> None:
        super()._run_epoch(epoch, max_epochs)
        # After the checkpoint: curves that cannot be written are no reason to lose the epoch.
        if self.tensorboard_writer is not None:
            self._write_tensorboard(self.tensorboard_writer)
        self._show_epoch()

    def cycle_dataset(self, loader: Any) -> None:
        """One pass over a loader, with updates of the weights if it is a training loader."""
        self.actor.train(loader.training)
        if self.freeze_backbone_bn_layers:
            _freeze_batch_norms(unwrapped(self.actor.net).feature_extractor)
        _tell_epoch(loader, self.epoch)
        progress = None
        if distributed.rank() == 0:
            progress = Progress(loader.name, self.epoch, len(loader), interval=self.settings.print_interval)
        with torch.set_grad_enabled(loader.training):
            for batch, data in enumerate(loader, 1):
                where = f"epoch {self.epoch}, {loader.name} batch {batch}"
                stats = self._step(data, training=loader.training, where=where)
                batch_size = _batch_size(loader, batch)
                self._update_stats(stats, batch_size, loader.name)
                if progress is not None:
                    progress.update(batch, batch_size, self._averages_to_print(loader.name))

    def _step(self, data: Any, *, training: bool, where: str) -> Mapping[str, float]:
        """The loss of one batch and, in training, one step of the optimizer. Returns the actor's statistics."""
        if self.move_data_to_gpu:
            data = data.to(self.device)
        data["epoch"] = self.epoch
        data["settings"] = self.settings
        with self._autocast():
            loss, stats = self.actor(data)
        if not math.isfinite(loss.item()):
            raise NonFiniteLossError(f"the loss is {loss.item()} in {where} of {self._name()}; training has stopped, "
                                     "and the last checkpoint is from before it. Check data and learning rate")
        if training:
            self._update_weights(loss)
        return stats

    def _update_weights(self, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        scaler = self.scaler
        (loss if scaler is None else scaler.scale(loss)).backward()
        max_norm = getattr(self.settings, "grad_clip_max_norm", None)
        if max_norm is not None:
            if scaler is not None:
                scaler.unscale_(self.optimizer)
            torch.nn.utils.clip_grad_norm_(self.actor.net.parameters(), max_norm)
        if scaler is None:
            self.optimizer.step()
        else:
            scaler.step(self.optimizer)
            scaler.update()

    def _choose_amp_dtype(self) -> torch.dtype | None:
        wanted = getattr(self.settings, "use_amp", False)
        if wanted not in (None, False, True, "bfloat16"):
            raise ValueError(f"settings.use_amp is {wanted!r}; set it to True, False or 'bfloat16'")
        if not wanted:
            return None
        if wanted == "bfloat16":
            return torch.bfloat16
        if self.device.type != "cuda":
            _log.info("settings.use_amp has no effect on %s", self.device)
            return None
        # Ampere is the first generation that computes in bfloat16; before it, it is emulated and slow.
        return torch.bfloat16 if torch.cuda.get_device_capability(self.device) >= (8, 0) else torch.float16

    def _autocast(self) -> AbstractContextManager[Any]:
        return nullcontext() if self._amp_dtype is None else torch.autocast(self.device.type, self._amp_dtype)

    def _update_stats(self, new: Mapping[str, float], batch_size: int, loader_name: str) -> None:
        meters = self._stats_of(loader_name)
        for name, value in new.items():
            meters.setdefault(name, AverageMeter()).update(value, batch_size)

    def _stats_of(self, loader_name: str) -> OrderedDict[str, Any]:
        if self.stats.get(loader_name) is None:
            self.stats[loader_name] = OrderedDict()
        return self.stats[loader_name]

    def _averages_to_print(self, loader_name: str) -> dict[str, float]:
        wanted = self.settings.print_stats
        return {name: meter.avg for name, meter in self._stats_of(loader_name).items()
                if isinstance(meter, AverageMeter) and meter.count and (wanted is None or name in wanted)}

    def _stats_new_epoch(self) -> None:
        """Merges the means of all processes, notes the learning rates, and ends the epoch of every statistic."""
        self._merge_processes()
        for loader in self.loaders:
            if loader.training:
                for index, group in enumerate(self.optimizer.param_groups):
                    meters = self._stats_of(loader.name)
                    meters.setdefault(f"LearningRate/group{index}", StatValue()).update(float(group["lr"]))
        for meters in self.stats.values():
            for meter in (meters or {}).values():
                if isinstance(meter, AverageMeter):
                    meter.new_epoch()

    def _merge_processes(self) -> None:
        if not distributed.is_distributed():
            return
        own = {(loader_name, name): (meter.sum, meter.count) for loader_name, meters in self.stats.items()
               for name, meter in (meters or {}).items() if isinstance(meter, AverageMeter) and meter.count}
        everyones = distributed.gather(own)
        for key in dict.fromkeys(key for sums in everyones for key in sums):
            meter = self._stats_of(key[0]).setdefault(key[1], AverageMeter())
            found = [sums[key] for sums in everyones if key in sums]
            meter.sum, meter.count = (sum(column) for column in zip(*found, strict=True))
            meter.avg = meter.sum / meter.count

    def _make_tensorboard_writer(self) -> TensorboardWriter | None:
        directory = self.settings.env.tensorboard_dir
        if not directory or distributed.rank() != 0:
            return None
        return TensorboardWriter(os.path.join(directory, self.settings.project_path),
                                 [loader.name for loader in self.loaders])

    def _write_tensorboard(self, writer: TensorboardWriter) -> None:
        if self.epoch == 1:
            settings = self.settings
            names = ("module_name", "script_name", "description")
            writer.write_info(*(str(getattr(settings, name, "")) for name in names))
        writer.write_epoch(self.stats, self.epoch)

    def _show_epoch(self) -> None:
        self._epochs_done += 1
        left = self._max_epochs - self.epoch
        if distributed.rank() == 0 and left:
            seconds = (time.perf_counter() - self._started) / self._epochs_done * left
            _log.info("epoch %d / %d done, about %s left", self.epoch, self._max_epochs, duration(seconds))


def _tell_epoch(loader: Any, epoch: int) -> None:
    """Lets a loader shuffle by the number of the epoch, so that a resumed run shuffles like one never stopped."""
    if hasattr(loader, "epochs_started"):  # LTRLoader counts by itself, from when it was made
        loader.epochs_started = epoch
    if hasattr(getattr(loader, "sampler", None), "set_epoch"):
        loader.sampler.set_epoch(epoch)


def _batch_size(loader: Any, batch: int) -> int:
    """Of batch number `batch` (from 1): the last one may be smaller."""
    if not loader.batch_size:
        return 1
    return min(loader.batch_size, len(loader.sampler) - (batch - 1) * loader.batch_size)


def _freeze_batch_norms(net: torch.nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
