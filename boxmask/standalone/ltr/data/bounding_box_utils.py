"""Boxes from masks, and the relative box parametrisation.

Boxes are `xywh` in pixels. A mask of the single pixel (x, y) has the box (x, y, 1, 1): the width counts
pixels. Interfaces of pytracking's `ltr/data/bounding_box_utils.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch


def rect_to_rel(bb: torch.Tensor, sz_norm: torch.Tensor | None = None) -> torch.Tensor:
    """Boxes xywh (..., 4) to (cx / sw, cy / sh, log w, log h); (sw, sh) is `sz_norm`, or the box's own size."""
    size = bb[..., 2:]
    centre = bb[..., :2] + 0.5 * size
    return torch.cat((centre / (size if sz_norm is None else sz_norm), size.log()), dim=-1)


def rel_to_rect(bb: torch.Tensor, sz_norm: torch.Tensor | None = None) -> torch.Tensor:
    """The inverse of `rect_to_rel`, for the same `sz_norm`."""
    size = bb[..., 2:].exp()
    centre = bb[..., :2] * (size if sz_norm is None else sz_norm)
    return torch.cat((centre - 0.5 * size, size), dim=-1)


def masks_to_bboxes(mask: torch.Tensor, fmt: str = "c") -> torch.Tensor:
    """The tight boxes around the non-zero pixels of masks.

    mask: (..., H, W). fmt: 'c' centre and size, 't' top left and size, 'v' first and last column and row.
    Returns (..., 4) float32. An empty mask has the box (0, 0, 1, 1) in format 't', as in pytracking, so that
    a crop around it has a size; whether the target is there is said by the dataset's `visible`.
    """
    height, width = mask.shape[-2:]
    flat = mask.reshape(-1, height, width) != 0
    extent = torch.zeros(len(flat), 4, dtype=torch.float32, device=mask.device)
    for box, one in zip(extent, flat, strict=True):
        columns = one.any(dim=0).nonzero()
        rows = one.any(dim=1).nonzero()
        if len(columns):
            box.copy_(torch.cat((columns[0], rows[0], columns[-1], rows[-1])))
    return _from_extent(extent.reshape(*mask.shape[:-2], 4), fmt)


def masks_to_bboxes_multi(mask: torch.Tensor, ids: Sequence[int], fmt: str = "c") -> list[torch.Tensor]:
    """The boxes (4,) of the objects `ids` in an id image (H, W), in their order."""
    if mask.dim() != 2:
        raise ValueError(f"an id image has the shape (H, W), got {tuple(mask.shape)}")
    return [masks_to_bboxes(mask == number, fmt) for number in ids]


def _from_extent(extent: torch.Tensor, fmt: str) -> torch.Tensor:
    if fmt == "v":
        return extent
    first = extent[..., :2]
    size = extent[..., 2:] - first + 1
    if fmt == "t":
        return torch.cat((first, size), dim=-1)
    if fmt == "c":
        return torch.cat((first + 0.5 * size, size), dim=-1)
    raise ValueError(f"unknown box format {fmt!r}: 'c' (centre, size), 't' (top left, size) or 'v' "
                     "(vertices)")
