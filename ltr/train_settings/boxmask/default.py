"""The paper's training: boxmask_resnet50 on YouTube-VOS 2019 and DAVIS 2017.

Where neither dataset is configured, boxmask_lite is trained on the built-in sample clips instead (`samples.py`), and a
banner says so.
"""

from __future__ import annotations

import logging
import os

import torch

from ltr.admin.settings import Settings
from ltr.data.boxmask import ClipProcessing, ClipSampler
from ltr.data.boxmask_augment import Photometric
from ltr.dataset import Davis, YouTubeVOS
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.models.boxmask import boxmask_resnet50
from ltr.train_settings.boxmask import samples
from ltr.train_settings.boxmask._choices import choose
from ltr.train_settings.boxmask._common import (
    check_backbone,
    dataset_dir,
    fit,
    make_actor,
    mask_rcnn_weights,
    training_loader,
    validation_loader,
)

_log = logging.getLogger(__name__)

BANNER = """
********************************************************************************
**                                                                            **
**                    NO DATASET IS CONFIGURED: SAMPLE RUN                    **
**                                                                            **
**  Training boxmask_lite on the built-in sample clips instead of the paper's **
**  network on YouTube-VOS and DAVIS. The result shows that all works; it is  **
**  no good on real video. For the real thing set one of, or both,            **
**                                                                            **
**      BOXMASK_YOUTUBEVOS_DIR   or  youtubevos_dir in local.py               **
**      BOXMASK_DAVIS_DIR        or  davis_dir in local.py                    **
**                                                                            **
********************************************************************************
"""


def run(settings: Settings) -> None:
    """Trains `boxmask_resnet50`, or where no dataset is configured `boxmask_lite` on sample clips."""
    youtubevos_dir = dataset_dir(settings, 'youtubevos_dir')
    davis_dir = dataset_dir(settings, 'davis_dir')
    if youtubevos_dir is None and davis_dir is None:
        _log.warning(BANNER)
        # A name of its own: this network must never be taken for an early checkpoint of the paper's.
        settings.project_path = 'ltr/boxmask/samples'
        samples.run(settings)
        return

    settings.description = 'Box-to-mask network of the paper on YouTube-VOS and DAVIS'
    choose(settings, batch_size=4, num_workers=min(8, os.cpu_count() or 1), max_epochs=80, samples_per_epoch=4000,
           val_samples=500, search_factor=5.0, num_frames=3, max_gap=100, seed=0,
           backbone_weights=mask_rcnn_weights)
    check_backbone(settings.backbone_weights)
    settings.print_interval = 10

    torch.manual_seed(settings.seed)
    net = boxmask_resnet50(backbone_weights=settings.backbone_weights)
    train_sets, shares, val_sets = _datasets(youtubevos_dir, davis_dir)
    processing = ClipProcessing(net.input_spec, settings.search_factor, center_jitter=3.0, scale_jitter=0.25,
                                inside_major=True, flip=0.5, photometric=Photometric(greyscale=0.05, brightness=0.2))
    train = ClipSampler(train_sets, shares, settings.samples_per_epoch, settings.max_gap, settings.num_frames,
                        processing)
    val = ClipSampler(val_sets, None, settings.val_samples, settings.max_gap, settings.num_frames, processing, seed=0)

    groups = net.parameter_groups()
    optimizer = torch.optim.Adam([{'params': groups['encoders'], 'lr': 2e-4}, {'params': groups['decoder'], 'lr': 1e-4},
                                  {'params': groups['feature'], 'lr': 2e-5}], lr=2e-4)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[30, 60], gamma=0.2)
    fit(settings, make_actor(net, {'stage1': 100.0, 'stage2': 100.0}),
        [training_loader(settings, train), validation_loader(settings, val, epoch_interval=5)], optimizer, scheduler,
        max_epochs=settings.max_epochs)


def _datasets(youtubevos_dir: str | None,
              davis_dir: str | None) -> tuple[list[BaseVideoDataset], list[float], list[BaseVideoDataset]]:
    """Training datasets, their shares (6:1), validation datasets (jjvalid, or DAVIS val without YouTube-VOS)."""
    train, shares, val = [], [], []
    if youtubevos_dir is not None:
        train.append(YouTubeVOS(root=youtubevos_dir, version='2019', multiobj=False, split='jjtrain'))
        val.append(YouTubeVOS(root=youtubevos_dir, version='2019', multiobj=False, split='jjvalid'))
        shares.append(6.0)
    if davis_dir is not None:
        train.append(Davis(root=davis_dir, version='2017', multiobj=False, split='train'))
        shares.append(1.0)
        if not val:
            val.append(Davis(root=davis_dir, version='2017', multiobj=False, split='val'))
    return train, shares, val
