"""Sample clips: real photographs as moving textured objects over moving backgrounds, with exact masks.

Made on the fly from photographs in scikit-image's wheel and a seed; nothing is downloaded or stored. A scene
is a background photograph under a moving camera, scenery fixed to it, distractors, one target and things that
pass in front of it, all of the same kind of shapes and textures, so that only the box tells the target.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from boxmask import boxes
from ltr.dataset.boxmask_shapes import Motion, Outline, apply, cover, random_shape, rotation, translation

FRAME_SIZE = (480, 270)
# The two splits share no photograph (the two motorcycle views are one scene).
PHOTOS = {
    'train': ('astronaut.png', 'coffee.png', 'motorcycle_left.png', 'hubble_deep_field.jpg', 'ihc.png',
              'brick.png', 'grass.png', 'camera.png', 'coins.png'),
    'val': ('chelsea.png', 'rocket.jpg', 'retina.jpg', 'gravel.png', 'moon.png', 'page.png'),
}
LONGEST_SIDE = 720  # of a photograph in memory
MIN_VISIBLE = 0.3  # of the target's area: what would hide more of it is left out of the scene
CHECK_EVERY = 3  # frames: nothing moves far in less, and drawing the scene only to check it costs as much as a frame
SOFTNESS = 1.2  # blur of a photograph's soft version, in its pixels
NOISE_SEED = 7

Photo = tuple[np.ndarray, np.ndarray]  # sharp and soft, (H, W, 3) uint8 RGB


@dataclass(frozen=True)
class Texture:
    """A photograph (H, W, 3), the matrix (3, 3) to its pixels from a shape's, a colour matrix (3, 4)."""

    photo: np.ndarray
    matrix: np.ndarray
    colour: np.ndarray

    def draw(self, to_shape: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The texture (H, W, 3) on `size` (W, H) pixels; to_shape (3, 3): from those to the shape's own."""
        centres = translation(-0.5, -0.5) @ self.matrix @ to_shape @ translation(0.5, 0.5)
        patch = cv2.warpAffine(self.photo, centres[:2], size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                               borderMode=cv2.BORDER_REFLECT_101)
        return cv2.transform(patch, self.colour)


@dataclass(frozen=True)
class Thing:
    """Outlines with a texture each, and how they move; `fixed` to the scene, or free."""

    outlines: list[Outline]
    textures: list[Texture]
    motion: Motion
    fixed: bool = False


@dataclass(frozen=True)
class Scene:
    """Everything in a clip; `render` makes any of its frames. things: back to front; `target` indexes one."""

    background: Texture
    camera: Motion
    things: list[Thing]
    target: int
    gain: Motion
    blur: float
    noise: float
    seed: int

    def _placed(self, thing: Thing, t: float) -> np.ndarray:
        matrix = thing.motion.matrix(t)
        if not thing.fixed:
            return matrix
        return np.linalg.inv(self.camera.matrix(t)) @ self.camera.matrix(0) @ matrix

    def render(self, t: int, size: tuple[int, int] = FRAME_SIZE) -> tuple[np.ndarray, np.ndarray]:
        """Frame t: image (H, W, 3) uint8 RGB and the visible part of the target, (H, W) uint8 0/1."""
        image = self.background.draw(self.camera.matrix(t), size)
        visible = np.zeros((size[1], size[0]), np.float32)
        for index, thing in enumerate(self.things):
            placed = self._placed(thing, t)
            for outline, texture in zip(thing.outlines, thing.textures, strict=True):
                contours, swung = outline.at(t)
                covered = cover([apply(placed, contour) for contour in contours], size)
                if covered is None:
                    continue
                alpha, where = covered
                rows, columns = where
                to_shape = np.linalg.inv(placed @ swung) @ translation(columns.start, rows.start)
                patch = texture.draw(to_shape, alpha.shape[::-1])
                image[where] = cv2.blendLinear(patch, image[where], alpha, 1 - alpha)
                _lay(visible[where], alpha, is_target=index == self.target)
        return self._expose(image, t), (visible > 0.5).astype(np.uint8)

    def target_share(self, t: float, scale: float = 0.25) -> float:
        """The share of the target's area in the frame that nothing hides at time t, at low resolution."""
        size = (round(FRAME_SIZE[0] * scale), round(FRAME_SIZE[1] * scale))
        visible = np.zeros((size[1], size[0]), np.float32)
        whole = 0.0
        for index, thing in enumerate(self.things[self.target:], self.target):
            placed = np.diag([scale, scale, 1.0]) @ self._placed(thing, t)
            for outline in thing.outlines:
                covered = cover([apply(placed, contour) for contour in outline.at(t)[0]], size)
                if covered is not None:
                    _lay(visible[covered[1]], covered[0], is_target=index == self.target)
            if index == self.target:
                whole = float(visible.sum())
        return float(visible.sum()) / whole if whole else 0.0

    def _expose(self, image: np.ndarray, t: int) -> np.ndarray:
        """The camera's part: blur, brightness that drifts, noise."""
        if self.blur > 0.3:
            image = cv2.GaussianBlur(image, (0, 0), self.blur)
        gain = float(np.exp(self.gain.amplitude[0] * np.sin(self.gain.speed[0] * t + self.gain.phase[0])))
        grain = _grain()
        dy, dx = np.random.default_rng([self.seed, t]).integers(0, 64, 2)
        height, width = image.shape[:2]
        return cv2.addWeighted(image, gain, np.ascontiguousarray(grain[dy:dy + height, dx:dx + width]),
                               self.noise, -128 * self.noise)


def _lay(visible: np.ndarray, alpha: np.ndarray, *, is_target: bool) -> None:
    """Lay one outline over what is visible of the target, in place."""
    visible *= 1 - alpha
    if is_target:
        visible += alpha


def make_scene(index: int, *, num_frames: int, seed: int, split: str) -> Scene:
    """Scene number `index` of a split; the same for the same arguments on every machine.

    About MIN_VISIBLE of the target or more is visible in each of the first `num_frames` frames.
    """
    photos = load_photos(split)
    rng = np.random.default_rng([seed, list(PHOTOS).index(split), index])
    order = rng.permutation(len(photos))
    backdrop, others = photos[order[0]], [photos[i] for i in order[1:]]
    radius = float(np.exp(rng.uniform(np.log(26), np.log(90))))
    target = _thing(rng, others, radius, _wander(rng, radius))
    behind = [_thing(rng, [*others, backdrop], rng.uniform(30, 160), _wander(rng, 60), fixed=True)
              for _ in range(rng.integers(0, 4))]
    behind += [_distractor(rng, others, target, radius) for _ in range(rng.integers(0, 4))]
    front = [_thing(rng, [*others, backdrop], 0.45 * radius, _pass_by(rng, target.motion, radius))
             for _ in range(rng.choice(3, p=(0.4, 0.4, 0.2)))]
    if rng.random() < 0.3:
        front.append(_distractor(rng, others, target, 0.8 * radius))
    options = {
        'background': _texture(rng, backdrop, np.eye(3)),
        'camera': _camera(rng, backdrop[0].shape),
        'gain': _swing(rng, np.zeros(5), np.array([rng.uniform(0, 0.25), 0, 0, 0, 0]), (20, 80)),
        'blur': rng.choice([0.0, rng.uniform(0.3, 1.2)]),
        'noise': rng.uniform(0, 0.06),
        'seed': int(rng.integers(2 ** 31)),
    }
    for count in range(len(front), -1, -1):
        scene = Scene(things=[*behind, target, *front[:count]], target=len(behind), **options)
        if count == 0 or min(scene.target_share(t) for t in range(0, num_frames, CHECK_EVERY)) >= MIN_VISIBLE:
            break
    return scene


def sample_sequence(index: int, num_frames: int, seed: int = 0,
                    split: str = 'train') -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Sample clip number `index` of 'train' or 'val'; the same for the same arguments on every machine.

    Returns frames [(270, 480, 3) uint8 RGB], masks [(270, 480) uint8 0/1] of the visible target, and its
    tight boxes (num_frames, 4) xywh; the target is visible in every frame.
    """
    scene = make_scene(index, num_frames=num_frames, seed=seed, split=split)
    frames, masks = zip(*(scene.render(t) for t in range(num_frames)), strict=True)
    return list(frames), list(masks), np.stack([boxes.from_mask(mask) for mask in masks])


@lru_cache(maxsize=len(PHOTOS))
def load_photos(split: str) -> tuple[Photo, ...]:
    """The photographs of a split, from the folder of the installed scikit-image."""
    if split not in PHOTOS:
        raise ValueError(f"sample clips: no split {split!r}, there are {', '.join(map(repr, PHOTOS))}")
    package = importlib.util.find_spec('skimage')
    if package is None:
        raise ImportError("sample clips are cut from photographs in scikit-image: pip install scikit-image")
    folder = Path(package.submodule_search_locations[0]) / 'data'
    return tuple(_load_photo(folder / name) for name in PHOTOS[split])


def _load_photo(path: Path) -> Photo:
    if not path.is_file():
        raise FileNotFoundError(f"sample clips: {path} is missing from the installed scikit-image: "
                                "pip install --force-reinstall scikit-image")
    try:
        with Image.open(path) as file:
            file.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            sharp = np.array(file.convert('RGB'))
    except OSError as error:
        raise ValueError(f"sample clips: {path} cannot be read as an image ({error}): "
                         "pip install --force-reinstall scikit-image") from error
    return sharp, cv2.GaussianBlur(sharp, (0, 0), SOFTNESS)


@lru_cache(maxsize=1)
def _grain() -> np.ndarray:
    """Noise around 128, somewhat larger than a frame so that each frame cuts its own piece."""
    rng = np.random.default_rng(NOISE_SEED)
    return rng.normal(128, 50, (FRAME_SIZE[1] + 64, FRAME_SIZE[0] + 64, 3)).clip(0, 255).astype(np.uint8)


def _texture(rng: np.random.Generator, photo: Photo, matrix: np.ndarray) -> Texture:
    """A photograph in colours of its own, sharp or soft, so that neither tells what is the target."""
    gain = rng.uniform(0.65, 1.15) * rng.uniform(0.85, 1.15, 3)[:, None]
    mix = gain * (np.eye(3) + rng.normal(0, 0.14, (3, 3)))
    colour = np.concatenate([mix, rng.uniform(-25, 40, (3, 1))], axis=1)
    return Texture(photo[rng.choice(2, p=(0.7, 0.3))], matrix, colour)


def _piece(rng: np.random.Generator, photos: list[Photo], radius: float) -> Texture:
    """A piece of one of the photographs, for something of `radius` pixels."""
    photo = photos[rng.integers(len(photos))]
    height, width = photo[0].shape[:2]
    pixels = radius * np.exp(rng.uniform(np.log(0.45), np.log(1.4)))
    matrix = (translation(rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height)
              @ rotation(rng.uniform(0, 2 * np.pi)) @ np.diag([pixels, pixels, 1.0]))
    return _texture(rng, photo, matrix)


def _thing(rng: np.random.Generator, photos: list[Photo], radius: float, motion: Motion, *,
           fixed: bool = False) -> Thing:
    """A thing of `radius` pixels; its parts share one texture, or the limbs have another than the body."""
    outlines = random_shape(rng)
    limbs = body = _piece(rng, photos, radius)
    if rng.random() < 0.4:
        limbs = _piece(rng, photos, radius)
    return Thing(outlines, [limbs] * (len(outlines) - 1) + [body], motion, fixed)


def _distractor(rng: np.random.Generator, photos: list[Photo], target: Thing, radius: float) -> Thing:
    """A thing much like the target, at times cut from the same photograph in the same colours."""
    size = radius * rng.uniform(0.5, 1.2)
    thing = _thing(rng, photos, size, _wander(rng, size))
    if rng.random() < 0.5:
        twin = target.textures[-1]
        texture = Texture(twin.photo, thing.textures[-1].matrix, twin.colour)
        return Thing(thing.outlines, [texture] * len(thing.outlines), thing.motion)
    return thing


def _swing(rng: np.random.Generator, base: np.ndarray, amplitude: np.ndarray, periods: tuple[float, float], *,
           drift: np.ndarray | None = None) -> Motion:
    speed = 2 * np.pi / rng.uniform(*periods, 5)
    phase = rng.uniform(0, 2 * np.pi, 5)
    return Motion(base, np.zeros(5) if drift is None else drift, amplitude, speed, phase)


def _wander(rng: np.random.Generator, radius: float) -> Motion:
    """To and fro in the frame, turning, growing and shrinking; the centre stays inside."""
    width, height = FRAME_SIZE
    base = np.array([rng.uniform(0.25, 0.75) * width, rng.uniform(0.3, 0.7) * height, np.log(radius),
                     rng.uniform(0, 2 * np.pi), rng.normal(0, 0.2)])
    amplitude = np.array([rng.uniform(0, 0.2) * width, rng.uniform(0, 0.22) * height, rng.uniform(0, 0.25),
                          rng.uniform(0, 0.8), rng.uniform(0, 0.2)])
    return _swing(rng, base, amplitude, (24, 90))


def _pass_by(rng: np.random.Generator, target: Motion, radius: float) -> Motion:
    """Across the target's place, wider than the target."""
    base = target.base + np.concatenate([rng.normal(0, 0.6 * radius, 2), np.zeros(3)])
    base[2] = np.log(radius * rng.uniform(0.25, 0.55))
    base[4] = rng.normal(0, 0.4)
    across, along = rng.uniform(0.5, 3) * radius, rng.uniform(0, 1.5) * radius
    amplitude = np.array([across, along, 0.1, rng.uniform(0, 1), 0.1])
    return _swing(rng, base, amplitude, (24, 60))


def _camera(rng: np.random.Generator, shape: tuple[int, ...]) -> Motion:
    """From frame pixels to the background photograph's: pans, zooms and rolls."""
    height, width = shape[:2]
    zoom = np.log(rng.uniform(0.5, 1.1) * min(1, width / FRAME_SIZE[0]))
    base = np.array([rng.uniform(0, 0.4) * width, rng.uniform(0, 0.4) * height, zoom, rng.normal(0, 0.1), 0])
    amplitude = rng.uniform(0, 1, 5) * (40, 20, 0.15, 0.06, 0)
    drift = rng.normal(0, 1, 5) * (1.5, 0.5, 0, 0, 0)
    return _swing(rng, base, amplitude, (40, 120), drift=drift)
