"""What all transforms share: `Transform`, which applies several, and `TransformBase`, which one is made from.

See `ltr.data.transforms`, where users import them from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

_INPUTS = ("image", "coords", "bbox", "mask", "bboxes")
_ARGUMENTS = ("joint", "new_roll")
_NEED_SIZE = ("coords", "bbox", "bboxes")


class Transform:
    """Several transforms as one; see the module's docstring."""

    def __init__(self, *transforms: TransformBase | Iterable[TransformBase]) -> None:
        if len(transforms) == 1 and isinstance(transforms[0], (list, tuple)):
            transforms = tuple(transforms[0])
        self.transforms = transforms

    def __call__(self, **inputs: Any) -> Any:
        unknown = [name for name in inputs if name not in _INPUTS + _ARGUMENTS]
        if unknown:
            raise ValueError(f"unknown input {unknown[0]!r} to a transform: inputs are {_INPUTS}, "
                             f"arguments {_ARGUMENTS}")
        values = {name: value for name, value in inputs.items() if name in _INPUTS}
        new_roll = inputs.get("new_roll", True)
        if not inputs.get("joint", True):
            return self._per_frame(values, new_roll)
        for transform in self.transforms:
            values = transform(**values, new_roll=new_roll)
        return _unwrap(tuple(values[name] for name in inputs if name in _INPUTS))

    def _per_frame(self, values: dict[str, Any], new_roll: bool | list[bool]) -> Any:
        lists = [value for value in values.values() if value is not None]
        if len({len(value) for value in lists}) > 1:
            raise ValueError("with joint=False all inputs are lists of one length, got lengths "
                             f"{ {name: len(value) for name, value in values.items() if value is not None} }")
        count = len(lists[0]) if lists else 0
        rolls = new_roll if isinstance(new_roll, list) else [new_roll] * count
        frames = []
        for index in range(count):
            frame = {name: None if value is None else value[index] for name, value in values.items()}
            out = self(**frame, new_roll=rolls[index])
            frames.append(out if len(values) > 1 else (out,))
        return _unwrap(tuple([frame[index] for frame in frames] for index in range(len(values))))

    def __repr__(self) -> str:
        inner = "".join(f"\n    {transform}" for transform in self.transforms)
        return f"{type(self).__name__}({inner}\n)"


class TransformBase:
    """One transform: `roll` draws its random parameters, the `transform_*` methods apply them and draw nothing.

    Subclasses call `super().__init__()` and override what they change. `transform_coords` and the box methods
    also get the image's size (H, W) before the parameters.
    """

    def __init__(self) -> None:
        self._rand_params: tuple | None = None

    def __call__(self, *, new_roll: bool = True, joint: bool = True, **values: Any) -> dict[str, Any]:
        if new_roll:
            rolled = self.roll()
            self._rand_params = rolled if isinstance(rolled, tuple) else () if rolled is None else (rolled,)
        if self._rand_params is None:
            raise ValueError(f"{type(self).__name__} was called with new_roll=False before any roll")
        return {name: self._apply(name, value, values) for name, value in values.items()}

    def _apply(self, name: str, value: Any, values: dict[str, Any]) -> Any:
        method: Callable = getattr(self, "transform_" + name)
        params = self._rand_params
        if value is None:
            return None
        if isinstance(value, (list, tuple)):
            if name in _NEED_SIZE:
                return [method(one, _image_size(values, index), *params) for index, one in enumerate(value)]
            return [method(one, *params) for one in value]
        if name in _NEED_SIZE:
            return method(value, _image_size(values, 0), *params)
        return method(value, *params)

    def roll(self) -> Any:
        """The random parameters of one roll: None, one value or a tuple."""
        return None

    def transform_image(self, image: Any, *params: Any) -> Any:
        return image

    def transform_mask(self, mask: Any, *params: Any) -> Any:
        return mask

    def transform_coords(self, coords: torch.Tensor, image_shape: tuple[int, int] | None, *params: Any) -> torch.Tensor:
        return coords

    def transform_bbox(self, bbox: torch.Tensor, image_shape: tuple[int, int] | None, *params: Any) -> torch.Tensor:
        """The upright box around the transformed corners."""
        if type(self).transform_coords is TransformBase.transform_coords:
            return bbox
        x, y, w, h = bbox.reshape(4)
        right, bottom = x + w, y + h
        corners = torch.stack((torch.stack((y, y, bottom, bottom)), torch.stack((x, right, right, x))))
        moved = self.transform_coords(corners.float(), image_shape, *params).flip(0)
        top_left = moved.amin(dim=1)
        return torch.cat((top_left, moved.amax(dim=1) - top_left)).reshape(bbox.shape)

    def transform_bboxes(self, bboxes: dict, image_shape: tuple[int, int] | None, *params: Any) -> dict:
        return {key: self.transform_bbox(bbox, image_shape, *params) for key, bbox in bboxes.items()}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name[0] != "_")
        return f"{type(self).__name__}({shown})"


def _unwrap(outputs: tuple) -> Any:
    return outputs[0] if len(outputs) == 1 else outputs


def _image_size(values: dict[str, Any], index: int) -> tuple[int, int] | None:
    """(H, W) of the image, or the mask, that goes with box number `index`; None if there is neither."""
    pixels = values.get("image") if values.get("image") is not None else values.get("mask")
    if isinstance(pixels, (list, tuple)):
        pixels = pixels[index if index < len(pixels) else 0]
    if pixels is None:
        return None
    return tuple(pixels.shape[-2:]) if torch.is_tensor(pixels) else pixels.shape[:2]
