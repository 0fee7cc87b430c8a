"""What the train settings of this folder share."""

from __future__ import annotations

import logging
import math
import os
import pickle
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.utils.data

from boxmask.view.training import watching
from ltr.actors.boxmask import BoxMaskActor, VosActor
from ltr.admin.settings import Settings
from ltr.data import LTRLoader
from ltr.data.boxmask import ClipProcessing, ClipSampler
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.models.boxmask import BoxMaskNet, VosNet
from ltr.models.loss.segmentation import LovaszSegLoss
from ltr.train_settings.boxmask._choices import asked
from ltr.trainers import LTRTrainer

_log = logging.getLogger(__name__)

BACKBONE_FILE = 'e2e_mask_rcnn_R_50_FPN_1x_converted.pkl'  # its name in pytracking's model zoo


def dataset_dir(settings: Settings, name: str) -> str | None:
    """The folder that `settings.env.<name>` or the environment variable BOXMASK_<NAME> names, None if neither does.

    Raises FileNotFoundError for a folder that is named and does not exist.
    """
    variable = f'BOXMASK_{name.upper()}'
    folder = os.environ.get(variable) or getattr(settings.env, name, None)
    if not folder:
        return None
    folder = os.path.expanduser(str(folder))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{name} is {folder}, and there is no such folder; correct {variable} or local.py, "
                                "or unset it to train without this dataset")
    return folder


def davis_names(settings: Settings, folder: str) -> list[str] | None:
    """The sequences of DAVIS in `folder` that the file `settings.davis_list` names, one a line; None without a file.

    Raises FileNotFoundError for a sequence that is not there, ValueError for a list without names.
    """
    if settings.davis_list is None:
        return None
    names = Path(settings.davis_list).read_text(encoding='utf-8').split()
    if not names:
        raise ValueError(f"{settings.davis_list}: names no sequence; write one a line, or leave davis_list out")
    for name in names:
        images = Path(folder, 'JPEGImages', '480p', name)
        if not images.is_dir():
            raise FileNotFoundError(f"{settings.davis_list}: names the sequence {name}, and there is no folder "
                                    f"{images}")
    return names


def mask_rcnn_weights(settings: Settings) -> str:
    """Where the file of the ResNet-50 of Mask R-CNN is expected: in `pretrained_networks`."""
    return os.path.join(settings.env.pretrained_networks or '', BACKBONE_FILE)


def check_backbone(path: str | None) -> None:
    """The backbone stays as it is in training, so it has to know something: Mask R-CNN's ResNet-50."""
    if path is None:
        _log.warning("the backbone is untrained and stays so: good only for trying the machinery")
    elif not os.path.isfile(path):
        raise FileNotFoundError(f"the backbone's weights are missing: {path}; they are in pytracking's MODEL_ZOO.md "
                                "(Mask R-CNN, for LWL). Put the file there, or set pretrained_networks in local.py or "
                                "BOXMASK_PRETRAINED_NETWORKS. `--set backbone_weights=none` (or "
                                "BOXMASK_SET=backbone_weights=none) trains with an untrained backbone, good only for "
                                "trying the machinery")


class Travelling(torch.utils.data.Dataset):
    """A dataset that can be sent to a worker process where nothing has been set up.

    In a linked checkout workers start from pytracking's own run_training.py, which knows nothing of boxmask. Unpickling
    this imports the package of this file, which makes the host ready, and only then the dataset's classes.
    It travels as a tensor, which goes by shared memory: more than a pipe holds would have each worker start only when
    the one before it has.
    """

    def __init__(self, dataset: torch.utils.data.Dataset) -> None:
        self.dataset = dataset
        self._packed: torch.Tensor | None = None  # kept: the worker opens it some time after it was sent

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> object:
        return self.dataset[index]

    def __reduce__(self) -> tuple:
        if self._packed is None:
            self._packed = torch.frombuffer(bytearray(pickle.dumps(self.dataset)), dtype=torch.uint8)
        return _arrived, (self._packed,)


def _arrived(dataset: torch.Tensor) -> Travelling:
    return Travelling(pickle.loads(dataset.numpy()))


