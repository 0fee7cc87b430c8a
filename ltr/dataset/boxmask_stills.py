"""A still image as a clip: a random camera over it, and cut-outs of other images moving across."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ltr.data.boxmask_augment import EDGE_BLUR
from ltr.dataset.boxmask_shapes import Motion, translation

MIN_VISIBLE = 0.4  # of the target's pixels in a frame, and of its area in the still; else that frame drops a layer


@dataclass(frozen=True)
class Cutout:
    """A piece of an image (h, w, 3) uint8 and which of its pixels belong to the object, (h, w) bool."""

    image: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Layer:
    """A cut-out that moves over the image, in front of the target or behind it."""

    cutout: Cutout
    motion: Motion
    in_front: bool


def animate(image: np.ndarray, mask: np.ndarray, cutouts: list[Cutout], frame_ids: list[int], *,
            rng: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Frames `frame_ids` of a clip made of a still.

    image (H, W, 3) uint8, mask (H, W) uint8 with 1 = target and 255 = not known. Returns images of the same size and
    their masks; what the camera sees beyond the still is the repeated border and 255 in the mask.
    """
    height, width = mask.shape
    camera = _camera_motion(rng)
    tilt = rng.normal(0, 0.12, (2, 2))  # of the plane, at two ends of the clip
    layers = [_layer(cutout, mask, rng) for cutout in cutouts]
    frames = []
    for t in frame_ids:
        view = _view(camera.matrix(t), tilt[0] + (tilt[1] - tilt[0]) * np.sin(t / 20), (width, height))
        seen = cv2.warpPerspective(image, view, (width, height), borderMode=cv2.BORDER_REPLICATE)
        labels = cv2.warpPerspective(mask, view, (width, height), flags=cv2.INTER_NEAREST, borderValue=255)
        if (labels == 1).sum() < MIN_VISIBLE * (mask == 1).sum():
            seen, labels = image, mask
        for layer in layers:
            seen, labels = _paste(layer, t, seen, labels)
        frames.append((seen, labels))
    images, masks = zip(*frames, strict=True)
    return list(images), list(masks)


def _camera_motion(rng: np.random.Generator) -> Motion:
    """In units of the image's size, around its centre; mostly zoomed in, so that little is seen beyond the border."""
    base = np.concatenate([rng.normal(0, 0.02, 2), [rng.uniform(0, 0.2)], rng.normal(0, (0.12, 0.05))])
    amplitude = np.abs(rng.normal(0, (0.05, 0.05, 0.1, 0.15, 0.05)))
    return Motion(base, np.zeros(5), amplitude, 2 * np.pi / rng.uniform(20, 70, 5), rng.uniform(0, 6, 5))


def _view(matrix: np.ndarray, tilt: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """From the still's pixels to the frame's: `matrix` acts on coordinates centred in the image, in its diagonals."""
    diagonal = float(np.hypot(*size))
    centred = np.diag([1 / diagonal, 1 / diagonal, 1]) @ translation(-size[0] / 2, -size[1] / 2)
    plane = np.eye(3)
    plane[2, :2] = tilt
    return np.linalg.inv(centred) @ plane @ matrix @ centred


def _layer(cutout: Cutout, mask: np.ndarray, rng: np.random.Generator) -> Layer:
    """A cut-out near the target, behind it at any size, or in front of it at a smaller one."""
    rows, columns = np.nonzero(mask == 1)
    side = np.sqrt(len(rows))
    in_front = bool(rng.random() < 0.5)
    area_side = side * (rng.uniform(0.25, 0.6) if in_front else rng.uniform(0.5, 1.3))
    scale = area_side / max(1.0, np.sqrt(cutout.mask.sum()))
    at = np.array([columns.mean(), rows.mean()]) + rng.normal(0, 0.8 * side, 2)
    base = np.concatenate([at, [np.log(scale)], rng.normal(0, (0.3, 0.05))])
    amplitude = np.abs(rng.normal(0, (0.8 * side, 0.4 * side, 0.1, 0.2, 0.05)))
    return Layer(cutout, Motion(base, np.zeros(5), amplitude, 2 * np.pi / rng.uniform(15, 50, 5),
                                rng.uniform(0, 6, 5)), in_front)


def _paste(layer: Layer, t: int, image: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One layer over (or behind the target of) a frame; the frame as it was, if the target would be hidden."""
    height, width = labels.shape
    h, w = layer.cutout.mask.shape
    matrix = (layer.motion.matrix(t) @ translation(-w / 2, -h / 2))[:2]
    alpha = cv2.warpAffine(layer.cutout.mask.astype(np.float32), matrix, (width, height))
    alpha = cv2.GaussianBlur(alpha, (0, 0), EDGE_BLUR)
    if not layer.in_front:
        alpha *= 1 - cv2.GaussianBlur((labels == 1).astype(np.float32), (0, 0), EDGE_BLUR)
    covered = np.where(alpha > 0.5, 0, labels).astype(np.uint8) if layer.in_front else labels
    if (covered == 1).sum() < MIN_VISIBLE * (labels == 1).sum():
        return image, labels
    patch = cv2.warpAffine(layer.cutout.image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return cv2.blendLinear(patch, image, alpha, 1 - alpha), covered
