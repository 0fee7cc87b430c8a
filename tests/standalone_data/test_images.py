"""Images, id images, and boxes from masks."""

import io

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from ltr.data.bounding_box_utils import masks_to_bboxes, masks_to_bboxes_multi, rect_to_rel, rel_to_rect
from ltr.data.image_loader import (
    ImageError,
    davis_palette,
    default_image_loader,
    imread_indexed,
    imwrite_indexed,
    opencv_loader,
)

RAMP = np.tile(np.linspace(0, 255, 40, dtype=np.uint8), (30, 1))


def encoded(mode="RGB", kind="JPEG", **options):
    buffer = io.BytesIO()
    Image.fromarray(RAMP).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("mode", "kind"), [("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("P", "PNG"),
                                            ("RGBA", "PNG")])
def test_images_of_every_kind_are_rgb(tmp_path, mode, kind):
    path = tmp_path / "image"
    path.write_bytes(encoded(mode, kind))
    image = default_image_loader(str(path))
    assert image.shape == (30, 40, 3) and image.dtype == np.uint8
    assert np.abs(image.astype(int) - RAMP[..., None]).mean() < 12


def test_channels_are_in_the_order_red_green_blue(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((2, 2, 3), (10, 20, 30), np.uint8))
    assert opencv_loader(tmp_path / "a.png")[0, 0].tolist() == [30, 20, 10]


@settings(max_examples=40, deadline=None)
@given(data=st.data(), kind=st.sampled_from(["JPEG", "PNG", "progressive", "preview"]))
def test_a_file_that_ends_too_early_is_an_error(tmp_path_factory, data, kind):
    whole = encoded("RGB", "PNG") if kind == "PNG" else encoded(progressive=kind == "progressive")
    if kind == "preview":
        # As cameras do: a smaller JPEG, with its own end mark, in a segment of the header.
        preview = encoded(quality=20)
        whole = whole[:2] + b"\xff\xe1" + (len(preview) + 2).to_bytes(2, "big") + preview + whole[2:]
    path = tmp_path_factory.getbasetemp() / "cut.img"
    path.write_bytes(whole)
    assert opencv_loader(path).shape == (30, 40, 3)
    # The last bytes of a PNG are the check sum of its end mark.
    path.write_bytes(whole[:data.draw(st.integers(0, len(whole) - (9 if kind == "PNG" else 1)))])
    with pytest.raises(ImageError, match=r"cut\.img"):
        opencv_loader(path)


def test_bytes_after_the_end_of_a_jpeg_do_no_harm(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded() + bytes(100))
    assert opencv_loader(tmp_path / "a.jpg").shape == (30, 40, 3)


def test_files_that_are_not_there_are_named(tmp_path):
    for read in (opencv_loader, imread_indexed):
        with pytest.raises(ImageError, match=r"gone\.png"):
            read(tmp_path / "gone.png")


def test_a_truncated_mask_is_an_error_even_if_its_pixels_are_there(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded("P", "PNG")[:-12])
    with pytest.raises(ImageError, match="truncated"):
        imread_indexed(tmp_path / "a.png")


def test_ids_are_written_and_read_back_with_the_colours_of_davis(tmp_path):
    ids = np.array([[0, 1, 2], [21, 200, 255]])
    imwrite_indexed(tmp_path / "a.png", ids)
    assert imread_indexed(tmp_path / "a.png").tolist() == ids.tolist()
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P" and image.convert("RGB").getpixel((1, 0)) == (128, 0, 0)
    assert davis_palette.shape == (256, 3) and davis_palette[20].tolist() == [0, 64, 128]
    assert davis_palette[15].tolist() == [191, 128, 128] and davis_palette[200].tolist() == [200, 200, 200]


def test_nothing_half_written_is_left(tmp_path, monkeypatch):
    imwrite_indexed(tmp_path / "a.png", np.ones((4, 4)))

    def fill_the_disk(self, path, **options):
        with open(path, "wb") as file:
            file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fill_the_disk)
    with pytest.raises(OSError, match="No space"):
        imwrite_indexed(tmp_path / "a.png", np.zeros((4, 4)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert imread_indexed(tmp_path / "a.png").all()


def test_only_one_channel_of_ids_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"\(4, 4, 3\)"):
        imwrite_indexed(tmp_path / "a.png", np.zeros((4, 4, 3)))


@settings(max_examples=30, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 9))))
def test_boxes_hold_every_pixel_and_touch_their_masks_on_all_sides(masks):
    boxes = masks_to_bboxes(torch.from_numpy(masks), fmt="t")
    for mask, (x, y, w, h) in zip(masks, boxes.int().tolist(), strict=True):
        if not mask.any():
            assert (x, y, w, h) == (0, 0, 1, 1)
            continue
        inside = mask[y:y + h, x:x + w]
        assert inside.sum() == mask.sum()
        assert all(side.any() for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


def test_boxes_come_in_three_formats():
    mask = torch.zeros(1, 6, 8)
    mask[0, 2:4, 3:7] = 1
    assert [masks_to_bboxes(mask, fmt)[0].tolist() for fmt in "tcv"] == [[3, 2, 4, 2], [5, 3, 4, 2], [3, 2, 6, 3]]
    assert [box.tolist() for box in masks_to_bboxes_multi(2 * mask[0], [2, 5], "t")] == [[3, 2, 4, 2], [0, 0, 1, 1]]
    with pytest.raises(ValueError, match="'x'"):
        masks_to_bboxes(mask, "x")


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (3, 4), elements=st.floats(0.5, 100, width=32)))
def test_relative_boxes_go_there_and_back(boxes):
    boxes = torch.from_numpy(boxes)
    assert torch.allclose(rel_to_rect(rect_to_rel(boxes)), boxes, rtol=1e-3, atol=1e-2)
