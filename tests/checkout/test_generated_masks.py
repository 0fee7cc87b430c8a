"""Masks that boxmask generates train the checkout's LWL network, through the checkout's own loaders and trainer."""

import math
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from ltr.actors import segmentation as actors
from ltr.admin.settings import Settings
from ltr.data import LTRLoader, processing, sampler
from ltr.data import transforms as tfm
from ltr.dataset import Got10kVOS
from ltr.models.boxmask import checkpoint
from ltr.models.loss import LovaszSegLoss
from ltr.models.lwl import lwl_net
from ltr.trainers import LTRTrainer

MEAN, STD = [102.9801, 115.9465, 122.7717], [1.0, 1.0, 1.0]


@pytest.fixture(scope="module")
def generated(tmp_path_factory, contract_trees, host_environment):
    """The folders of the sequences and of their masks, as the command line wrote them."""
    root, out = tmp_path_factory.mktemp("got10k"), tmp_path_factory.mktemp("masks") / "got10k_masks"
    contract_trees.got10k(root)
    done = subprocess.run([sys.executable, "-m", "boxmask", "generate", "got10k", "--root", str(root), "--out",
                           str(out), "--method", "box"], env=host_environment(standalone=False), text=True,
                          capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return root, out


@pytest.fixture
def dataset(generated, monkeypatch):
    root, masks = generated
    monkeypatch.setenv("BOXMASK_GOT10K_DIR", str(root))
    return Got10kVOS(anno_path=str(masks), split=None)


def test_every_frame_has_a_mask_of_zeros_and_ones(dataset, contract_trees):
    assert len(dataset) == 2
    for index in range(2):
        images, annotation, _ = dataset.get_frames(index, range(12))
        for frame, (image, mask) in enumerate(zip(images, annotation["mask"], strict=True)):
            assert mask.shape == image.shape[:2] and mask.dtype == torch.float32
            # Absent by flag, by cover, by box.
            expected = contract_trees.mask_of(frame) * (frame not in (2, 3, 4))
            assert np.array_equal(mask.numpy(), expected), f"frame {frame}"


def make_loader(dataset):
    transform = tfm.Transform(tfm.ToTensorAndJitter(0.2, normalize=False), tfm.Normalize(mean=MEAN, std=STD))
    process = processing.LWLProcessing(
        search_area_factor=3.0, output_sz=(96, 64), center_jitter_factor={"train": 1, "test": (1, 1)},
        scale_jitter_factor={"train": 0.1, "test": 0.1}, mode="sequence", crop_type="inside_major",
        transform=transform, joint_transform=tfm.Transform(tfm.ToBGR()), new_roll=True)
    samples = sampler.LWLSampler([dataset], [1], 4, max_gap=100, num_test_frames=2, processing=process)
    return LTRLoader("train", samples, training=True, batch_size=2, stack_dim=1)


def test_lwl_trains_on_the_masks_and_ours_loads_what_it_learned(dataset, tmp_path):
    random.seed(0)
    torch.manual_seed(0)
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "lwl", "weak", "ltr/lwl/weak"
    settings.env.workspace_dir, settings.env.tensorboard_dir = str(tmp_path), str(tmp_path / "curves")
    settings.use_gpu = False
    net = lwl_net.steepest_descent_resnet50(
        filter_size=3, num_filters=4, optim_iter=3, out_feature_dim=32, label_encoder_dims=(4, 6, 8), decoder_mdim=8,
        frozen_backbone_layers="all", use_bn_in_label_enc=False, clf_feat_blocks=0, final_conv=True,
        backbone_type="mrcnn")
    before = {name: value.clone() for name, value in net.state_dict().items()}
    actor = actors.LWLActor(net, {"segm": LovaszSegLoss(per_image=False)}, {"segm": 100.0}, num_refinement_iter=2,
                            disable_all_bn=True)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=2e-3)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [25])
    trainer = LTRTrainer(actor, [make_loader(dataset)], optimizer, settings, scheduler)
    trainer.train(4, fail_safe=False)
    losses = trainer.stats["train"]["Loss/segm"].history
    assert all(map(math.isfinite, losses)) and min(losses[1:]) < losses[0], losses
    changed = {name.split(".")[0] for name, value in net.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"target_model", "decoder", "label_encoder"}
    ours = checkpoint.load(tmp_path / "checkpoints/ltr/lwl/weak/LWTLNet_ep0004.pth.tar")
    learned = checkpoint.reference_state_dict(ours)
    assert all(torch.equal(learned[name], value) for name, value in net.state_dict().items())
