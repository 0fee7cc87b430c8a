"""Which frames are drawn, how they are cropped and transformed, and the batches that come of it."""

import itertools
from pathlib import Path

import numpy as np
import torch
import trees
from main import next_numbers, seed

from ltr.data import LTRLoader, processing, sampler
from ltr.data import transforms as tfm
from ltr.dataset import Davis
from pytracking import TensorDict

MEAN, STD = [102.9801, 115.9465, 122.7717], [1.0, 1.0, 1.0]


class Clips:
    """Sequences of 30, 37, ... frames, of which every fifth is not visible. Frames are their own numbers."""

    def get_name(self):
        return "clips"

    def __len__(self):
        return 5

    def get_num_sequences(self):
        return 5

    def is_video_sequence(self):
        return True

    def get_sequence_info(self, index):
        flags = [(7 * frame + 3 * index) % 5 != 0 for frame in range(30 + 7 * index)]
        return {"visible": torch.tensor(flags, dtype=torch.uint8)}

    def get_frames(self, index, frames, info):
        return list(frames), {"bbox": [(index, frame) for frame in frames]}, {}


def sampler_draws():
    """The frames of ten samples, for many seeds."""
    for options in ({"max_gap": 100, "num_test_frames": 3}, {"max_gap": 5, "num_test_frames": 2, "num_train_frames": 3},
                    {"max_gap": 3, "num_test_frames": 1, "num_train_frames": 2, "p_reverse": 0.5},
                    {"max_gap": 20, "num_test_frames": 3, "p_reverse": 1.0},
                    {"max_gap": 10, "num_test_frames": 0, "num_train_frames": 3}):
        for number in range(10):
            made = sampler.LWLSampler([Clips(), Clips()], [6, 1], 10, **options)
            seed(number)
            yield f"{options}, seed {number}", ([dict(made[i]) for i in range(10)], next_numbers())
    made = sampler.LWLSampler([Clips()], None, 10, max_gap=10, num_test_frames=1)
    seed(1)
    yield "datasets by their lengths", [dict(made[i]) for i in range(10)]


def noise_sample():
    """Two training and two test frames of noise, 90 x 150, with an ellipse as mask and the box around it."""
    rng = np.random.default_rng(5)
    rows, columns = torch.meshgrid(torch.arange(90.0), torch.arange(150.0), indexing="ij")
    images, masks, boxes = [], [], []
    for x, y, w, h in ((40, 30, 31, 22), (52, 41, 28, 30), (2, 50, 40, 38), (100, 3, 49, 25)):
        images.append(rng.integers(0, 256, (90, 150, 3), dtype=np.uint8))
        ellipse = ((columns - x - w / 2) / (w / 2)) ** 2 + ((rows - y - h / 2) / (h / 2)) ** 2
        masks.append((ellipse < 1).float())
        boxes.append(torch.tensor([x, y, w, h], dtype=torch.float32))
    return TensorDict({"train_images": images[:2], "train_masks": masks[:2], "train_anno": boxes[:2],
                       "test_images": images[2:], "test_masks": masks[2:], "test_anno": boxes[2:], "dataset": "made"})


def transforms():
    """Those of LWL's training: of all frames jointly, of training frames, of test frames."""
    return {
        "joint_transform": tfm.Transform(tfm.ToBGR(), tfm.ToGrayscale(probability=0.3),
                                         tfm.RandomHorizontalFlip(probability=0.5)),
        "train_transform": tfm.Transform(
            tfm.RandomAffine(p_flip=0.5, max_rotation=15.0, max_shear=0.2, max_ar_factor=0.1, max_scale=0.2,
                             scale_center=0.5),
            tfm.ToTensorAndJitter(0.2, normalize=False), tfm.Normalize(mean=MEAN, std=STD)),
        "test_transform": tfm.Transform(tfm.ToTensorAndJitter(0.0, normalize=True),
                                        tfm.Normalize(mean=[0.5, 0.4, 0.3], std=[0.2, 0.3, 0.4]))}


def make_processing(kind=processing.LWLProcessing, scale_mode=None, **options):
    scale = {"train": 0.25, "test": 0.5} | ({} if scale_mode is None else {"mode": scale_mode})
    given = {"search_area_factor": 4.0, "output_sz": (104, 60), "mode": "sequence",
             "center_jitter_factor": {"train": 3, "test": (5.5, 4.5)}, "scale_jitter_factor": scale}
    return kind(**given | transforms() | options)


def processed_samples():
    for crop_type, new_roll, scale_mode, limit in itertools.product(
            ("replicate", "inside", "inside_major"), (False, True), (None, "gauss", "uniform"), (None, 1.5)):
        process = make_processing(crop_type=crop_type, new_roll=new_roll, scale_mode=scale_mode,
                                  max_scale_change=limit)
        for number in (3, 4):
            seed(number)
            yield (f"LWL {crop_type}, new_roll {new_roll}, {scale_mode}, limit {limit}, seed {number}",
                   (dict(process(noise_sample())), next_numbers()))
    for kernel, feature in ((4, (13, 8)), ((1, 4), (13, 8)), (3, (12, 9))):
        labels = {"feature_sz": feature, "sigma_factor": 0.25, "kernel_sz": kernel}
        process = make_processing(processing.RTSProcessing, label_function_params=labels)
        seed(9)
        yield f"RTS {labels}", (dict(process(noise_sample())), next_numbers())
    for kind in (processing.LWLProcessing, processing.RTSProcessing):
        sample = noise_sample()
        for key in sample:
            sample[key] = sample[key][:1] if isinstance(sample[key], list) else sample[key]
        options = {"label_function_params": {"feature_sz": (13, 8), "sigma_factor": 0.1, "kernel_sz": 4}}
        seed(2)
        process = make_processing(kind, mode="pair", **(options if kind is processing.RTSProcessing else {}))
        yield f"{kind.__name__} of a pair", dict(process(sample))


def loaded_batches():
    """A whole epoch: dataset, sampler, processing, loader."""
    data = Davis(trees.davis(Path("batches"), objects=2), multiobj=False)
    for options in ({"stack_dim": 1, "batch_size": 2}, {"stack_dim": 0, "batch_size": 3, "drop_last": True},
                    {"stack_dim": 1, "batch_size": 2, "shuffle": True}):
        samples = sampler.LWLSampler([data], [1], 4, max_gap=100, num_test_frames=2, processing=make_processing())
        loader = LTRLoader("train", samples, training=True, **options)
        seed(5)
        yield str(options), ([dict(batch) for batch in loader], next_numbers())
