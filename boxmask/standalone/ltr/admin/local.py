"""The paths of this machine where nobody says otherwise; `ltr.admin.environment` says who may.

This module stays importable under this name: checkpoints hold pickled `ltr.admin.local.EnvironmentSettings` objects.
"""

from __future__ import annotations

import os


class EnvironmentSettings:
    """Folders, as strings; '' means that there is none.

    workspace_dir: what training writes; `workspace` in the folder where the program was started.
    tensorboard_dir, pretrained_networks: '' for folders of these names in the workspace.
    pregenerated_masks: holds `got10k_masks` and `lasot_masks`, the masks that `boxmask generate` writes.
    got10k_dir: the `train` folder of GOT-10k. davis_dir: DAVIS 2017. davis16_dir: DAVIS 2016.
    stills_dir: still images with instance masks (`images/`, `masks/`, `instances.csv`).
    data_specs_dir: lists of splits that are part of pytracking (`ltr/data_specs`).
    """

    def __init__(self) -> None:
        self.workspace_dir = os.path.abspath("workspace")
        self.tensorboard_dir = ""
        self.pretrained_networks = ""
        self.pregenerated_masks = ""
        self.lasot_dir = ""
        self.got10k_dir = ""
        self.trackingnet_dir = ""
        self.coco_dir = ""
        self.lvis_dir = ""
        self.sbd_dir = ""
        self.imagenet_dir = ""
        self.imagenetdet_dir = ""
        self.ecssd_dir = ""
        self.hkuis_dir = ""
        self.msra10k_dir = ""
        self.davis_dir = ""
        self.davis16_dir = ""
        self.davis_testdev_dir = ""
        self.youtubevos_dir = ""
        self.lasot_candidate_matching_dataset_path = ""
        self.stills_dir = ""
        self.data_specs_dir = ""
