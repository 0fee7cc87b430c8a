"""The loop over epochs, and the checkpoints between them."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltr.actors import BaseActor
from ltr.admin import distributed
from ltr.admin.loading import CheckpointError, torch_load_legacy
from ltr.admin.multigpu import DistributedNet, unwrapped
from ltr.admin.settings import Settings
from ltr.trainers import checkpoints

_log = logging.getLogger(__name__)


class BaseTrainer:
    """Trains for a number of epochs with a checkpoint after each, and resumes. Subclasses write `train_epoch`.

    actor: has the network. loaders: run in each epoch, in this order. lr_scheduler: stepped once an epoch; may be None.

    Read from the settings: `env.workspace_dir` (None for no checkpoints), `project_path`, `use_gpu`, and, where set,
    `device`; `seed` (by default torch's seed: every epoch starts from random numbers that follow from the seed, the
    epoch and the process, so that a resumed run goes the way of one that was never stopped); `keep_checkpoints` (how
    many to keep; by default all).

    Under torchrun the actor's network is wrapped in DistributedNet and only the first process writes files.
    """

    def __init__(self, actor: BaseActor, loaders: Sequence[Any], optimizer: torch.optim.Optimizer, settings: Settings,
                 lr_scheduler: Any | None = None) -> None:
        self.actor = actor
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler
        self.loaders = loaders
        self.epoch = 0
        self.stats: dict[str, Any] = {}
        self.update_settings(settings)
        self.device = _choose_device(settings)
        self.actor.to(self.device)
        if distributed.is_distributed():
            self._distribute()
        # Mixed precision gives this a scaler; the base class only keeps it with the rest.
        self.scaler: torch.amp.GradScaler | None = None
        self._seed = torch.initial_seed() if getattr(settings, "seed", None) is None else settings.seed
        if self._seed < 0:
            raise ValueError(f"settings.seed is {self._seed}; set it to 0 or more")

    def update_settings(self, settings: Settings | None = None) -> None:
        """Takes over settings; needed after a change of `env.workspace_dir`."""
        if settings is not None:
            self.settings = settings
        workspace = self.settings.env.workspace_dir
        self._checkpoint_dir = None if workspace is None else Path(workspace).expanduser() / "checkpoints"

    def train(self, max_epochs: int, load_latest: bool = False, fail_safe: bool = True) -> None:
        """Trains until epoch `max_epochs` is done.

        load_latest: start from the newest checkpoint of this run, if there is one.
        fail_safe: accepted because pytracking has it, where it tries again after an error and in the end returns as if
            all had gone well. Here an error is always raised; started again, training goes on from the last checkpoint.
        """
        if load_latest:
            self.load_checkpoint()
        if self.epoch >= max_epochs:
            _log.info("nothing to do: %s has been trained for %d of %d epochs", self._name(), self.epoch, max_epochs)
            return
        self._make_folders()
        try:
            for epoch in range(self.epoch + 1, max_epochs + 1):
                self._run_epoch(epoch, max_epochs)
        except KeyboardInterrupt:
            if distributed.rank() == 0:
                _log.warning("\ninterrupted in epoch %d. %s", self.epoch, self._how_to_resume())
            raise
        _log.info("finished training %s: %d epochs", self._name(), max_epochs)

    def train_epoch(self) -> None:
        """Does one epoch for each loader."""
        raise NotImplementedError(f"{type(self).__name__} does not say what an epoch is")

    def save_checkpoint(self) -> None:
        """Writes `<workspace_dir>/checkpoints/<project_path>/<NetClass>_ep<epoch>.pth.tar`, whole or not at all.

        Raises OSError if it cannot be written, ValueError if the weights are not finite any more.
        """
        if distributed.rank() != 0:
            return
        net = unwrapped(self.actor.net)
        self._require_finite(net)
        path = checkpoints.checkpoint_path(self._directory(), type(net).__name__, self.epoch)
        checkpoints.save_checkpoint(self._state(net), path)
        keep = getattr(self.settings, "keep_checkpoints", None)
        if keep is not None:
            checkpoints.remove_older(self._directory(), type(net).__name__, max(int(keep), 1))

    def load_checkpoint(self, checkpoint: int | str | None = None, fields: Iterable[str] | None = None,
                        ignore_fields: Iterable[str] | None = None, load_constructor: bool = False) -> bool:
        """Takes over the state of a checkpoint; False if there is none.

        checkpoint: None for the newest whole one of this run, an epoch (int), or a path (str; of a folder the newest).
        fields: take only these keys. ignore_fields: leave these out; by default the settings stay as they are now.
        load_constructor: also take over how the network was constructed.
        Raises CheckpointError for the checkpoint of another network.
        """
        net = unwrapped(self.actor.net)
        found = self._find_checkpoint(checkpoint, type(net).__name__)
        if found is None:
            _log.info("no checkpoint of %s yet in %s: training starts from the beginning", self._name(),
                      self._directory())
            return False
        path, content = found
        if content.get("net_type") != type(net).__name__:
            raise CheckpointError(f"{path} holds a {content.get('net_type')}, and the network is a "
                                  f"{type(net).__name__}")
        ignored = set(("settings",) if ignore_fields is None else ignore_fields)
        wanted = set(content if fields is None else fields) - ignored
        self._take_over(net, {key: value for key, value in content.items() if key in wanted}, path)
        if load_constructor and content.get("constructor") is not None:
            net.constructor = content["constructor"]
        if content.get("net_info") is not None:
            net.info = content["net_info"]
        _log.info("resumed from %s (epoch %d)", path, self.epoch)
        return True

    def _make_folders(self) -> None:
        """Raises OSError for a folder that cannot be written before an epoch is trained in vain."""
        if self._checkpoint_dir is not None and distributed.rank() == 0:
            checkpoints.make_writable(self._directory(), "BOXMASK_WORKSPACE_DIR")

    def _run_epoch(self, epoch: int, max_epochs: int) -> None:
        self.epoch = epoch
        self._seed_random_numbers()
        self.train_epoch()
        if self.lr_scheduler is not None:
            self.lr_scheduler.step()
        if self._checkpoint_dir is not None:
            self.save_checkpoint()

    def _state(self, net: torch.nn.Module) -> dict[str, Any]:
        state = {
            "epoch": self.epoch,
            "actor_type": type(self.actor).__name__,
            "net_type": type(net).__name__,
            "net": net.state_dict(),
            "net_info": getattr(net, "info", None),
            "constructor": getattr(net, "constructor", None),
            "optimizer": self.optimizer.state_dict(),
            "stats": self.stats,
            "settings": checkpoints.plain_settings(self.settings),
        }
        if self.lr_scheduler is not None:
            state["lr_scheduler"] = self.lr_scheduler.state_dict()
        if self.scaler is not None:
            state["scaler"] = self.scaler.state_dict()
        return state

    def _take_over(self, net: torch.nn.Module, content: dict[str, Any], path: Path) -> None:
        if "net" in content:
            _load_weights(net, content["net"], path)
        if "optimizer" in content:
            self._take_over_optimizer(content, path)
        if "scaler" in content and self.scaler is not None:
            self.scaler.load_state_dict(content["scaler"])
        if "stats" in content:
            self.stats = content["stats"]
        if "epoch" in content:
            self.epoch = content["epoch"]
        if self.lr_scheduler is None:
            return
        if "lr_scheduler" in content:
            self.lr_scheduler.load_state_dict(content["lr_scheduler"])
        elif "epoch" in content:  # a checkpoint of pytracking, which does not keep the scheduler
            self.lr_scheduler.last_epoch = self.epoch

    def _take_over_optimizer(self, content: dict[str, Any], path: Path) -> None:
        wanted = self._learning_rates()
        try:
            self.optimizer.load_state_dict(content["optimizer"])
        except ValueError as error:  # torch's says neither which file nor why
            raise CheckpointError(f"{path} was trained with an optimizer of other parameters: settings that say what "
                                  "trains, such as backbone_rate, have changed since. Set them as they were, or name "
                                  "another workspace with BOXMASK_WORKSPACE_DIR") from error
        kept = self._learning_rates()
        if kept != wanted and distributed.rank() == 0:
            _log.warning("%s goes on with its own learning rates, %s: those of the settings, %s, have no effect", path,
                         _listed(kept), _listed(wanted))

    def _learning_rates(self) -> list[float]:
        """What a scheduler starts from, of every group."""
        return [float(group.get("initial_lr", group["lr"])) for group in self.optimizer.param_groups]

    def _find_checkpoint(self, checkpoint: int | str | None, net_type: str) -> tuple[Path, dict[str, Any]] | None:
        if isinstance(checkpoint, int):
            path = checkpoints.checkpoint_path(self._directory(), net_type, checkpoint)
            return path, torch_load_legacy(path)
        folder = self._directory() if checkpoint is None else Path(checkpoint).expanduser()
        if checkpoint is not None and not folder.is_dir():
            return folder, torch_load_legacy(folder)
        # The first process chooses: the others must not take another one while it writes or removes files.
        found = checkpoints.read_newest(folder, net_type) if distributed.rank() == 0 else None
        path = distributed.gather(found and found[0])[0]
        if found is None and path is not None:
            found = path, torch_load_legacy(path)
        if found is None and checkpoint is not None:
            raise FileNotFoundError(f"there is no checkpoint of a {net_type} in {folder}")
        return found

    def _require_finite(self, net: torch.nn.Module) -> None:
        bad = [name for name, value in net.state_dict().items()
               if value.is_floating_point() and not torch.isfinite(value).all()]
        if bad:
            raise ValueError(f"the weights of {type(net).__name__} are not finite after epoch {self.epoch} (first: "
                             f"{bad[0]}); no checkpoint was written. Lower the learning rate or set "
                             "settings.grad_clip_max_norm")

    def _distribute(self) -> None:
        net = unwrapped(self.actor.net)
        self.actor.net = DistributedNet(net, device_ids=[self.device] if self.device.type == "cuda" else None)

    def _seed_random_numbers(self) -> None:
        sequence = np.random.SeedSequence([self._seed, self.epoch, distributed.rank()])
        seed = int(sequence.generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)

    def _directory(self) -> Path:
        if self._checkpoint_dir is None:
            raise ValueError("settings.env.workspace_dir is None, so this run has no checkpoints")
        return self._checkpoint_dir / self.settings.project_path

    def _name(self) -> str:
        return str(getattr(self.settings, "project_path", type(self.actor).__name__))

    def _how_to_resume(self) -> str:
        done = self.epoch - 1
        kept = f"{done} epochs are kept" if done and self._checkpoint_dir is not None else "no epoch was finished"
        return f"{kept}; the same command goes on"


def _load_weights(net: torch.nn.Module, state: dict[str, torch.Tensor], path: Path) -> None:
    try:
        net.load_state_dict(state)
    except RuntimeError as error:  # dozens of lines, one for each tensor
        raise CheckpointError(f"{path} is of a {type(net).__name__} of other widths or layers; move the folder "
                              f"{path.parent} away, or name another workspace with BOXMASK_WORKSPACE_DIR") from error


def _listed(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate:g}" for rate in rates)


def _choose_device(settings: Settings) -> torch.device:
    device = getattr(settings, "device", None)
    if device is not None:
        return torch.device(device)
    if not (torch.cuda.is_available() and settings.use_gpu):
        return torch.device("cpu")
    return torch.device("cuda", distributed.local_rank() if distributed.is_distributed() else 0)
