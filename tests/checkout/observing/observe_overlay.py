"""Our own parts on the host: clips, samples of them, losses, a step of training."""

from pathlib import Path

import torch
import trees
from main import next_numbers, seed

from ltr.actors.boxmask import BoxMaskActor, VosActor
from ltr.data import LTRLoader, processing, sampler
from ltr.data import transforms as tfm
from ltr.data.boxmask import ClipProcessing, ClipSampler
from ltr.data.boxmask_augment import Photometric
from ltr.dataset import Davis
from ltr.models.boxmask import boxmask_lite, vos_lite
from ltr.models.loss.segmentation import LovaszSegLoss

WIDTHS = {"feature": 16, "filters": 4, "mask_ladder": (4, 6, 8), "decoder": (16, 12, 8, 8), "upsampler": 4}


def _step(net, actor, batch):
    """Loss, statistics, and the norms of the weights after one step on a batch."""
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=1e-3)
    actor.train()
    loss, stats = actor(batch)
    loss.backward()
    optimizer.step()
    return loss, stats, [parameter.norm() for parameter in net.parameters()]


def box_to_mask():
    net = boxmask_lite(box_ladder=(4, 6, 8, 12), **WIDTHS)
    data = Davis(trees.davis(Path("overlay"), objects=2), multiobj=False)
    process = ClipProcessing(net.input_spec, 4.0, output_size=(104, 60), center_jitter=2.0, scale_jitter=0.2, flip=0.5,
                             photometric=Photometric(greyscale=0.3, brightness=0.2))
    loader = LTRLoader("train", ClipSampler([data], [1], 4, 20, 2, process), training=True, batch_size=2, stack_dim=1)
    seed(1)
    batches = list(loader)
    yield "batches", ([dict(batch) for batch in batches], next_numbers())
    yield "a step", _step(net, BoxMaskActor(net, LovaszSegLoss(per_image=False), {"cross_entropy": 1.0}), batches[0])


def few_shot():
    net = vos_lite(**WIDTHS)
    data = Davis(trees.davis(Path("overlay"), objects=2), multiobj=False)
    frames = tfm.Transform(tfm.ToTensorAndJitter(0.2, normalize=False), tfm.Normalize(net.input_spec.mean,
                                                                                     net.input_spec.std))
    process = processing.LWLProcessing(3.0, (104, 60), {"train": 1, "test": (2, 2)}, {"train": 0.1, "test": 0.2},
                                       mode="sequence", transform=frames, new_roll=True)
    samples = sampler.LWLSampler([data], [1], 2, max_gap=20, num_test_frames=2, processing=process)
    seed(2)
    batch = next(iter(LTRLoader("train", samples, training=True, batch_size=2, stack_dim=1)))
    yield "a step", _step(net, VosActor(net, LovaszSegLoss(per_image=False)), batch)
