"""Random training samples from video datasets.

Interface and order of random numbers of pytracking's `ltr/data/sampler.py`. Different on purpose: where it
looks for a long enough sequence without end, the dataset is checked once and a ValueError names it; where a
sequence holds no suitable frames it fails, here another sequence is drawn.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

import torch.utils.data

from pytracking import TensorDict

logger = logging.getLogger(__name__)

# Sequences drawn in vain before the whole dataset is looked through, once, for one that can be used.
_DRAWS_BEFORE_CHECK = 100
# Frames by which the search for frames around the base frame widens, and where it ends.
_GAP_STEP, _GAP_LIMIT = 5, 1000
# Sequences with enough visible frames that may be unusable (visible frames too far apart) one after the other.
_MAX_UNUSABLE = 100


def no_processing(data: TensorDict) -> TensorDict:
    """The sample as it is."""
    return data


class LWLSampler(torch.utils.data.Dataset):
    """Training frames and, after them, test frames of one object of one random sequence.

    A dataset is drawn with the probabilities `p_datasets` (None: by their lengths), then a sequence with more
    than twice as many visible frames as are needed, then a base frame, the other training frames up to
    `max_gap` before it, and the test frames up to `max_gap` after it; the gap widens until they are found.
    Frames are drawn with replacement, only where the target is visible, and sorted. With the probability
    `p_reverse` time runs backwards.

    The index of a sample is ignored. A sample is `processing(TensorDict)` with lists, one entry per frame:
    `{train,test}_images` (H, W, 3) uint8, `_masks` float (H, W) or None for a dataset without masks, `_anno`
    xywh (4,); and `dataset`, its name.
    """

    def __init__(self, datasets: Sequence[Any], p_datasets: Sequence[float] | None, samples_per_epoch: int,
                 max_gap: int, num_test_frames: int, num_train_frames: int = 1, processing: Callable = no_processing,
                 p_reverse: float | None = None) -> None:
        weights = [len(dataset) for dataset in datasets] if p_datasets is None else list(p_datasets)
        if len(weights) != len(datasets) or not datasets or min(weights) < 0 or sum(weights) <= 0:
            raise ValueError(f"{len(datasets)} datasets need as many probabilities >= 0, not all 0; got "
                             f"{weights}")
        self.datasets = datasets
        self.p_datasets = [weight / sum(weights) for weight in weights]
        self.samples_per_epoch = samples_per_epoch
        self.max_gap = max_gap
        self.num_test_frames = num_test_frames
        self.num_train_frames = num_train_frames
        self.processing = processing
        self.p_reverse = p_reverse
        self._checked: set[int] = set()

    def __len__(self) -> int:
        return self.samples_per_epoch

    def __getitem__(self, index: int) -> Any:
        dataset = random.choices(self.datasets, self.p_datasets)[0]
        reverse = self.p_reverse is not None and random.random() < self.p_reverse
        sequence, info, train_ids, test_ids = self._sample_frames(dataset, reverse)
        train_ids, test_ids = sorted(train_ids, reverse=reverse), sorted(test_ids, reverse=reverse)
        frames, anno, _ = dataset.get_frames(sequence, train_ids + test_ids, info)
        count = len(train_ids)
        masks = anno.get("mask")
        return self.processing(TensorDict({
            "train_images": frames[:count],
            "train_masks": None if masks is None else masks[:count],
            "train_anno": anno["bbox"][:count],
            "test_images": frames[count:],
            "test_masks": None if masks is None else masks[count:],
            "test_anno": anno["bbox"][count:],
            "dataset": dataset.get_name()}))

    def _sample_frames(self, dataset: Any, reverse: bool) -> tuple[int, dict, list[int], list[int]]:
        """A sequence, its information, training and test frame numbers."""
        draw = self._draw_reversed if reverse else self._draw_forward
        for _ in range(_MAX_UNUSABLE):
            sequence, info, visible = self._sample_sequence(dataset)
            if not dataset.is_video_sequence():
                # One still image is a clip of itself.
                return sequence, info, [1] * self.num_train_frames, [1] * self.num_test_frames
            for gap in range(self.max_gap, self.max_gap + _GAP_LIMIT + 1, _GAP_STEP):
                train, test = draw(visible, gap)
                if train is not None and test is not None:
                    return sequence, info, train, test
            logger.warning("%s: sequence %s has no %d + %d visible frames near each other; drawing another",
                           dataset.get_name(), info.get("sequence", sequence), self.num_train_frames,
                           self.num_test_frames)
        raise ValueError(f"{dataset.get_name()}: {_MAX_UNUSABLE} sequences in a row have no "
                         f"{self.num_train_frames} + {self.num_test_frames} visible frames near each other; "
                         "leave them out or raise max_gap")

    def _sample_sequence(self, dataset: Any) -> tuple[int, dict, list[bool]]:
        draws = 0
        while True:
            count = dataset.get_num_sequences()
            if not count:
                raise ValueError(f"{dataset.get_name()}: the dataset has no sequence")
            sequence = random.randint(0, count - 1)
            info = dataset.get_sequence_info(sequence)
            visible = self._visible(dataset, info)
            if self._is_long_enough(visible) or not dataset.is_video_sequence():
                return sequence, info, visible
            draws += 1
            if draws == _DRAWS_BEFORE_CHECK and id(dataset) not in self._checked:
                self._check(dataset)
                self._checked.add(id(dataset))

    def _is_long_enough(self, visible: list[bool]) -> bool:
        return sum(visible) > 2 * (self.num_test_frames + self.num_train_frames)

    def _check(self, dataset: Any) -> None:
        """Raises unless some sequence has enough visible frames; draws no random numbers."""
        longest = 0
        for sequence in range(dataset.get_num_sequences()):
            visible = self._visible(dataset, dataset.get_sequence_info(sequence))
            if self._is_long_enough(visible):
                return
            longest = max(longest, sum(visible))
        needed = 2 * (self.num_test_frames + self.num_train_frames) + 1
        raise ValueError(f"{dataset.get_name()}: none of {dataset.get_num_sequences()} sequences has "
                         f"{needed} frames with a visible target, as samples of {self.num_train_frames} + "
                         f"{self.num_test_frames} frames need (the most is {longest}); take fewer frames, "
                         "longer sequences, or a lower vis_threshold")

    @staticmethod
    def _visible(dataset: Any, info: dict) -> list[bool]:
        visible = info["visible"]
        if visible.ndim > 1 and visible.shape[1] != 1:
            raise ValueError(f"{dataset.get_name()}: a sample has one object, and sequence "
                             f"{info.get('sequence')} gives {visible.shape[1]} together; build the dataset "
                             "with multiobj=False")
        return [bool(flag) for flag in visible.reshape(-1).tolist()]

    def _draw_forward(self, visible: list[bool], gap: int) -> tuple[list[int] | None, list[int] | None]:
        base = _sample_visible_ids(visible, 1, self.num_train_frames - 1, len(visible) - self.num_test_frames)
        if base is None:
            return None, None
        earlier = _sample_visible_ids(visible, self.num_train_frames - 1, base[0] - gap, base[0])
        if earlier is None:
            return None, None
        return base + earlier, _sample_visible_ids(visible, self.num_test_frames, base[0] + 1, base[0] + gap)

    def _draw_reversed(self, visible: list[bool], gap: int) -> tuple[list[int] | None, list[int] | None]:
        base = _sample_visible_ids(visible, 1, self.num_test_frames + 1, len(visible) - self.num_train_frames - 1)
        if base is None:
            return None, None
        later = _sample_visible_ids(visible, self.num_train_frames - 1, base[0], base[0] + gap)
        if later is None:
            return None, None
        return base + later, _sample_visible_ids(visible, self.num_test_frames, 0, base[0] - 1)


def _sample_visible_ids(visible: list[bool], count: int, first: int, end: int) -> list[int] | None:
    """`count` frames of [first, end) where the target is visible, with replacement; None if it nowhere is.

    None also for a count of 0, as in pytracking: which frames a seed gives depends on it.
    """
    candidates = [frame for frame in range(max(first, 0), min(end, len(visible))) if visible[frame]]
    return random.choices(candidates, k=count) if candidates else None
