"""Image files: whole or not at all, and their size from the header."""

import os
import pickle
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from boxmask.readers import images


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9, 0.9999])
def test_a_truncated_jpeg_is_refused(tmp_path, files, kept, progressive):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 120, 3), np.uint8))
    data = files.jpeg(noise, progressive=progressive)
    path = files.write(tmp_path / "a.jpg", data[:min(int(len(data) * kept), len(data) - 1)])
    with pytest.raises(images.ImageError, match="truncated after"):
        images.read(path)


def test_a_truncated_jpeg_still_says_its_size(tmp_path, files):
    data = files.jpeg(Image.fromarray(files.picture(0, (120, 80))))
    assert images.size(files.write(tmp_path / "a.jpg", data[:len(data) // 2])) == (120, 80)


def test_a_truncated_jpeg_with_a_whole_thumbnail_is_refused(tmp_path, files):
    small = files.jpeg(Image.fromarray(files.picture(0)))
    data = files.jpeg(Image.fromarray(files.picture(1)), exif=b"Exif\0\0" + small)
    path = files.write(tmp_path / "a.jpg", data)
    assert images.read(path).shape == (48, 64, 3)
    path.write_bytes(data[:-2])
    with pytest.raises(images.ImageError, match="truncated"):
        images.read(path)


def test_bytes_after_the_end_of_a_jpeg_do_no_harm(tmp_path, files):
    path = files.write(tmp_path / "a.jpg", files.jpeg(Image.fromarray(files.picture(0))) + b"\0" * 100)
    assert images.read(path).shape == (48, 64, 3)


def bomb() -> bytes:
    """A PNG whose header promises more pixels than any reader takes."""
    data = bytearray(cv2.imencode(".png", np.eye(4, dtype=np.uint8))[1].tobytes())
    data[16:24] = (10 ** 6).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(("name", "data", "problem"), [
    ("a.jpg", b"", "empty"),
    ("a.jpg", b"<html>not found</html>", "not an image"),
    ("a.jpg", b"\xff\xd8\xff\xda\xff\xd9", "not an image"),
    ("a.png", bomb(), "not an image"),
])
def test_a_file_that_is_no_image_is_refused_by_both(tmp_path, files, name, data, problem):
    path = files.write(tmp_path / name, data)
    for read in (images.read, images.size):
        with pytest.raises(images.ImageError, match=problem):
            read(path)


def test_a_truncated_png_is_refused(tmp_path, files):
    path = files.write(tmp_path / "a.png", cv2.imencode(".png", np.eye(40, dtype=np.uint8))[1].tobytes()[:60])
    with pytest.raises(images.ImageError, match="truncated"):
        images.read(path)


@pytest.mark.parametrize("kind", [b"IDAT", b"IEND"])
def test_a_png_whose_chunk_says_more_than_the_file_has_is_refused_before_it_takes_memory(tmp_path, files, kind,
                                                                                        monkeypatch):
    monkeypatch.setattr(cv2, "imdecode", lambda *arguments: pytest.fail("OpenCV would take two gigabytes"))
    data = cv2.imencode(".png", np.eye(40, dtype=np.uint8))[1].tobytes()
    place = data.index(kind) - 4
    path = files.write(tmp_path / "a.png", data[:place] + struct.pack(">I", 0x7fffffff) + data[place + 4:])
    with pytest.raises(images.ImageError, match="truncated"):
        images.read(path)


def test_what_is_not_there_or_no_file_is_an_image_error(tmp_path, files):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "lost.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    for name, problem in (("pipe.jpg", "no file"), ("folder.jpg", "no file"), ("lost.jpg", "no such image"),
                          ("none.jpg", "no such image"), ("lost.jpg/x.jpg", "no such image"), ("a\0b.jpg", "opened")):
        frames = images.ImageFiles((tmp_path / name,))
        for ask in (frames.load, frames.size):
            with pytest.raises(images.ImageError, match=problem):
                ask(0)


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_grey_and_cmyk_jpegs_become_rgb(tmp_path, files, mode):
    picture = Image.fromarray(files.picture(3)).convert("L").convert("RGB")
    path = files.write(tmp_path / "a.jpg", files.jpeg(picture.convert(mode)))
    read = images.read(path)
    assert read.dtype == np.uint8 and read.shape == (48, 64, 3) and images.size(path) == (64, 48)
    assert np.abs(read.astype(int) - np.asarray(picture).astype(int)).mean() < 6


def test_images_are_rgb(tmp_path):
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    Image.fromarray(red).save(tmp_path / "a.png")
    np.testing.assert_array_equal(images.read(tmp_path / "a.png"), red)


@pytest.mark.parametrize("orientation", [None, 1, 3, 6, 8])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".bmp"])
def test_the_size_of_the_header_is_that_of_the_pixels(tmp_path, files, suffix, orientation):
    exif = Image.Exif()
    if orientation is not None:
        exif[0x112] = orientation
    path = tmp_path / f"a{suffix}"
    Image.fromarray(files.picture(0)).save(path, exif=exif)
    height, width = images.read(path).shape[:2]
    assert images.size(path) == (width, height)


def test_a_folder_is_listed_in_natural_order_without_folders_and_other_files(tmp_path, files):
    files.frames(tmp_path, ["f10.jpg", "f9.JPG", "f1.png", ".hidden.jpg", "notes.txt"])
    (tmp_path / "f3.jpg").mkdir()
    (tmp_path / "f2.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert [path.name for path in images.list_folder(tmp_path)] == ["f1.png", "f2.jpg", "f9.JPG", "f10.jpg"]


def test_frames_go_to_other_processes(tmp_path, files):
    frames = images.ImageFiles((files.write(tmp_path / "a.jpg", (12, 10)),))
    assert pickle.loads(pickle.dumps(frames)).load(0).shape == (10, 12, 3)
