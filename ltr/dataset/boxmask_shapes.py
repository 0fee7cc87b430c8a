"""Shapes of the sample clips: outlines that move, swing and wobble, and the pixels they cover.

A shape lives in its own coordinates, where it is about one unit in radius, and is laid into a frame by a 3x3
matrix. All randomness comes from the generator handed in, so that a shape is the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

POINTS = 48  # of a smooth outline
SUPERSAMPLE = 4  # sub-pixels per pixel and axis when an outline is filled
SUBPIXEL_BITS = 4  # fixed-point bits of the coordinates that OpenCV fills
ANGLES = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)


@dataclass(frozen=True)
class Motion:
    """A pose that swings smoothly: x, y (frame pixels), log size (frame pixels), angle (radians), log aspect.

    pose(t) = base + drift * t + amplitude * sin(speed * t + phase), each (5,), t in frames.
    """

    base: np.ndarray
    drift: np.ndarray
    amplitude: np.ndarray
    speed: np.ndarray
    phase: np.ndarray

    def matrix(self, t: float) -> np.ndarray:
        """The matrix (3, 3) from the shape's coordinates to frame pixels at time t."""
        swing = self.amplitude * np.sin(self.speed * t + self.phase)
        x, y, size, angle, aspect = self.base + self.drift * t + swing
        width, height = np.exp(size + aspect), np.exp(size - aspect)
        return translation(x, y) @ rotation(angle) @ np.diag([width, height, 1.0])


@dataclass(frozen=True)
class Outline:
    """One part of a shape.

    points (N, 2): the closed outline; hole (N, 2) or None: in it; joint (2,): what the part swings around,
    by `swing` radians at `speed` radians a frame; wobble: by which fraction it bulges in and out.
    """

    points: np.ndarray
    joint: np.ndarray
    swing: float
    speed: float
    phase: float
    wobble: float
    hole: np.ndarray | None = None

    def at(self, t: float) -> tuple[list[np.ndarray], np.ndarray]:
        """Contours [(N, 2)] at time t, and the matrix (3, 3) that swung them there."""
        swung = (translation(*self.joint) @ rotation(self.swing * np.sin(self.speed * t + self.phase))
                 @ translation(*-self.joint))
        direction = np.arctan2(self.points[:, 1], self.points[:, 0])
        bulge = 1 + self.wobble * np.sin(3 * direction + self.speed * t)
        contours = [self.points * bulge[:, None]]
        if self.hole is not None:
            contours.append(self.hole)
        return [apply(swung, contour) for contour in contours], swung


def translation(x: float, y: float) -> np.ndarray:
    """The matrix (3, 3) of a move by x and y pixels."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def rotation(angle: float) -> np.ndarray:
    """The matrix (3, 3) of a turn by an angle in radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def apply(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (N, 2) under an affine matrix (3, 3)."""
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def random_shape(rng: np.random.Generator) -> list[Outline]:
    """A body alone (blob or polygon, rarely with a hole), or a body with two to five limbs that swing."""
    if rng.random() < 0.5:
        body = _blob(rng) if rng.random() < 0.6 else _polygon(rng)
        hole = 0.3 * _blob(rng) if rng.random() < 0.1 else None
        speed, phase, wobble = rng.uniform(0.1, 0.4), rng.uniform(0, 6), rng.uniform(0, 0.12)
        return [Outline(body, np.zeros(2), 0.0, speed, phase, wobble, hole)]
    body = 0.55 * _blob(rng) * (1, rng.uniform(0.6, 1.4))
    limbs = [_limb(rng, body) for _ in range(rng.integers(2, 6))]
    return [*limbs, Outline(body, np.zeros(2), 0.0, 0.2, 0.0, rng.uniform(0, 0.06))]


def _blob(rng: np.random.Generator) -> np.ndarray:
    """A smooth star-convex outline (POINTS, 2)."""
    order = np.arange(1, 8)
    waves = np.cos(np.outer(ANGLES, order) + rng.uniform(0, 2 * np.pi, len(order)))
    radius = np.exp(waves @ (rng.normal(0, 0.45, len(order)) / order))
    points = radius[:, None] * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
    return points / np.sqrt((radius ** 2).mean())


def _polygon(rng: np.random.Generator) -> np.ndarray:
    """A polygon of four to nine corners, often not convex: (N, 2)."""
    count = rng.integers(4, 10)
    angles = (np.arange(count) + rng.uniform(-0.35, 0.35, count)) * 2 * np.pi / count
    radius = rng.uniform(0.45, 1.45, count)
    return radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _limb(rng: np.random.Generator, body: np.ndarray) -> Outline:
    """A tapering limb that starts inside the body's edge and points away from it."""
    joint = 0.75 * body[rng.integers(len(body))]
    length, root, tip = rng.uniform(0.5, 1.2), rng.uniform(0.12, 0.3), rng.uniform(0.06, 0.25)
    along = 0.5 - 0.5 * np.cos(ANGLES)
    limb = np.stack([along * length, np.sin(ANGLES) * (root + (tip - root) * along)], axis=1)
    away = rotation(np.arctan2(joint[1], joint[0]) + rng.uniform(-0.6, 0.6))
    points = apply(translation(*joint) @ away, limb)
    return Outline(points, joint, rng.uniform(0.1, 0.7), rng.uniform(0.1, 0.4), rng.uniform(0, 6), 0.0)


def cover(contours: list[np.ndarray], size: tuple[int, int]) -> tuple[np.ndarray, tuple[slice, slice]] | None:
    """How much of each pixel of a frame of `size` (W, H) the contours (even-odd) cover.

    Returns (alpha (h, w) float32 in [0, 1], (rows, columns) it belongs to), or None for contours outside it.
    """
    corners = np.concatenate(contours)
    left, top = np.floor(corners.min(axis=0)).astype(int).clip(0, None)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int).clip(None, size)
    if left >= right or top >= bottom:
        return None
    # OpenCV counts from pixel centres, and fills the outermost sub-pixels too.
    fixed = [np.round(((contour - (left, top)) * SUPERSAMPLE - 0.5) * 2 ** SUBPIXEL_BITS).astype(np.int32)
             for contour in contours]
    canvas = np.zeros(((bottom - top) * SUPERSAMPLE, (right - left) * SUPERSAMPLE), np.uint8)
    cv2.fillPoly(canvas, fixed, 255, shift=SUBPIXEL_BITS)
    alpha = cv2.resize(canvas, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return alpha.astype(np.float32) / 255, (slice(top, bottom), slice(left, right))
