"""The functions in which time goes, one by one, with pytest-benchmark: `python -m pytest benchmarks/functions.py`.

Outside the test suite, as its times mean nothing on a busy machine. Host functions run in one thread, as the helpers of
`boxmask generate` run them, the network with PyTorch's own number of threads. `--benchmark-compare` and
`--benchmark-autosave` compare two versions on one machine; `-k mask_png` takes some.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator

# Before PyTorch is loaded, as `boxmask generate` has it: idle threads sleep (docs/performance.md).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from boxmask import boxes, host, masks, weights  # noqa: E402

host.activate()

from boxmask.bench import measure, samples  # noqa: E402
from boxmask.boxes import search_window  # noqa: E402
from boxmask.crops import crop  # noqa: E402
from boxmask.generate.compose import Piece, compose  # noqa: E402
from boxmask.generate.defaults import ITERATIONS, SEARCH_FACTORS, WINDOW  # noqa: E402
from boxmask.generate.masker import Scores  # noqa: E402
from boxmask.generate.network import NetworkMasker  # noqa: E402
from ltr.models.boxmask import checkpoint  # noqa: E402
from ltr.models.boxmask.aggregation import solve  # noqa: E402
from ltr.models.boxmask.bicubic import resize_bicubic  # noqa: E402
from ltr.models.boxmask.encoders import rasterize  # noqa: E402

Benchmark = Callable[..., object]  # pytest-benchmark's fixture
NET = checkpoint.load(weights.default_checkpoint())
FRAME, CROP = (1920, 1080), NET.input_spec.size
TARGET = samples.target(FRAME, 0)
BOX = boxes.from_mask(TARGET)
PLACE = search_window(BOX, SEARCH_FACTORS["boxmask_lite"], CROP)


@pytest.fixture(autouse=True, scope="module")
def _as_a_helper_has_it() -> Iterator[None]:
    with measure.single_threaded_opencv(), torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*FRAME[::-1], 3), np.uint8)


@pytest.fixture(scope="module")
def masker() -> NetworkMasker:
    return NetworkMasker(NET)


def test_crop(benchmark: Benchmark, image: np.ndarray) -> None:
    assert benchmark(crop, image, PLACE, CROP).shape == (*CROP[::-1], 3)


def test_paste_and_compose(benchmark: Benchmark) -> None:
    values = crop(TARGET, PLACE, CROP).astype(np.float32) - 0.5
    found = benchmark(compose, [Piece(1, BOX, Scores(values, PLACE))], FRAME)
    assert np.count_nonzero(found != TARGET) < 0.02 * TARGET.sum()


@pytest.mark.parametrize("objects", [1, 3])
def test_mask_png(benchmark: Benchmark, objects: int) -> None:
    mask = _several(objects)
    data = benchmark(masks.encode, mask, highest=objects)
    with Image.open(io.BytesIO(data)) as read:
        assert (np.array(read) == mask).all()


@pytest.mark.parametrize("objects", [1, 3])
def test_mask_png_by_pillow(benchmark: Benchmark, objects: int) -> None:
    mask = _several(objects)
    assert len(benchmark(measure.by_pillow, mask)) > len(masks.encode(mask, highest=objects))


def _several(objects: int) -> np.ndarray:
    mask = np.zeros_like(TARGET)
    for number in range(1, objects + 1):
        mask[np.roll(TARGET, 200 * number, axis=1) > 0] = number
    return mask


def test_rasterize(benchmark: Benchmark) -> None:
    box = torch.tensor([[100.0, 60, 200, 120]])
    assert benchmark(rasterize, box, CROP[::-1]).sum() == 200 * 120


def by_interpolate(x: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(x, size=size, mode="bicubic", align_corners=False)


@pytest.mark.parametrize("resize", [resize_bicubic, by_interpolate])
def test_resize_bicubic(benchmark: Benchmark, resize: Benchmark) -> None:
    x, size = _of_stride(4, NET.decoder.upsample.in_channels), (CROP[1] // 2, CROP[0] // 2)
    torch.testing.assert_close(benchmark(resize, x, size), by_interpolate(x, size), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("is_ours", [True, False], ids=["before the resize", "after it"])
def test_last_convolution(benchmark: Benchmark, masker: NetworkMasker, is_ours: bool) -> None:
    decoder, x = masker.net.decoder, _of_stride(2, NET.decoder.logit.in_channels)

    def after_it(x: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        return decoder.logit(by_interpolate(x, size))[:, 0]

    found = benchmark(decoder._logits if is_ours else after_it, x, CROP[::-1])
    torch.testing.assert_close(found, after_it(x, CROP[::-1]), atol=1e-4, rtol=1e-4)


def _of_stride(stride: int, channels: int) -> torch.Tensor:
    x = torch.randn(1, channels, CROP[1] // stride, CROP[0] // stride)
    return x.to(memory_format=torch.channels_last)


def test_aggregation(benchmark: Benchmark) -> None:
    features, labels, weighting = (torch.rand(WINDOW, 1, channels, CROP[1] // 16, CROP[0] // 16)
                                   for channels in (128, 8, 8))
    found = benchmark(solve, features, labels, weighting, torch.tensor([0.01]), ITERATIONS, filter_size=3)
    assert (found.scores - labels).square().mean() < labels.square().mean()


def test_network_encodes_a_frame(benchmark: Benchmark, masker: NetworkMasker) -> None:
    images, box = torch.randn(1, 1, 3, *CROP[::-1]), torch.tensor([[[100.0, 60, 200, 120]]])
    assert len(benchmark(masker.net.encode_frames, images, box)) == 1


def test_network_makes_the_masks_of_a_window(benchmark: Benchmark, masker: NetworkMasker, image: np.ndarray) -> None:
    """Crops to scores; frames of a window are encoded for it."""
    views = [masker.view(image, BOX) for _ in range(WINDOW)]

    def made() -> list[list[Scores]]:
        for view in views:
            view.code = None
        return masker.solve([views], range(WINDOW))

    found, = benchmark(made)
    assert len(found) == WINDOW and found[0].values.shape == CROP[::-1]
