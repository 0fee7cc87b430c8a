"""What `weak_vos` and `weak_vos_lite` share: which data, how it is cropped, and the loaders.

A dataset is taken where it is configured and its share is above 0; the shares of those that are taken say how often
each is drawn. One frame with its mask is given, three are segmented, as in LWL.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import ltr.data.transforms as tfm
from ltr.admin.settings import Settings
from ltr.data import LTRLoader, processing, sampler
from ltr.data.boxmask_vos import CheckedMasks, MaskFiles, WithQuality, need_visible_frames
from ltr.dataset import Davis, Got10k, Got10kVOS, Lasot, LasotVOS, YouTubeVOS
from ltr.dataset.base_video_dataset import BaseVideoDataset
from ltr.dataset.boxmask import StillClips, still_sources
from ltr.dataset.boxmask_masks import GeneratedMasks
from ltr.models.boxmask import InputSpec
from ltr.train_settings.boxmask._common import dataset_dir, davis_names, training_loader, validation_loader

_log = logging.getLogger(__name__)

TRAIN_FRAMES, TEST_FRAMES = 1, 3

# Names of `choose`. *_share: how often a dataset is drawn, beside the others that are configured.
# davis_list: a file of the names of the DAVIS sequences to train on, one a line (none: the split `train`).
# got10k_split: pytracking's name of a part of GOT-10k (none: all sequences of the folder).
# frames_dir, frames_masks: any folder of `<sequence>/<image>` and the `--out` of `boxmask generate` for it;
# frames_leave_out: a file of the names of sequences not to train on, such as rejected.txt of `boxmask review`.
DATA = {'youtubevos_share': 6.0, 'davis_share': 1.0, 'got10k_share': 6.0, 'lasot_share': 6.0, 'stills_share': 6.0,
        'frames_share': 6.0, 'davis_list': None, 'got10k_split': None, 'frames_dir': None, 'frames_masks': None,
        'frames_leave_out': None, 'max_gap': 100}
# What the paper did not do, off. ignore_poor: take generated masks through GeneratedMasks, which leaves out what is
# marked as poor, empty or missing, and has frame numbers of the video in max_gap; min_quality: the same, and what is
# below it. edge_band: pixels along the masks' outlines that count nowhere in the loss. weight_by_quality: of a sample
# in the loss, from the qualities of its masks.
OPTIONS = {'ignore_poor': False, 'min_quality': 0.0, 'edge_band': 0, 'weight_by_quality': False}


def loaders(settings: Settings, spec: InputSpec) -> list[LTRLoader]:
    """The loader of training, and that of validation where `val_samples` is not 0 and a dataset has a part for it.

    Reads from the settings DATA, OPTIONS, output_size, batch_size, num_workers, samples_per_epoch, val_samples and
    val_interval. Raises ValueError where no dataset is configured, or one has no visible frames.
    """
    datasets, shares = training_sets(settings)
    return [training_loader(settings, make_sampler(settings, spec, datasets, shares, settings.samples_per_epoch)),
            *held_out_loaders(settings, spec)]


def held_out_loaders(settings: Settings, spec: InputSpec) -> list[LTRLoader]:
    """The loader of validation at `output_size`, or none."""
    datasets = _validation_sets(settings) if settings.val_samples else []
    if not datasets:
        return []
    samples = make_sampler(settings, spec, datasets, None, settings.val_samples, is_training=False)
    return [validation_loader(settings, samples, epoch_interval=settings.val_interval)]


def make_sampler(settings: Settings, spec: InputSpec, datasets: Sequence[BaseVideoDataset],
                 shares: Sequence[float] | None, samples: int, *, output_size: tuple[int, int] | None = None,
                 is_training: bool = True) -> sampler.LWLSampler:
    """Samples of crops of `output_size` (W, H), that of the settings if None."""
    for dataset in datasets:
        need_visible_frames(dataset, 2 * (TRAIN_FRAMES + TEST_FRAMES))
    process = _processing(spec, output_size or settings.output_size, is_training=is_training)
    if settings.weight_by_quality:
        process = WithQuality(process)
    return sampler.LWLSampler(datasets, shares, samples_per_epoch=samples, max_gap=settings.max_gap,
                              num_test_frames=TEST_FRAMES, num_train_frames=TRAIN_FRAMES, processing=process)


def _processing(spec: InputSpec, output_size: tuple[int, int], *, is_training: bool) -> processing.LWLProcessing:
    """Crops and augmentation of LWL's second stage, with the network's own normalisation."""
    colours = (tfm.ToBGR(),) if spec.bgr else ()
    joint = tfm.Transform(*colours, tfm.ToGrayscale(probability=0.05), tfm.RandomHorizontalFlip(probability=0.5))
    affine = tfm.RandomAffine(p_flip=0.0, max_rotation=15.0, max_shear=0.0, max_ar_factor=0.0, max_scale=0.2,
                              pad_amount=0)
    frames = tfm.Transform(*([affine] if is_training else []),
                           tfm.ToTensorAndJitter(0.2 if is_training else 0.0, normalize=False),
                           tfm.Normalize(mean=spec.mean, std=spec.std))
    return processing.LWLProcessing(
        search_area_factor=5.0, output_sz=output_size, center_jitter_factor={'train': 3, 'test': (5.5, 4.5)},
        scale_jitter_factor={'train': 0.25, 'test': 0.5}, mode='sequence', crop_type='inside_major',
        transform=frames, joint_transform=joint, new_roll=True)


def training_sets(settings: Settings) -> tuple[list[BaseVideoDataset], list[float]]:
    """Datasets and how often each is drawn. Several of one kind (sources of stills) divide its share."""
    datasets, shares = [], []
    for name, make in _MAKERS.items():
        share = getattr(settings, f'{name}_share')
        found = make(settings) if share > 0 else []
        datasets += found
        shares += [share / len(found) for _ in found]
    if not datasets:
        raise ValueError("no dataset is configured: set one or more of BOXMASK_YOUTUBEVOS_DIR, BOXMASK_DAVIS_DIR, "
                         "BOXMASK_STILLS_DIR, BOXMASK_GOT10K_DIR and BOXMASK_LASOT_DIR (both with "
                         "BOXMASK_PREGENERATED_MASKS), or these names in lower case and without BOXMASK_ in local.py, "
                         "or --set frames_dir=... --set frames_masks=...; and a dataset's share above 0")
    _log.info('training on %s', ', '.join(f'{dataset.get_name()} ({share / sum(shares):.0%}, {len(dataset)} sequences)'
                                          for dataset, share in zip(datasets, shares, strict=True)))
    return datasets, shares


def _validation_sets(settings: Settings) -> list[BaseVideoDataset]:
    """YouTube-VOS's jjvalid, else the validation sequences of DAVIS, if they are here."""
    folder = dataset_dir(settings, 'youtubevos_dir') if settings.youtubevos_share > 0 else None
    if folder is not None:
        return [CheckedMasks(YouTubeVOS(root=folder, version='2019', multiobj=False, split='jjvalid'))]
    folder = dataset_dir(settings, 'davis_dir') if settings.davis_share > 0 else None
    if folder is not None and Path(folder, 'ImageSets', '2017', 'val.txt').is_file():
        return [CheckedMasks(Davis(root=folder, version='2017', multiobj=False, split='val'))]
    return []


