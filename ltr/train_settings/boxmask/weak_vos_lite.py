"""vos_lite, the few-shot VOS network, on generated masks and whatever true ones are configured.

    python run_training.py boxmask weak_vos_lite --set davis_share=0 max_epochs=40

Data: GOT-10k and LaSOT with the masks `got10k_masks` and `lasot_masks` of `pregenerated_masks`, YouTube-VOS,
DAVIS, still images, and any folder of frames with its masks (`frames_dir`, `frames_masks`): those of them that are
configured and whose share is not 0. `_vos.py` has all names.
"""

from __future__ import annotations

import torch

from ltr.actors.boxmask import VosActor
from ltr.admin.settings import Settings
from ltr.models.boxmask import checkpoint, vos_lite
from ltr.models.loss.segmentation import LovaszSegLoss
from ltr.train_settings.boxmask import _vos
from ltr.train_settings.boxmask._choices import choose
from ltr.train_settings.boxmask._common import adamw, cosine, fit


def run(settings: Settings) -> None:
    settings.description = 'vos_lite on generated masks'
    settings.print_stats = ['Loss/total', 'Stats/J']
    choose(settings, batch_size=4, num_workers=1, max_epochs=20, samples_per_epoch=400, val_samples=0, val_interval=1,
           output_size=(416, 240), learning_rate=1e-3, grad_clip_max_norm=5.0, seed=0, start_weights=None, **_vos.DATA,
           **_vos.OPTIONS)
    torch.manual_seed(settings.seed)
    net = vos_lite(pretrained=True)
    if settings.start_weights is not None:
        checkpoint.load_weights(net, settings.start_weights)
    optimizer = adamw(net, settings.learning_rate)
    actor = VosActor(net, LovaszSegLoss(per_image=False), edge_band=settings.edge_band)
    fit(settings, actor, _vos.loaders(settings, net.input_spec), optimizer, cosine(optimizer, settings.max_epochs),
        max_epochs=settings.max_epochs)