def training_loader(settings: Settings, sampler: torch.utils.data.Dataset, batch_size: int | None = None) -> LTRLoader:
    """batch_size: `settings.batch_size` if None; of each process. Raises ValueError where a process's part of an epoch
    would not fill one batch: such an epoch trains nothing."""
    size = settings.batch_size if batch_size is None else batch_size
    loader = LTRLoader('train', Travelling(sampler), training=True, batch_size=size, shuffle=False,
                       num_workers=settings.num_workers, stack_dim=1, drop_last=True,
                       pin_memory=torch.cuda.is_available())
    if not len(loader):
        raise ValueError(f"an epoch has {len(loader.sampler)} samples for each process, which do not fill a batch of "
                         f"{loader.batch_size}; set batch_size to less or the samples per epoch to more")
    return loader


def validation_loader(settings: Settings, sampler: ClipSampler, *, epoch_interval: int = 1) -> LTRLoader:
    batches = math.ceil(len(sampler) / settings.batch_size)  # each worker of more would be started for nothing
    return LTRLoader('val', Travelling(sampler), training=False, batch_size=settings.batch_size, shuffle=False,
                     num_workers=min(settings.num_workers, batches), stack_dim=1, epoch_interval=epoch_interval,
                     pin_memory=torch.cuda.is_available())


def make_actor(net: BoxMaskNet, loss_weight: dict[str, float]) -> BoxMaskActor:
    return BoxMaskActor(net, LovaszSegLoss(per_image=False), loss_weight)


def adamw(net: BoxMaskNet | VosNet, learning_rate: float, backbone_rate: float = 0.0) -> torch.optim.AdamW:
    """The optimizer of the lite networks: one learning rate for all that trains, and the backbone's."""
    groups = net.parameter_groups()
    backbone = groups.pop('backbone')
    parameters = [parameter for group in groups.values() for parameter in group]
    return torch.optim.AdamW([{'params': parameters}, {'params': backbone, 'lr': backbone_rate}], lr=learning_rate,
                             weight_decay=1e-4)


def cosine(optimizer: torch.optim.Optimizer, epochs: int) -> torch.optim.lr_scheduler.LambdaLR:
    """From the optimizer's learning rates down to a fiftieth of them along half a cosine."""
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda epoch: 0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * min(epoch / epochs, 1))))


def fit(settings: Settings, actor: BoxMaskActor | VosActor, loaders: Sequence[LTRLoader],
        optimizer: torch.optim.Optimizer, scheduler: object, *, max_epochs: int) -> None:
    """Trains until epoch `max_epochs`; see `fit_phases`."""
    fit_phases(settings, actor, [(loaders, max_epochs)], optimizer, scheduler)


def fit_phases(settings: Settings, actor: BoxMaskActor | VosActor, phases: Sequence[tuple[Sequence[LTRLoader], int]],
               optimizer: torch.optim.Optimizer, scheduler: object) -> None:
    """Trains from the newest checkpoint of this run if there is one: with each phase's loaders until its epoch is done.

    Raises ValueError for several processes on a host that does not join them, for `use_amp` on one that has no mixed
    precision, and for `--set start_weights` in the place of a run that began elsewhere.
    """
    _require_joined_processes()
    trainer = LTRTrainer(actor, list(phases[0][0]), optimizer, settings, scheduler)
    if getattr(settings, 'use_amp', False) and not hasattr(trainer, 'scaler'):
        raise ValueError("use_amp=1 has no effect here: pytracking's trainer has no mixed precision. Leave it out, "
                         "or train on the host that comes with boxmask")
    _go_on(settings, trainer)
    for loaders, last in [phase for phase in phases if phase[1] > trainer.epoch] or phases[-1:]:
        trainer.loaders = list(loaders)
        with watching(settings, actor, loaders):
            _train(trainer, last)


def _train(trainer: LTRTrainer, last: int) -> None:
    """Until epoch `last`. An error of a loader's worker is raised with its own message, the traceback as its cause."""
    try:
        trainer.train(last, fail_safe=False)
    except Exception as error:
        if not re.match(r'Caught \w+ in DataLoader worker', str(error)):
            raise
        # 'module.Class: message' stands after the last frame and its lines.
        name, colon, message = re.split(r'\n  File ".*(?:\n    .*)*\n', str(error))[-1].strip().partition(': ')
        raise type(error)(message if colon else name) from error


