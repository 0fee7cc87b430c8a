"""Clips for the box-to-mask network: which frames are drawn, and how they become what the network sees."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.utils.data

from boxmask import boxes, crops
from boxmask.boxes import Window
from ltr.data.boxmask_augment import Photometric, degrade, jitter_box, jitter_window, moved, rotate
from ltr.models.boxmask import InputSpec
from pytracking import TensorDict

IGNORE = 255  # mask value of pixels that are not known
MAX_DRAWS = 200  # sequences tried before a dataset is taken to have no visible frame
MAX_OTHERS = 10  # clips drawn for one of another video
STALE_COUNTS = ("where masks of DAVIS or YouTube-VOS have changed, remove generated_meta.json in the dataset (or "
                "boxmask/vos_*.json in ~/.cache)")
MAX_CROPS = 10  # jittered crops tried before the target is put in the centre


class ClipSampler(torch.utils.data.Dataset):
    """Draws clips: a dataset, one of its sequences, and frames of it in which the target is visible.

    datasets: host VOS datasets with `multiobj=False`, or those of `ltr.dataset.boxmask`; p_datasets: how often each is
    drawn, None for equally often per sequence; max_gap: most frames between the first and the last of a clip;
    num_frames: T, distinct where the sequence has so many; processing: called with TensorDict(images, masks, dataset);
    p_reverse: how often a clip runs backwards; moved: how often the target is cut out of a clip and
    seen in the frames of another video; seed: if given, item i is the same every time (validation), else the
    state of Python's `random` decides, as in the host's samplers.
    """

    def __init__(self, datasets: Sequence, p_datasets: Sequence[float] | None, samples_per_epoch: int, max_gap: int,
                 num_frames: int = 3, processing: Callable[[TensorDict], TensorDict] | None = None, *,
                 p_reverse: float = 0.5, moved: float = 0.0, seed: int | None = None) -> None:
        if not datasets:
            raise ValueError("ClipSampler: no dataset to sample from")
        if p_datasets is not None and len(p_datasets) != len(datasets):
            raise ValueError(f"ClipSampler: {len(datasets)} datasets but {len(p_datasets)} probabilities")
        if p_datasets is not None and (min(p_datasets) < 0 or not any(p_datasets)):
            raise ValueError(f"ClipSampler: a dataset's share is 0 or more, and of one more than 0; got {p_datasets}")
        if num_frames < 1:
            raise ValueError(f"ClipSampler: a clip has 1 or more frames, got num_frames={num_frames}")
        self.datasets = list(datasets)
        self.p_datasets = [len(dataset) for dataset in datasets] if p_datasets is None else list(p_datasets)
        self.samples_per_epoch = samples_per_epoch
        self.max_gap = max_gap
        self.num_frames = num_frames
        self.processing = processing
        self.p_reverse = p_reverse
        self.moved = moved
        self.seed = seed

    def __len__(self) -> int:
        return self.samples_per_epoch

    def __getitem__(self, index: int) -> TensorDict:
        if not 0 <= index < self.samples_per_epoch:
            raise IndexError(index)
        if self.seed is None:
            return self._draw()
        with _seeded(f'{self.seed}/{index}'):
            return self._draw()

    def _draw(self) -> TensorDict:
        clip = self._clip()
        if random.random() < self.moved:
            self._move(clip)
        return clip if self.processing is None else self.processing(clip)

    def _move(self, clip: TensorDict) -> None:
        """Its target before frames of another video: those of its own show the target, which would be background."""
        for _ in range(MAX_OTHERS):
            other = self._clip()
            if (other['dataset'], other['sequence']) != (clip['dataset'], clip['sequence']):
                pairs = zip(clip['images'], clip['masks'], other['images'], strict=True)
                clip['images'], clip['masks'] = zip(*(moved(*pair) for pair in pairs), strict=True)
                return

    def _clip(self) -> TensorDict:
        dataset = random.choices(self.datasets, self.p_datasets)[0]
        for _ in range(MAX_DRAWS):
            sequence = random.randrange(dataset.get_num_sequences())
            info = dataset.get_sequence_info(sequence)
            visible = np.flatnonzero(np.asarray(info['visible']).reshape(len(info['visible']), -1).any(axis=1))
            if len(visible):
                break
        else:
            raise ValueError(f"{dataset.get_name()}: no frame with a visible target in {MAX_DRAWS} sequences drawn "
                             "at random; check its annotations")
        frame_ids = self._frame_ids(visible.tolist())
        images, annotations, facts = dataset.get_frames(sequence, frame_ids, info)
        # A video with several objects is as many sequences.
        return TensorDict({'images': images, 'masks': annotations['mask'], 'dataset': dataset.get_name(),
                           'sequence': (facts or {}).get('sequence', sequence)})

    def _frame_ids(self, visible: list[int]) -> list[int]:
        """T of the visible frames, in order or reversed, the last at most `max_gap` from the first."""
        first = random.choice(visible) - random.randint(0, self.max_gap)
        # Moved in between the first and the last, so that a clip has other frames at the ends of a sequence too.
        first = max(min(first, visible[-1] - self.max_gap), visible[0])
        near = [frame for frame in visible if first <= frame <= first + self.max_gap]
        frame_ids = random.sample(near, min(self.num_frames, len(near)))
        frame_ids = sorted(frame_ids + random.choices(near, k=self.num_frames - len(frame_ids)))
        return frame_ids[::-1] if random.random() < self.p_reverse else frame_ids


@contextmanager
def _seeded(seed: str):
    """Python's `random` with this seed inside the block, and as it was afterwards."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@dataclass(frozen=True)
