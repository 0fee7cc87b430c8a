"""LWL on true masks and on masks that were generated for tracking datasets as the paper does, at full scale.

    python run_training.py boxmask weak_vos

YouTube-VOS 2019, DAVIS 2017, GOT-10k and LaSOT 6:1:6:6, those of them that are configured; masks of the last two are
`got10k_masks` and `lasot_masks` of `pregenerated_masks`. It goes on from LWL's second stage where `lwl_stage2.pth`
lies in `pretrained_networks` or in the trackers' `network_path`, else it starts from Mask R-CNN's backbone, with the
learning rates of LWL's first stage. Our network's backbone never trains; pytracking's own LWL (`--set
network=upstream`, in a checkout) trains all but its first layers, as it always has.
"""

from __future__ import annotations

import importlib.util
import os

import torch

from ltr.actors.base_actor import BaseActor
from ltr.actors.boxmask import VosActor
from ltr.admin.settings import Settings
from ltr.models.boxmask import checkpoint, vos_resnet50
from ltr.models.boxmask.config import RESNET50_INPUT
from ltr.models.boxmask.files import read
from ltr.models.loss.segmentation import LovaszSegLoss
from ltr.train_settings.boxmask import _vos
from ltr.train_settings.boxmask._choices import choose
from ltr.train_settings.boxmask._common import check_backbone, fit, mask_rcnn_weights
from pytracking.tracker.boxmask.networks import network_folders

PUBLISHED = 'lwl_stage2.pth'  # its name in pytracking's model zoo
UPSTREAM = 'ltr.models.lwl'
# Of LWL's stages: the second starts from a network, the first from the backbone.
SECOND_STAGE = {'encoders': 2e-5, 'decoder': 2e-5, 'feature': 2e-5, 'backbone': 2e-5}
FIRST_STAGE = {'encoders': 2e-4, 'decoder': 1e-4, 'feature': 2e-5, 'backbone': 0.0}


def run(settings: Settings) -> None:
    """Trains `vos_resnet50`, or pytracking's LWL with `network=upstream`."""
    settings.description = 'LWL on true and generated masks'
    settings.print_interval = 10
    choose(settings, network='ours', batch_size=20, num_workers=min(8, os.cpu_count() or 1), max_epochs=80,
           samples_per_epoch=lambda settings: 1000 * settings.batch_size,
           val_samples=lambda settings: 100 * settings.batch_size, val_interval=5, output_size=RESNET50_INPUT.size,
           start_weights=_published, backbone_weights=mask_rcnn_weights, seed=0,
           **{**_vos.DATA, 'stills_share': 0.0, 'got10k_split': 'vottrain'}, **_vos.OPTIONS)
    if settings.start_weights is None:
        check_backbone(settings.backbone_weights)
    _check_network(settings)
    loaders = _vos.loaders(settings, RESNET50_INPUT)
    torch.manual_seed(settings.seed)
    actor, groups = _upstream(settings) if settings.network == 'upstream' else _ours(settings)
    optimizer = torch.optim.Adam(groups, lr=2e-4)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[25, 75], gamma=0.2)
    fit(settings, actor, loaders, optimizer, scheduler, max_epochs=settings.max_epochs)


def _published(settings: Settings) -> str | None:
    """LWL's checkpoint where it is, for trackers or for training."""
    folders = [settings.env.pretrained_networks, *network_folders()]
    paths = [os.path.join(folder, PUBLISHED) for folder in folders if folder]
    return next((path for path in paths if os.path.isfile(path)), None)


def _check_network(settings: Settings) -> None:
    if settings.network not in ('ours', 'upstream'):
        raise ValueError(f"network is ours or upstream, got {settings.network}")
    if settings.network == 'ours':
        return
    if importlib.util.find_spec(UPSTREAM) is None:
        raise ValueError(f"network=upstream trains pytracking's own LWL, and there is no {UPSTREAM} here: name a "
                         "checkout with --pytracking PATH, or train ours")
    for name in ('stills_share', 'edge_band', 'weight_by_quality'):
        if getattr(settings, name):
            raise ValueError(f"{name}={getattr(settings, name)} needs a loss that pytracking's LWL has not: use "
                             "network=ours")


def _rates(settings: Settings) -> dict[str, float]:
    return FIRST_STAGE if settings.start_weights is None else SECOND_STAGE


def _ours(settings: Settings) -> tuple[BaseActor, list[dict]]:
    """Our VosNet: its actor, and the optimizer's groups."""
    starts_from_backbone = settings.start_weights is None
    net = vos_resnet50(backbone_weights=settings.backbone_weights if starts_from_backbone else None)
    if not starts_from_backbone:
        checkpoint.load_weights(net, settings.start_weights)
    groups = [{'params': parameters, 'lr': _rates(settings)[name]}
              for name, parameters in net.parameter_groups().items() if parameters]
    return VosActor(net, LovaszSegLoss(per_image=False), edge_band=settings.edge_band), groups


def _upstream(settings: Settings) -> tuple[BaseActor, list[dict]]:
    """pytracking's LWL: its actor, and the optimizer's groups."""
    from ltr.actors.segmentation import LWLActor
    from ltr.models.lwl import lwl_net

    rates = _rates(settings)
    frozen = ['conv1', 'bn1', 'layer1'] + ([] if rates['backbone'] else ['layer2', 'layer3', 'layer4'])
    net = lwl_net.steepest_descent_resnet50(
        filter_size=3, num_filters=16, optim_iter=5, backbone_pretrained=True, out_feature_dim=512,
        frozen_backbone_layers=frozen, label_encoder_dims=(16, 32, 64), use_bn_in_label_enc=False, clf_feat_blocks=0,
        final_conv=True, backbone_type='mrcnn')
    if settings.start_weights is not None:
        net.load_state_dict(read(settings.start_weights).state)
    elif settings.backbone_weights is not None:
        net.feature_extractor.load_state_dict(read(settings.backbone_weights).state)
    parts = {'encoders': [net.label_encoder], 'decoder': [net.decoder, net.target_model.filter_optimizer],
             'feature': [net.target_model.feature_extractor],
             'backbone': [getattr(net.feature_extractor, name) for name in ('layer2', 'layer3', 'layer4')]}
    groups = [{'params': [parameter for part in modules for parameter in part.parameters()], 'lr': rates[name]}
              for name, modules in parts.items() if rates[name]]
    actor = LWLActor(net=net, objective={'segm': LovaszSegLoss(per_image=False)}, loss_weight={'segm': 100.0},
                     num_refinement_iter=2, disable_all_bn=True)
    return actor, groups
