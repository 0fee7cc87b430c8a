"""Random changes of boxes, windows and crops in training. All of them draw from Python's `random`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

EDGE_BLUR = 0.7  # pixels: the outlines of instance masks are coarse, a hard edge would tell what was cut out
POOR_BOX = 0.1  # how far the sides of a poor box are off, as a fraction of the box's side


def jitter_window(box: np.ndarray, center: float, scale: float) -> np.ndarray:
    """The box that a crop is centred on instead: each side times exp(N(0, scale)), the centre moved by up to
    `center` / 2 times the square root of its area (pytracking `ltr/data/processing.py`)."""
    x, y, w, h = box
    width, height = w * math.exp(random.gauss(0, scale)), h * math.exp(random.gauss(0, scale))
    reach = center * math.sqrt(width * height)
    middle_x = x + w / 2 + reach * (random.random() - 0.5)
    middle_y = y + h / 2 + reach * (random.random() - 0.5)
    return np.array([middle_x - width / 2, middle_y - height / 2, width, height])


def jitter_box(box: np.ndarray, amount: float) -> np.ndarray:
    """A box as an annotator might draw it: every side off by N(0, amount) times the box's side."""
    if not amount:
        return box
    x, y, w, h = box
    left, right = x + w * random.gauss(0, amount), x + w + w * random.gauss(0, amount)
    top, bottom = y + h * random.gauss(0, amount), y + h + h * random.gauss(0, amount)
    return np.array([left, top, max(right - left, 1.0), max(bottom - top, 1.0)])


@dataclass(frozen=True)
class Photometric:
    """Colour changes of a clip: grey at random, one gain and gamma per channel for all, brightness per frame.

    greyscale: how often; brightness: +-, of each frame; colour: deviation of the clip's gains and gamma; blur: how
    often the clip is soft.
    """

    greyscale: float = 0.0
    brightness: float = 0.0
    colour: float = 0.0
    blur: float = 0.0

    def roll(self) -> Callable[[np.ndarray], np.ndarray]:
        """What to apply to every frame of one clip: (H, W, 3) uint8 -> the same."""
        grey = random.random() < self.greyscale
        gains = [math.exp(random.gauss(0, self.colour)) for _ in range(3)]
        gamma = math.exp(random.gauss(0, 1.5 * self.colour))
        softness = random.uniform(0.4, 1.5) if random.random() < self.blur else 0.0

        def look(image: np.ndarray) -> np.ndarray:
            brightness = 1 + random.uniform(-self.brightness, self.brightness)
            levels = np.linspace(0, 1, 256)[:, None] ** gamma * gains * brightness
            image = cv2.LUT(np.ascontiguousarray(image), (255 * levels).clip(0, 255).round().astype(np.uint8)[:, None])
            if grey:
                image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
            return cv2.GaussianBlur(image, (0, 0), softness) if softness else image

        return look


def rotate(image: np.ndarray, mask: np.ndarray, degrees: float, fill: int) -> tuple[np.ndarray, np.ndarray]:
    """Both turned around the target's middle; image (H, W, 3), mask (H, W) with 1 = target, `fill` beyond the frame.

    As they were where all of the target would be turned out of the frame, such as two parts of it in opposite corners.
    """
    rows, columns = np.nonzero(mask == 1)
    if not degrees or not len(rows):
        return image, mask
    matrix = cv2.getRotationMatrix2D((float(columns.mean()), float(rows.mean())), degrees, 1.0)
    size = mask.shape[::-1]
    turned = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_NEAREST, borderValue=fill)
    if not (turned == 1).any():
        return image, mask
    return cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), turned


def moved(image: np.ndarray, mask: np.ndarray, behind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The target of a frame cut out, in its place before another frame.

    image (H, W, 3) uint8, mask (H, W) with 1 = target; behind (h, w, 3) uint8, which is resized. The new image, and
    its mask of 0 and 1: what was not known is gone.
    """
    target = (np.asarray(mask) == 1).astype(np.float32)
    behind = cv2.resize(behind, target.shape[::-1], interpolation=cv2.INTER_AREA)
    alpha = cv2.GaussianBlur(target, (0, 0), EDGE_BLUR)
    return cv2.blendLinear(image, behind, alpha, 1 - alpha), target.astype(np.uint8)


def degrade(image: np.ndarray, mask: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A frame that alone tells little: blurred, dark, partly behind a piece of its own background, or poorly boxed.

    image (H, W, 3) uint8, mask (H, W), box xywh in crop pixels; new arrays.
    """
    kind = random.choice(('blur', 'dark', 'cover', 'box'))
    side = math.sqrt(box[2] * box[3])
    if kind == 'blur':
        return _motion_blur(image, round(side * random.uniform(0.06, 0.2))), mask, box
    if kind == 'dark':
        return (image * random.uniform(0.1, 0.4)).astype(np.uint8), mask, box
    if kind == 'box':
        return image, mask, jitter_box(box, POOR_BOX)
    return *_cover(image, mask, box), box


def _motion_blur(image: np.ndarray, length: int) -> np.ndarray:
    length = max(length, 3)
    kernel = np.zeros((length, length), np.float32)
    angle = random.uniform(0, math.pi)
    reach = np.array([math.cos(angle), math.sin(angle)]) * (length - 1) / 2
    ends = np.round(np.stack([-reach, reach]) + (length - 1) / 2).astype(int)
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def _cover(image: np.ndarray, mask: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hide a part of the target, at most about a third of its box, behind an ellipse of another place of the crop, of
    which what is the target or not known stays out: it would be taught as background."""
    height, width = mask.shape
    shift = random.randrange(width // 4, width - width // 4)
    other = np.roll(image, shift, axis=1)
    centre = (box[0] + box[2] * random.random(), box[1] + box[3] * random.random())
    axes = [max(2, round(box[2 + i] * random.uniform(0.12, 0.3))) for i in range(2)]
    patch = np.zeros((height, width), np.uint8)
    cv2.ellipse(patch, (round(centre[0]), round(centre[1])), axes, random.uniform(0, 180), 0, 360, 1, -1)
    patch[np.roll(mask, shift, axis=1) != 0] = 0
    covered = np.where(patch, 0, mask).astype(np.uint8)
    if (covered == 1).sum() < 0.5 * (mask == 1).sum():
        return image, mask
    return np.where(patch[..., None], other, image), covered
