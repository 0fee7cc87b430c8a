"""vos_lite, the few-shot VOS network, on masks that were generated for a tracking dataset in GOT-10k's layout.

Needs `got10k_dir` (the folder of the sequences, as `boxmask generate got10k --root` takes it) and `pregenerated_masks`,
in which the masks are the folder `got10k_masks`. One frame with its mask is given, three are segmented, as in LWL.
"""

from __future__ import annotations

import os

import ltr.data.transforms as tfm
from ltr.actors.boxmask import VosActor
from ltr.admin.settings import Settings
from ltr.data import processing, sampler
from ltr.dataset import Got10kVOS
from ltr.models.boxmask import InputSpec, vos_lite
from ltr.models.loss.segmentation import LovaszSegLoss
from ltr.train_settings.boxmask._choices import choose
from ltr.train_settings.boxmask._common import adamw, cosine, dataset_dir, fit, training_loader


def run(settings: Settings) -> None:
    settings.description = 'vos_lite on generated masks of GOT-10k'
    settings.print_stats = ['Loss/total', 'Stats/J']
    choose(settings, batch_size=4, num_workers=1, max_epochs=20, samples_per_epoch=400, output_size=(416, 240),
           learning_rate=1e-3, grad_clip_max_norm=5.0)
    for name in ('got10k_dir', 'pregenerated_masks'):
        if dataset_dir(settings, name) is None:
            raise ValueError(f"weak_vos_lite trains on generated masks of a GOT-10k layout, and {name} is not set: "
                             f"set BOXMASK_{name.upper()}, or {name} in local.py")
    masks = os.path.join(dataset_dir(settings, 'pregenerated_masks'), 'got10k_masks')

    net = vos_lite(pretrained=True)
    dataset = sampler.LWLSampler([Got10kVOS(anno_path=masks, split=None)], [1],
                                 samples_per_epoch=settings.samples_per_epoch, max_gap=100, num_test_frames=3,
                                 num_train_frames=1, processing=_processing(net.input_spec, settings.output_size))
    optimizer = adamw(net, settings.learning_rate)
    fit(settings, VosActor(net, LovaszSegLoss(per_image=False)), [training_loader(settings, dataset)], optimizer,
        cosine(optimizer, settings.max_epochs), max_epochs=settings.max_epochs)


def _processing(spec: InputSpec, output_size: tuple[int, int]) -> processing.LWLProcessing:
    """Crops and augmentation of LWL's second stage, with the network's own normalisation."""
    colours = (tfm.ToBGR(),) if spec.bgr else ()
    joint = tfm.Transform(*colours, tfm.ToGrayscale(probability=0.05), tfm.RandomHorizontalFlip(probability=0.5))
    frames = tfm.Transform(tfm.RandomAffine(p_flip=0.0, max_rotation=15.0, max_shear=0.0, max_ar_factor=0.0,
                                            max_scale=0.2, pad_amount=0),
                           tfm.ToTensorAndJitter(0.2, normalize=False), tfm.Normalize(mean=spec.mean, std=spec.std))
    return processing.LWLProcessing(
        search_area_factor=5.0, output_sz=output_size, center_jitter_factor={'train': 3, 'test': (5.5, 4.5)},
        scale_jitter_factor={'train': 0.25, 'test': 0.5}, mode='sequence', crop_type='inside_major',
        transform=frames, joint_transform=joint, new_roll=True)
