"""boxmask_lite on DAVIS 2017 and still images with instance masks, for an hour and a half on two cores.

    OMP_NUM_THREADS=1 torchrun --nproc-per-node 2 run_training.py boxmask lite --set minutes=180

`minutes` (90) scales the number of epochs: longer is better. `start_weights` is a checkpoint of an earlier run to go on
from, at any crop size; without, the network starts from ImageNet's backbone. `davis_list` is a file of the names of the
DAVIS sequences to train on, one a line (none: the split `train`). Two processes with a thread each train a third faster
than one with two (docs/performance.md). The same command goes on where a run was stopped. `backbone`, `decoder`,
`upsampler` (those of the start weights where they are not set) and `size` make another network, as docs/model_card.md
does on a GPU; `use_amp` is mixed precision, there alone.

A network that is shown clean frames learns to live on each frame's own box. So frames of a clip are blurred, dark,
covered or poorly boxed beside others that are not (`degrade`), and the decoder at times gets no box (`prior_dropout`):
what it then knows of the target is what the filter found in all frames. Boxes are off as those of several annotators
are, some exact, some not (`box_jitter`), and targets are at times cut out and seen in another clip (`moved`): the
videos are few. Clips are scaled and turned too (`scale_jitter`, `rotation` in degrees).
"""

from __future__ import annotations

import functools
import math
from typing import Any

import torch

from ltr.admin.settings import Settings
from ltr.data.boxmask import ClipProcessing
from ltr.data.boxmask_augment import Photometric
from ltr.dataset import Davis
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.dataset.boxmask import StillClips, still_sources
from ltr.models.boxmask import boxmask_lite, checkpoint
from ltr.models.boxmask.config import LITE_WIDTHS
from ltr.models.boxmask.transfer import shape
from ltr.train_settings.boxmask._choices import choose
from ltr.train_settings.boxmask._common import dataset_dir, davis_names, fit_lite

MIN_PIXELS = 200  # of a target in a frame of DAVIS: smaller ones are more outline than object
SEARCH_FACTOR = 1.5  # as at generation: what is beside the box teaches what the target is not
MINUTES_PER_EPOCH = 4  # on two cores: 1,040 clips on small crops, or 300 on the network's own, four times as large


def run(settings: Settings) -> None:
    """Trains `boxmask_lite`; the file's docstring says on what."""
    settings.description = 'boxmask_lite on DAVIS and still images'
    settings.print_stats = ['Loss/total', 'Stats/J', 'Stats/J_stage1']
    settings.grad_clip_max_norm = 5.0
    usual = functools.cache(lambda: _shape(settings))  # reads the start weights, once they are chosen
    choose(settings, start_weights=None, minutes=90, seed=0, batch_size=2, small_batch_size=4, num_workers=1,
           size=(480, 320), small_size=(240, 160), small_epochs=_small_epochs,
           full_epochs=lambda settings: _epochs(settings) - _small_epochs(settings), samples_per_epoch=1040,
           full_samples_per_epoch=300, val_samples=40,
           learning_rate=lambda settings: 1e-3 if settings.start_weights is None else 5e-4, backbone_rate=1e-4,
           prior_dropout=0.25, search_factor=SEARCH_FACTOR, center_jitter=0.2, num_frames=3, max_gap=16,
           backbone=lambda settings: usual()['backbone'], decoder=lambda settings: usual()['decoder'],
           upsampler=lambda settings: usual()['upsampler'], use_amp=False, davis_list=None, davis_share=0.4, moved=0.35,
           box_jitter=0.1, degrade=0.5, scale_jitter=0.2, rotation=15.0)

    train, shares, val = _datasets(settings, dataset_dir(settings, 'davis_dir'), dataset_dir(settings, 'stills_dir'))
    torch.manual_seed(settings.seed)
    net = boxmask_lite(pretrained=settings.start_weights is None, size=settings.size, backbone=settings.backbone,
                       decoder=settings.decoder, upsampler=settings.upsampler)
    if settings.start_weights is not None:
        checkpoint.load_weights(net, settings.start_weights)
    net.prior_dropout = settings.prior_dropout
    processing = ClipProcessing(net.input_spec, settings.search_factor, center_jitter=settings.center_jitter,
                                scale_jitter=settings.scale_jitter, rotation=settings.rotation,
                                box_jitter=settings.box_jitter, flip=0.5, degrade=settings.degrade,
                                photometric=Photometric(greyscale=0.05, brightness=0.2, colour=0.15, blur=0.15))
    fit_lite(settings, net, train, shares, val, processing)


def _shape(settings: Settings) -> dict[str, Any]:
    """Backbone and widths of the network: those of `start_weights`, or of a new one."""
    widths = {'decoder': LITE_WIDTHS.decoder, 'upsampler': LITE_WIDTHS.upsampler}
    if settings.start_weights is None:
        return {'backbone': 'efficientnet_lite2', **widths}
    return {'backbone': 'efficientnet_lite0', **widths, **shape(settings.start_weights)}


def _epochs(settings: Settings) -> int:
    """Short ones, so that little is lost where a run is killed."""
    return max(3, round(settings.minutes / MINUTES_PER_EPOCH))


def _small_epochs(settings: Settings) -> int:
    """A quarter; none for a network that has learned already."""
    return round(_epochs(settings) * 0.25) if settings.start_weights is None else 0


def _datasets(settings: Settings, davis_dir: str | None,
              stills_dir: str | None) -> tuple[list[BaseVideoDataset], list[float], list[BaseVideoDataset]]:
    """Training datasets, how often each is drawn (all stills 1 to DAVIS's `davis_share`, their sources by the square
    root of their size, so that small ones count too), and the validation datasets."""
    if davis_dir is None and stills_dir is None:
        raise ValueError("boxmask lite trains on DAVIS 2017 and on still images with instance masks, and neither is "
                         "configured: set BOXMASK_DAVIS_DIR and BOXMASK_STILLS_DIR, or davis_dir and stills_dir in "
                         "local.py, or one of the two. (`run_training.py boxmask samples` needs none.)")
    train, shares, val = [], [], []
    if stills_dir is not None:
        train = [StillClips(stills_dir, sources=[source]) for source in still_sources(stills_dir)]
        sizes = [math.sqrt(len(stills)) for stills in train]
        shares = [size / sum(sizes) for size in sizes]
        val = train[:]
    if davis_dir is not None:
        train.append(Davis(root=davis_dir, sequences=davis_names(settings, davis_dir), version='2017', multiobj=False,
                           split='train', vis_threshold=MIN_PIXELS))
        shares.append(settings.davis_share)
        val = [Davis(root=davis_dir, version='2017', multiobj=False, split='val', vis_threshold=MIN_PIXELS)]
    return train, shares, val