def _go_on(settings: Settings, trainer: LTRTrainer) -> None:
    """Takes over the newest checkpoint of this run, which keeps in its `net_info` what the run began from."""
    net = getattr(trainer.actor.net, 'module', trainer.actor.net)
    start = getattr(settings, 'start_weights', None)
    net.info = {'start_weights': start}
    trainer.load_checkpoint()
    began = net.info.get('start_weights')
    # Where it was only found, as lwl_stage2.pth, it may have come later: the same command goes on.
    if 'start_weights' in asked() and start not in (None, began):
        raise ValueError(f"start_weights={start} would have no effect: {settings.project_path} in the workspace "
                         f"{settings.env.workspace_dir} has checkpoints of a run that began from {began or 'none'}. To "
                         f"go on with that run, set start_weights={began or 'none'}; to begin another, name another "
                         "workspace with BOXMASK_WORKSPACE_DIR")


def _require_joined_processes() -> None:
    processes = int(os.environ.get('WORLD_SIZE', '1'))
    is_joined = torch.distributed.is_available() and torch.distributed.is_initialized()
    if processes > 1 and not is_joined:
        raise ValueError(f"this host trains in one process, as pytracking does; the {processes} of torchrun would "
                         "overwrite each other's checkpoints. Start it without torchrun, or on the host that comes "
                         "with boxmask")


def fit_lite(settings: Settings, net: BoxMaskNet, train: Sequence[BaseVideoDataset], shares: Sequence[float] | None,
             val: Sequence[BaseVideoDataset], processing: ClipProcessing) -> None:
    """Trains a lite network from the ImageNet backbone: first on small crops, which are fast, then on its own size.

    Validation is on exact boxes and the network's own size, the same clips every epoch, as generation will be.
    Reads from the settings, beside what `fit_small_first` does: full_epochs, small_batch_size, val_samples,
    learning_rate, backbone_rate (0: the backbone stays as it is), search_factor, num_frames, max_gap, moved.
    """
    net.backbone.requires_grad_(settings.backbone_rate > 0)
    net.to(memory_format=torch.channels_last)  # a training step on a CPU takes four fifths of the time
    exact = ClipProcessing(net.input_spec, settings.search_factor)
    val_sampler = ClipSampler(val, None, settings.val_samples, settings.max_gap, settings.num_frames, exact, seed=0,
                              p_reverse=0.0)
    optimizer = adamw(net, settings.learning_rate, settings.backbone_rate)
    epochs = settings.small_epochs + settings.full_epochs
    scheduler = cosine(optimizer, epochs)
    actor = make_actor(net, {'stage1': 1.0, 'stage2': 1.0, 'cross_entropy': 1.0})

    def sampler(size: tuple[int, int], samples: int) -> ClipSampler:
        return ClipSampler(train, shares, samples, settings.max_gap, settings.num_frames,
                           replace(processing, output_size=size), moved=settings.moved)

    fit_small_first(settings, actor, sampler, [validation_loader(settings, val_sampler)], optimizer, scheduler,
                    size=net.input_spec.size, epochs=epochs, small_batch_size=settings.small_batch_size)


def fit_small_first(settings: Settings, actor: BoxMaskActor | VosActor,
                    make_sampler: Callable[[tuple[int, int], int], torch.utils.data.Dataset],
                    held_out: Sequence[LTRLoader], optimizer: torch.optim.Optimizer, scheduler: object, *,
                    size: tuple[int, int], epochs: int, small_batch_size: int | None = None) -> None:
    """Trains for `epochs` in all, the first `small_epochs` of them on crops of `small_size`, the others on `size`.

    make_sampler: called with the size of the crops and the samples of an epoch. Reads from the settings: small_epochs,
    small_size, samples_per_epoch (of the small crops), full_samples_per_epoch, batch_size, num_workers.
    """
    if epochs < 1:
        raise ValueError(f"a training has 1 or more epochs, got {epochs}")
    phases = []
    small_epochs = min(settings.small_epochs, epochs)
    if small_epochs > 0:
        sampler = make_sampler(settings.small_size, settings.samples_per_epoch)
        phases.append(([training_loader(settings, sampler, small_batch_size), *held_out], small_epochs))
    if small_epochs < epochs:
        sampler = make_sampler(size, settings.full_samples_per_epoch)
        phases.append(([training_loader(settings, sampler), *held_out], epochs))
    fit_phases(settings, actor, phases, optimizer, scheduler)