def _youtubevos(settings: Settings) -> list[BaseVideoDataset]:
    folder = dataset_dir(settings, 'youtubevos_dir')
    if folder is None:
        return []
    return [CheckedMasks(YouTubeVOS(root=folder, version='2019', multiobj=False, split='jjtrain'))]


def _davis(settings: Settings) -> list[BaseVideoDataset]:
    folder = dataset_dir(settings, 'davis_dir')
    if folder is None:
        return []
    names = davis_names(settings, folder)
    return [CheckedMasks(Davis(root=folder, sequences=names, version='2017', multiobj=False, split='train'))]


def _got10k(settings: Settings) -> list[BaseVideoDataset]:
    folder = dataset_dir(settings, 'got10k_dir')
    if folder is None:
        return []
    masks = _masks_folder(settings, 'got10k')
    if _wants_usable(settings):
        base = Got10k(folder, split=settings.got10k_split)
        return [CheckedMasks(GeneratedMasks(base, masks, min_quality=settings.min_quality))]
    # The host's own dataset has no argument for its folder: it reads the same setting.
    return [CheckedMasks(Got10kVOS(anno_path=str(masks), split=settings.got10k_split), MaskFiles(masks))]


def _lasot(settings: Settings) -> list[BaseVideoDataset]:
    folder = dataset_dir(settings, 'lasot_dir')
    if folder is None:
        return []
    masks = _masks_folder(settings, 'lasot')
    if _wants_usable(settings):
        return [CheckedMasks(GeneratedMasks(Lasot(folder, split='train'), masks, min_quality=settings.min_quality))]
    return [CheckedMasks(LasotVOS(anno_path=str(masks), split='train'), MaskFiles(masks, step=5))]


def _stills(settings: Settings) -> list[BaseVideoDataset]:
    folder = dataset_dir(settings, 'stills_dir')
    if folder is None:
        return []
    return [CheckedMasks(StillClips(folder, sources=[source])) for source in still_sources(folder)]


def _frames(settings: Settings) -> list[BaseVideoDataset]:
    given = settings.frames_dir, settings.frames_masks
    if given == (None, None):
        return []
    if None in given:
        raise ValueError(f"frames_dir and frames_masks are set together: frames_dir={given[0]}, "
                         f"frames_masks={given[1]}")
    return [CheckedMasks(GeneratedMasks(*given, min_quality=settings.min_quality, leave_out=settings.frames_leave_out))]


_MAKERS = {'youtubevos': _youtubevos, 'davis': _davis, 'got10k': _got10k, 'lasot': _lasot, 'stills': _stills,
           'frames': _frames}


def _wants_usable(settings: Settings) -> bool:
    """Whether manifests are asked: for qualities, or for which masks are fit to train on."""
    return settings.ignore_poor or settings.min_quality > 0 or settings.weight_by_quality


def _masks_folder(settings: Settings, name: str) -> Path:
    """<pregenerated_masks>/<name>_masks."""
    folder = dataset_dir(settings, 'pregenerated_masks')
    way_out = f"or train without this dataset: --set {name}_share=0"
    if folder is None:
        raise ValueError(f"{name}_dir is set, and pregenerated_masks, where its masks are, is not: set "
                         f"BOXMASK_PREGENERATED_MASKS, or pregenerated_masks in local.py, {way_out}")
    path = Path(os.path.join(folder, f'{name}_masks'))
    if not path.is_dir():
        raise FileNotFoundError(f"{name}_dir is set, and there is no folder of its masks {path}: make them with "
                                f"`boxmask generate {name} --out {path}`, {way_out}")
    return path
