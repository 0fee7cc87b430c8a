"""From sampled frames to network inputs: jittered crops and transforms.

Interfaces, results and the order of random numbers of pytracking's `ltr/data/processing.py`. Different on
purpose: a dataset without masks gives an error that says so, an unknown jitter mode or frame mode too; a side
without frames (num_test_frames=0) stays an empty list; `transform` is by default `Transform(ToTensor())`,
which takes masks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

import ltr.data.processing_utils as prutils
from ltr.data.transforms import ToTensor, Transform
from pytracking import TensorDict


def stack_tensors(x: Any) -> Any:
    """A list of tensors as one tensor; anything else as it is."""
    if isinstance(x, (list, tuple)) and len(x) and isinstance(x[0], torch.Tensor):
        return torch.stack(list(x))
    return x


class BaseProcessing:
    """Holds the transforms: of the training frames, of the test frames, and of both together (`joint`, first)."""

    def __init__(self, transform: Callable | None = None, train_transform: Callable | None = None,
                 test_transform: Callable | None = None, joint_transform: Callable | None = None) -> None:
        transform = Transform(ToTensor()) if transform is None else transform
        self.transform = {"train": transform if train_transform is None else train_transform,
                          "test": transform if test_transform is None else test_transform,
                          "joint": joint_transform}

    def __call__(self, data: TensorDict) -> TensorDict:
        raise NotImplementedError


class LWLProcessing(BaseProcessing):
    """Crops every frame around its own jittered box, for training from masks.

    search_area_factor: square root of the crop's area over the box's; output_sz (W, H) of the crops;
    crop_type and max_scale_change: see `processing_utils.sample_target_adaptive`. scale_jitter_factor
    {'train': s, 'test': s, 'mode': 'gauss' or 'uniform'}: spread of the logs of width and height;
    center_jitter_factor {'train': c, 'test': c or (x, y)}: the centre moves by up to c / 2 sides of the
    jittered box. mode 'sequence' gives `{train,test}_images` (F, 3, H, W), `_masks` (F, H, W), `_anno` (F, 4)
    xywh crop pixels; mode 'pair', for one frame each, gives them without F. new_roll: whether the joint
    transform rolls again for the test frames.
    """

    def __init__(self, search_area_factor: float, output_sz: Sequence[int], center_jitter_factor: dict,
                 scale_jitter_factor: dict, crop_type: str = "replicate", max_scale_change: float | None = None,
                 mode: str = "pair", new_roll: bool = False, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if mode not in ("pair", "sequence"):
            raise ValueError(f"mode is 'pair' or 'sequence', got {mode!r}")
        if scale_jitter_factor.get("mode", "gauss") not in ("gauss", "uniform"):
            raise ValueError(f"the scale jitter mode is 'gauss' or 'uniform', got "
                             f"{scale_jitter_factor['mode']!r}")
        self.search_area_factor = search_area_factor
        self.output_sz = output_sz
        self.center_jitter_factor = center_jitter_factor
        self.scale_jitter_factor = scale_jitter_factor
        self.crop_type = crop_type
        self.max_scale_change = max_scale_change
        self.mode = mode
        self.new_roll = new_roll

    def _get_jittered_box(self, box: torch.Tensor, mode: str) -> torch.Tensor:
        """A box xywh (4,) of another size and place; mode 'train' or 'test'."""
        spread = self.scale_jitter_factor[mode]
        if self.scale_jitter_factor.get("mode", "gauss") == "gauss":
            log_scale = torch.randn(2) * spread
        else:
            log_scale = torch.empty(2).uniform_(-spread, spread)
        size = box[2:4] * torch.exp(log_scale)
        reach = (size.prod().sqrt() * torch.tensor(self.center_jitter_factor[mode])).float()
        centre = box[:2] + 0.5 * box[2:4] + reach * (torch.rand(2) - 0.5)
        return torch.cat((centre - 0.5 * size, size))

    def __call__(self, data: TensorDict) -> TensorDict:
        """data: `{train,test}_{images,masks,anno}`, lists with one entry per frame (see `sampler.LWLSampler`)."""
        self._check(data)
        if self.transform["joint"] is not None:
            self._transform(data, "train", "joint")
            self._transform(data, "test", "joint", new_roll=self.new_roll)
        for side in ("train", "test"):
            if data[side + "_images"]:
                self._crop(data, side)
                self._transform(data, side, side, joint=False)
        if self.mode == "sequence":
            return data.apply(stack_tensors)
        return data.apply(lambda value: value[0] if isinstance(value, list) else value)

    def _check(self, data: TensorDict) -> None:
        for side in ("train", "test"):
            if data[side + "_masks"] is None:
                raise ValueError(f"{type(self).__name__} needs masks, and the dataset "
                                 f"{data.get('dataset')!r} has none: use one with masks (Davis, YouTubeVOS, "
                                 "Got10kVOS, LasotVOS)")
            if self.mode == "pair" and len(data[side + "_images"]) != 1:
                raise ValueError(f"in mode 'pair' there is one {side} frame, got "
                                 f"{len(data[side + '_images'])}: use mode='sequence'")

    def _crop(self, data: TensorDict, side: str) -> None:
        jittered = [self._get_jittered_box(box, side) for box in data[side + "_anno"]]
        data[side + "_images"], data[side + "_anno"], data[side + "_masks"] = prutils.target_image_crop(
            data[side + "_images"], jittered, data[side + "_anno"], self.search_area_factor, self.output_sz,
            mode=self.crop_type, max_scale_change=self.max_scale_change, masks=data[side + "_masks"])

    def _transform(self, data: TensorDict, side: str, name: str, **arguments: Any) -> None:
        data[side + "_images"], data[side + "_anno"], data[side + "_masks"] = self.transform[name](
            image=data[side + "_images"], bbox=data[side + "_anno"], mask=data[side + "_masks"], **arguments)


class RTSProcessing(LWLProcessing):
    """`LWLProcessing` with Gaussian labels of the target's centre, `{train,test}_label` (F, h, w).

    label_function_params: sigma_factor, kernel_sz, feature_sz, end_pad_if_even of
    `processing_utils.gaussian_label_function`; None for no labels.
    """

    def __init__(self, search_area_factor: float, output_sz: Sequence[int], center_jitter_factor: dict,
                 scale_jitter_factor: dict, crop_type: str = "replicate", max_scale_change: float | None = None,
                 mode: str = "pair", new_roll: bool = False, label_function_params: dict | None = None,
                 *args: Any, **kwargs: Any) -> None:
        super().__init__(search_area_factor, output_sz, center_jitter_factor, scale_jitter_factor, crop_type,
                         max_scale_change, mode, new_roll, *args, **kwargs)
        self.label_function_params = label_function_params

    def __call__(self, data: TensorDict) -> TensorDict:
        data = super().__call__(data)
        if self.label_function_params is not None:
            for side in ("train", "test"):
                if len(data[side + "_anno"]):
                    data[side + "_label"] = self._generate_label_function(data[side + "_anno"])
        return data

    def _generate_label_function(self, target_bb: torch.Tensor) -> torch.Tensor:
        params = self.label_function_params
        return prutils.gaussian_label_function(
            target_bb.view(-1, 4), params["sigma_factor"], params["kernel_sz"], params["feature_sz"], self.output_sz,
            end_pad_if_even=params.get("end_pad_if_even", True))
