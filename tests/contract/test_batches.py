"""From files to batches: a dataset, LWLSampler, LWLProcessing and LTRLoader(stack_dim=1) together."""

import random

import numpy as np
import pytest
import torch

from ltr.data import LTRLoader, processing, sampler
from ltr.data import transforms as tfm
from ltr.dataset import Davis
from pytracking import TensorDict

MEAN, STD = [102.9801, 115.9465, 122.7717], [1.0, 1.0, 1.0]


@pytest.fixture
def davis(tmp_path, trees):
    return Davis(trees.davis(tmp_path / "DAVIS"), multiobj=False)


def lwl(kind=processing.LWLProcessing, mode="sequence", **arguments):
    transform = tfm.Transform(tfm.ToTensorAndJitter(0.2, normalize=False), tfm.Normalize(mean=MEAN, std=STD))
    return kind(search_area_factor=2.0, output_sz=(64, 48), center_jitter_factor={"train": 1, "test": (1, 1)},
                scale_jitter_factor={"train": 0.1, "test": 0.1}, crop_type="inside_major", mode=mode, new_roll=True,
                transform=transform, joint_transform=tfm.Transform(tfm.ToBGR()), **arguments)


def test_a_sequence_batch_has_the_layout_of_the_contract(davis):
    samples = sampler.LWLSampler([davis], [1], 4, max_gap=100, num_test_frames=3, processing=lwl())
    loader = LTRLoader("train", samples, training=True, batch_size=2, stack_dim=1)
    random.seed(1)
    batches = list(loader)
    assert len(batches) == len(loader) == 2
    batch = batches[0]
    assert isinstance(batch, TensorDict)
    assert {key: (tuple(value.shape), value.dtype) for key, value in batch.items() if key != "dataset"} == {
        "train_images": ((1, 2, 3, 48, 64), torch.float32), "train_masks": ((1, 2, 48, 64), torch.float32),
        "train_anno": ((1, 2, 4), torch.float32), "test_images": ((3, 2, 3, 48, 64), torch.float32),
        "test_masks": ((3, 2, 48, 64), torch.float32), "test_anno": ((3, 2, 4), torch.float32)}
    assert batch["dataset"] == ["DAVIS/2017/train"] * 2


def test_boxes_and_masks_of_a_batch_agree(davis):
    samples = sampler.LWLSampler([davis], [1], 6, max_gap=100, num_test_frames=2, processing=lwl())
    random.seed(2)
    torch.manual_seed(2)
    for sample in (samples[i] for i in range(6)):
        for mask, box in zip(sample["test_masks"], sample["test_anno"], strict=True):
            assert mask.unique().tolist() == [0, 1]
            rows, columns = mask.any(dim=1).nonzero(), mask.any(dim=0).nonzero()
            x, y, w, h = box.tolist()
            # Nearest-neighbour masks may be a pixel or two off, and the crop may cut the target.
            assert columns[0].item() == pytest.approx(max(x, 0), abs=3)
            assert rows[0].item() == pytest.approx(max(y, 0), abs=3)
            assert columns[-1].item() + 1 == pytest.approx(min(x + w, 64), abs=3)
            assert rows[-1].item() + 1 == pytest.approx(min(y + h, 48), abs=3)


def test_a_pair_sample_has_no_frame_dimension(davis):
    samples = sampler.LWLSampler([davis], [1], 4, max_gap=100, num_test_frames=1, processing=lwl(mode="pair"))
    sample = samples[0]
    assert sample["train_images"].shape == (3, 48, 64)
    assert sample["test_masks"].shape == (48, 64)
    assert sample["test_anno"].shape == (4,)


def test_rts_samples_have_labels_at_the_target(davis):
    parameters = {"feature_sz": (8, 6), "sigma_factor": 0.1, "kernel_sz": 4}
    samples = sampler.LWLSampler([davis], [1], 4, max_gap=100, num_test_frames=2,
                                 processing=lwl(processing.RTSProcessing, label_function_params=parameters))
    torch.manual_seed(0)
    sample = samples[0]
    assert sample["train_label"].shape == (1, 7, 9) and sample["test_label"].shape == (2, 7, 9)
    for label, (x, y, w, h) in zip(sample["test_label"], sample["test_anno"].tolist(), strict=True):
        row, column = np.unravel_index(label.argmax().item(), label.shape)
        assert column == pytest.approx((x + w / 2) / 8, abs=1) and row == pytest.approx((y + h / 2) / 8, abs=1)


class Leaves(torch.utils.data.Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return TensorDict({"clip": torch.full((3, 2), float(index)), "name": f"clip{index}", "number": index,
                           "score": 0.5, "nothing": None})


@pytest.mark.parametrize(("stack_dim", "shape"), [(0, (2, 3, 2)), (1, (3, 2, 2))])
def test_leaves_of_every_kind_are_batched(stack_dim, shape):
    batch = next(iter(LTRLoader("val", Leaves(), training=False, batch_size=2, stack_dim=stack_dim)))
    assert batch["clip"].shape == shape
    assert batch["name"] == ["clip0", "clip1"]
    assert batch["number"].dtype == torch.int64 and batch["number"].tolist() == [0, 1]
    assert batch["score"].dtype == torch.float64
    assert batch["nothing"] == [None, None]


def test_a_loader_knows_what_the_trainer_asks_it():
    loader = LTRLoader("val", Leaves(), training=False, epoch_interval=5, stack_dim=1)
    assert (loader.name, loader.training, loader.epoch_interval, loader.stack_dim) == ("val", False, 5, 1)
    with pytest.raises(ValueError):
        LTRLoader("val", Leaves(), stack_dim=2)