class ClipProcessing:
    """Turns the frames of a clip into normalised crops, each around its own target.

    input_spec: `net.input_spec`; output_size: (W, H) of the crops, None for the network's; search_factor: square root
    of crop area over box area; scale_jitter, center_jitter: as in pytracking's processing (exp of a normal deviate;
    box sides); rotation: a clip is turned by up to so many degrees either way; box_jitter: how far an annotator's sides
    are off (normal), as a fraction of the box's side: of each clip another annotator's, up to this; inside_major:
    windows are moved into the frame, as pytracking's crop mode of this name does; degrade: how often one frame of a
    clip is blurred, dark, partly covered or poorly boxed. The default is no augmentation, as at generation.
    """

    input_spec: InputSpec
    search_factor: float
    output_size: tuple[int, int] | None = None
    center_jitter: float = 0.0
    scale_jitter: float = 0.0
    rotation: float = 0.0
    box_jitter: float = 0.0
    inside_major: bool = False
    flip: float = 0.0
    degrade: float = 0.0
    photometric: Photometric = Photometric()

    def __call__(self, clip: TensorDict) -> TensorDict:
        """images [(H, W, 3) uint8], masks [(H, W), 255 = ignore] -> images (T, 3, h, w), masks (T, h, w), boxes (T, 4).

        The boxes are the tight ones of the masks, xywh in crop pixels.
        """
        flip = random.random() < self.flip
        degrees = random.uniform(-self.rotation, self.rotation) if self.rotation else 0.0
        look = self.photometric.roll()
        worst = random.randrange(len(clip['images'])) if random.random() < self.degrade else None
        box_jitter = random.uniform(0, self.box_jitter)
        images, masks, targets = [], [], []
        for index, (image, mask) in enumerate(zip(clip['images'], clip['masks'], strict=True)):
            image, mask = rotate(image, np.asarray(mask).astype(np.uint8), degrees, IGNORE)
            image, mask, box = self._crop(image, mask, clip['dataset'])
            if index == worst:
                image, mask, box = degrade(image, mask, box)
            box = jitter_box(box, box_jitter)
            if flip:
                image, mask = image[:, ::-1], mask[:, ::-1]
                box = np.array([image.shape[1] - box[0] - box[2], *box[1:]])
            images.append(torch.from_numpy(look(image)).permute(2, 0, 1))
            masks.append(torch.from_numpy(mask.astype(np.float32)))
            targets.append(torch.from_numpy(box).float())
        return TensorDict({'images': self.input_spec.normalise(torch.stack(images).float()),
                           'masks': torch.stack(masks), 'boxes': torch.stack(targets), 'dataset': clip['dataset']})

    def _crop(self, image: np.ndarray, mask: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A jittered crop that shows some of the target: image, mask (255 beyond the frame), box in crop pixels."""
        box = boxes.from_mask(mask == 1)
        if box is None:
            raise ValueError(f"{name}: a frame was drawn whose mask is empty though it is marked as visible; "
                             f"check its annotations, or raise the dataset's vis_threshold; {STALE_COUNTS}")
        size = self.output_size or self.input_spec.size
        for attempt in range(MAX_CROPS + 1):
            scale = 1.0 if attempt < MAX_CROPS else 0.0
            window = self._window(box, scale, size, frame_size=mask.shape[::-1])
            labels = crops.crop(mask, window, size, nearest=True, fill=IGNORE)
            if (labels == 1).any():
                break
        return crops.crop(image, window, size), labels, boxes.to_crop(box, window, size)

    def _window(self, box: np.ndarray, scale: float, size: tuple[int, int], *,
                frame_size: tuple[int, int]) -> Window:
        around = jitter_window(box, scale * self.center_jitter, scale * self.scale_jitter)
        window = boxes.search_window(around, self.search_factor, size)
        return boxes.keep_inside(window, frame_size) if self.inside_major else window
