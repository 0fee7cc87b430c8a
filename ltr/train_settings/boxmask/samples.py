"""boxmask_lite on the built-in sample clips: what `default` trains where no dataset is configured.

A few minutes on two cores, to see that all works; the network it makes knows sample clips, not the world.
"""

from __future__ import annotations

import torch

from boxmask.generate.defaults import SAMPLES_SEARCH_FACTOR
from ltr.admin.settings import Settings
from ltr.data.boxmask import ClipProcessing
from ltr.data.boxmask_augment import Photometric
from ltr.dataset.boxmask import SampleClips
from ltr.models.boxmask import boxmask_lite
from ltr.train_settings.boxmask._choices import choose
from ltr.train_settings.boxmask._common import fit_lite


def run(settings: Settings) -> None:
    """Trains `boxmask_lite` on sample clips."""
    settings.description = 'boxmask_lite on sample clips'
    settings.print_stats = ['Loss/total', 'Stats/J']
    settings.grad_clip_max_norm = 5.0
    # No workers: two cores have enough to do, and a worker would start anew every epoch.
    choose(settings, batch_size=2, small_batch_size=2, num_workers=0, small_size=(208, 120), small_epochs=4,
           full_epochs=4, samples_per_epoch=180, full_samples_per_epoch=64, val_samples=16, learning_rate=1e-3,
           backbone_rate=0.0, seed=0, search_factor=SAMPLES_SEARCH_FACTOR, num_frames=3, max_gap=16, moved=0.0)

    torch.manual_seed(settings.seed)
    net = boxmask_lite(pretrained=True)
    # Boxes are exact at generation; a little jitter of the crop keeps the network from relying on its size.
    processing = ClipProcessing(net.input_spec, settings.search_factor, center_jitter=0.2, scale_jitter=0.15, flip=0.5,
                                photometric=Photometric(greyscale=0.05, brightness=0.2))
    fit_lite(settings, net, [SampleClips('train')], None, [SampleClips('val')], processing)
