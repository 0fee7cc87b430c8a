"""vos_lite, the few-shot VOS network, on generated masks and whatever true ones are configured.

    python run_training.py boxmask weak_vos_lite --set davis_share=0 --set max_epochs=40

First on small crops, which are fast, then on the network's own size: `small_epochs` of `max_epochs`. It goes on from
`start_weights`, a checkpoint of `weak_vos_lite` or of `lite`, whose decoder and widths it takes; without, from ImageNet
alone.

Data: GOT-10k and LaSOT with the masks `got10k_masks` and `lasot_masks` of `pregenerated_masks`, YouTube-VOS,
DAVIS, still images, and any folder of frames with its masks (`frames_dir`, `frames_masks`): those of them that are
configured and whose share is not 0. `_vos.py` has all names.
"""

from __future__ import annotations

import torch

from ltr.actors.boxmask import VosActor
from ltr.admin.settings import Settings
from ltr.data.sampler import LWLSampler
from ltr.models.boxmask import vos_lite
from ltr.models.boxmask.transfer import shape, start_from
from ltr.models.loss.segmentation import LovaszSegLoss
from ltr.train_settings.boxmask import _vos
from ltr.train_settings.boxmask._choices import choose
from ltr.train_settings.boxmask._common import adamw, cosine, fit_small_first


def run(settings: Settings) -> None:
    """Trains `vos_lite`; the file's docstring says on what."""
    settings.description = 'vos_lite on generated masks'
    settings.print_stats = ['Loss/total', 'Stats/J']
    choose(settings, batch_size=4, num_workers=1, max_epochs=20, small_epochs=lambda s: round(s.max_epochs * 0.6),
           samples_per_epoch=400, full_samples_per_epoch=lambda s: max(s.batch_size, s.samples_per_epoch // 4),
           val_samples=0, val_interval=1, small_size=(208, 120), output_size=(416, 240), learning_rate=1e-3,
           grad_clip_max_norm=5.0, cross_entropy=1.0, seed=0, start_weights=None, **_vos.DATA, **_vos.OPTIONS)
    torch.manual_seed(settings.seed)
    if settings.start_weights is None:
        net = vos_lite(pretrained=True)
    else:
        net = vos_lite(**shape(settings.start_weights))
        start_from(net, settings.start_weights)
    spec = net.input_spec
    datasets, shares = _vos.training_sets(settings)
    held_out = _vos.held_out_loaders(settings, spec)
    optimizer = adamw(net, settings.learning_rate)
    scheduler = cosine(optimizer, settings.max_epochs)
    actor = VosActor(net, LovaszSegLoss(per_image=False), edge_band=settings.edge_band,
                     cross_entropy=settings.cross_entropy)

    def sampler(size: tuple[int, int], samples: int) -> LWLSampler:
        return _vos.make_sampler(settings, spec, datasets, shares, samples, output_size=size)

    fit_small_first(settings, actor, sampler, held_out, optimizer, scheduler, size=settings.output_size,
                    epochs=settings.max_epochs)
