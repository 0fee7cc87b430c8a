"""The sampler ends where pytracking's runs for ever, and the processing says what it lacks."""

import logging
import random

import numpy as np
import pytest
import torch

from ltr.data import processing, sampler
from ltr.data import processing_utils as prutils
from pytracking import TensorDict


class Clips:
    """Sequences with the given visibility."""

    def __init__(self, *visible, video=True):
        self.visible = [torch.tensor(flags, dtype=torch.uint8) for flags in visible]
        self.video = video
        self.asked = 0

    def get_name(self):
        return "clips"

    def __len__(self):
        return len(self.visible)

    get_num_sequences = __len__

    def is_video_sequence(self):
        return self.video

    def get_sequence_info(self, index):
        self.asked += 1
        return {"visible": self.visible[index]}

    def get_frames(self, index, frames, info):
        return list(frames), {"bbox": [index] * len(frames)}, {}


def sample_from(*datasets, number=0, **arguments):
    arguments = {"max_gap": 10, "num_test_frames": 2, **arguments}
    random.seed(number)
    return sampler.LWLSampler(list(datasets), None, 4, **arguments)[0]


@pytest.mark.parametrize("visible", [[1] * 6, [0] * 50], ids=["too short", "never visible"])
def test_a_dataset_without_a_usable_sequence_is_named(visible):
    data = Clips(visible, visible[:4])
    with pytest.raises(ValueError, match=r"clips: none of 2 sequences has 7 frames"):
        sample_from(data)
    assert data.asked < 200


def test_an_empty_dataset_is_named():
    with pytest.raises(ValueError, match="clips: the dataset has no sequence"):
        sampler.LWLSampler([Clips()], [1], 4, max_gap=10, num_test_frames=2)[0]


def test_one_usable_sequence_among_many_is_found():
    data = Clips(*[[0] * 9] * 700, [1] * 9)
    assert sample_from(data)["train_anno"] == [700]


def test_sequences_whose_visible_frames_are_too_far_apart_are_passed_over(caplog):
    # All visible frames are at the end, where no test frame can follow.
    hopeless = [0] * 5000 + [1] * 3 + [0] * 3000 + [1] * 10
    data = Clips([1] * 3 + [0] * 2000 + [1], hopeless[:5003], [1] * 20)
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            assert sample_from(data, number=number, num_test_frames=0, num_train_frames=1)["test_images"] == []


def test_a_dataset_of_such_sequences_alone_is_named(monkeypatch):
    monkeypatch.setattr(sampler, "_sample_visible_ids", lambda *_: None)
    with pytest.raises(ValueError, match="clips: 100 sequences in a row have no 1 [+] 2 visible frames"):
        sample_from(Clips([1] * 20))


def test_several_objects_at_once_are_refused():
    data = Clips([[1, 1]] * 20)
    with pytest.raises(ValueError, match="multiobj=False"):
        sample_from(data)


def test_still_images_are_repeated():
    sample = sample_from(Clips([1], video=False), num_train_frames=2)
    assert sample["train_images"] == [1, 1] and sample["test_images"] == [1, 1]


@pytest.mark.parametrize("weights", [[], [1], [1, -1], [0, 0]])
def test_probabilities_fit_the_datasets(weights):
    with pytest.raises(ValueError, match="2 datasets"):
        sampler.LWLSampler([Clips([1]), Clips([1])], weights, 4, max_gap=10, num_test_frames=2)


@pytest.mark.parametrize("number", range(20))
def test_frames_are_visible_ordered_and_within_the_gap(number):
    visible = [frame % 3 != 1 for frame in range(60)]
    sample = sample_from(Clips(visible), number=number, num_train_frames=2, max_gap=12)
    train, test = sample["train_images"], sample["test_images"]
    assert all(visible[frame] for frame in train + test)
    assert train == sorted(train) and test == sorted(test) and train[-1] < test[0]
    assert test[-1] - train[-1] < 12 and train[-1] - train[0] <= 12


def processor(**arguments):
    return processing.LWLProcessing(2.0, (32, 24), {"train": 0, "test": 0}, {"train": 0.0, "test": 0.0}, **arguments)


def clip(masks=True, test_frames=1):
    def side(count):
        return ([np.zeros((40, 60, 3), np.uint8)] * count, [torch.ones(40, 60)] * count if masks else None,
                [torch.tensor([20.0, 10, 12, 12])] * count)

    (images, mask, boxes), (test_images, test_mask, test_boxes) = side(1), side(test_frames)
    return TensorDict({"train_images": images, "train_masks": mask, "train_anno": boxes, "test_images": test_images,
                       "test_masks": test_mask, "test_anno": test_boxes, "dataset": "clips"})


@pytest.mark.parametrize("output_sz", [(416, 240), (104, 60), 40])
@pytest.mark.parametrize("factor", [1.5, 4.0])
def test_the_mask_of_a_crop_is_where_the_image_shows_the_target(output_sz, factor):
    rng = np.random.default_rng(0)
    off = []
    for _ in range(60):
        (x, y), (w, h) = rng.integers(60, 200, 2).tolist(), rng.integers(30, 100, 2).tolist()
        mask = np.zeros((360, 480), np.float32)
        mask[y:y + h, x:x + w] = 1
        image = np.repeat((255 * mask).astype(np.uint8)[..., None], 3, axis=2)
        crop, _, cut = prutils.sample_target_adaptive(image, torch.tensor([x, y, w, h]).float(), factor, output_sz,
                                                      "inside_major", mask=torch.from_numpy(mask))
        off.append(np.subtract(centre(cut.numpy()), centre(crop[..., 0].astype(float))))
    # Nearest neighbours are off by up to half a pixel, each way as often.
    assert np.abs(np.mean(off, axis=0)).max() < 0.12


def centre(weights):
    return [(places * weights).sum() / weights.sum() for places in np.indices(weights.shape)]


def test_a_dataset_without_masks_cannot_train_masks():
    with pytest.raises(ValueError, match="LWLProcessing needs masks, and the dataset 'clips' has none"):
        processor()(clip(masks=False))


def test_a_side_without_frames_stays_empty():
    out = processor(mode="sequence")(clip(test_frames=0))
    assert out["train_images"].shape == (1, 3, 24, 32) and out["test_images"] == []


def test_pairs_have_one_frame_a_side():
    with pytest.raises(ValueError, match="there is one test frame, got 2"):
        processor()(clip(test_frames=2))


@pytest.mark.parametrize("arguments", [{"mode": "triple"},
                                       {"scale_jitter_factor": {"train": 0, "test": 0, "mode": "x"}}])
def test_unknown_modes_are_refused_when_the_processing_is_built(arguments):
    settings = {"search_area_factor": 2.0, "output_sz": (32, 24), "center_jitter_factor": {"train": 0, "test": 0},
                "scale_jitter_factor": {"train": 0.0, "test": 0.0}, **arguments}
    with pytest.raises(ValueError, match=r"triple|'x'"):
        processing.LWLProcessing(**settings)


@pytest.mark.parametrize("box", [(5, 5, 0, 10), (5, 5, -3, -3), (5, 5, float("nan"), 4)])
def test_no_crop_is_made_around_a_box_without_size(box):
    with pytest.raises(ValueError, match="no crop around the box"):
        prutils.sample_target_adaptive(np.zeros((20, 20, 3), np.uint8), torch.tensor(box, dtype=torch.float), 2.0, 8)
