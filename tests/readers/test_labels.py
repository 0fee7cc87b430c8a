"""DAVIS and YouTube-VOS: boxes from masks."""

import os
import zlib

import cv2
import numpy as np
import pytest

from boxmask.readers import davis, youtubevos
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import DatasetError, Sight

V, A, X = Sight.VISIBLE, Sight.ABSENT, Sight.INVALID


def disc(centre=(30, 20), radius=8, value=1, size=(64, 48)):
    return cv2.circle(np.zeros(size[::-1], np.uint8), centre, radius, value, -1)


@pytest.fixture
def make(tmp_path, files):
    """make(labels) -> DAVIS root with the sequence `dog`."""
    def add(labels, name="dog"):
        root = tmp_path / "davis"
        for index, label in enumerate(labels):
            files.write(root / "JPEGImages/480p" / name / f"{index:05d}.jpg", (64, 48))
            files.write(root / "Annotations/480p" / name / f"{index:05d}.png", label)
        files.write(root / "ImageSets/2017/val.txt", [name])
        return root
    return add


@pytest.mark.parametrize("value", [1, 255])
def test_boxes_are_tight_and_empty_masks_absent(make, value):
    root = make([disc(value=value), disc(value=0), disc((20, 30), 4, value)])
    sequence = davis.open_dataset(root, "val").read("dog")
    np.testing.assert_array_equal(sequence.boxes[[0, 2], 0], [[22, 12, 17, 17], [16, 26, 9, 9]])
    assert sequence.sight[:, 0].tolist() == [V, A, V] and sequence.object_ids == (1,)
    assert sequence.frames.names == ("00000", "00001", "00002")


def test_void_is_no_part_of_an_object(make):
    label = disc()
    label[0, 0] = 255
    sequence = davis.open_dataset(make([label])).read("dog")
    np.testing.assert_array_equal(sequence.boxes[:, 0], [[22, 12, 17, 17]])
    assert sequence.object_ids == (1,)


def test_the_ids_of_several_objects_are_kept_though_none_is_in_every_frame(make):
    both = np.maximum(disc(value=2), disc((8, 8), 3, 5))
    sequence = davis.open_dataset(make([disc(value=2), both, disc((8, 8), 3, 5), disc(value=0)])).read("dog")
    assert sequence.object_ids == (2, 5)
    assert sequence.sight.tolist() == [[V, A], [V, V], [A, V], [A, A]]
    np.testing.assert_array_equal(sequence.boxes[1], [[22, 12, 17, 17], [5, 5, 7, 7]])


def test_a_sequence_without_any_object_still_has_frames(make):
    sequence = davis.open_dataset(make([disc(value=0)] * 2)).read("dog")
    assert sequence.object_ids == (1,) and sequence.sight.tolist() == [[A], [A]]


def test_missing_and_broken_masks_are_faults_of_their_frames(make, files):
    root = make([disc(value=1), np.maximum(disc(value=1), disc((8, 8), 3, 2)), disc(), disc()])
    folder = root / "Annotations/480p/dog"
    (folder / "00000.png").unlink()
    files.write(folder / "00002.png", b"junk")
    files.write(folder / "00003.png", np.zeros((4, 4, 3), np.uint8))
    sequence = davis.open_dataset(root).read("dog")
    assert sequence.sight.tolist() == [[X, X], [V, V], [X, X], [X, X]]
    assert "no such mask" in sequence.reasons[0, 1] and "cannot be read" in sequence.reasons[2, 0]
    assert "mode RGB" in sequence.reasons[3, 0]
    assert not any(str(root) in reason for reason in sequence.reasons.values())


def test_a_pipe_in_the_place_of_a_mask_is_not_opened(make):
    root = make([disc()] * 2)
    mask = root / "Annotations/480p/dog/00001.png"
    mask.unlink()
    os.mkfifo(mask)
    assert "no file" in davis.open_dataset(root).read("dog").reasons[1, 0]


def test_a_mask_whose_header_is_damaged_is_a_fault_of_its_frame(make):
    root = make([disc()] * 3)
    for index, (start, content) in enumerate(((8, bytes(4)), (16, b"\x7f" * 8)), start=1):
        path = root / f"Annotations/480p/dog/{index:05d}.png"
        data = bytearray(path.read_bytes())
        data[start:start + len(content)] = content
        data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")  # the header's check sum fits again
        path.write_bytes(data)
    reasons = davis.open_dataset(root).read("dog").reasons
    assert set(reasons) == {(1, 0), (2, 0)} and all("cannot be read" in reason for reason in reasons.values())


def test_a_mask_without_its_image_is_a_frame_without_an_image(make):
    root = make([disc()] * 3)
    (root / "JPEGImages/480p/dog/00001.jpg").unlink()
    sequence = davis.open_dataset(root).read("dog")
    assert len(sequence) == 3 and (sequence.sight == V).all()
    with pytest.raises(ImageError, match="no such image"):
        sequence.frames.load(1)


def test_a_mask_of_another_size_than_its_image_is_of_no_use(make, files):
    root = make([disc()] * 2)
    files.write(root / "Annotations/480p/dog/00001.png", np.kron(disc(), np.ones((2, 2), np.uint8)))
    sequence = davis.open_dataset(root).read("dog")
    assert sequence.sight[:, 0].tolist() == [V, X]
    width, height = sequence.frames.size(1)
    assert sequence.reasons == {(1, 0): f"00001.png: the mask is {2 * width}x{2 * height} and its image "
                                        f"{width}x{height}"}


def test_davis_names_what_is_missing(make, tmp_path):
    root = make([disc(), disc()])
    with pytest.raises(DatasetError, match=r"ImageSets/2017/test\.txt: no such list"):
        davis.open_dataset(root, "test")
    for path in (root / "Annotations/480p/dog").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="sequence dog, .*dog: none of the 2 frames has a mask.* no such mask"):
        davis.open_dataset(root).read("dog")
    with pytest.raises(DatasetError, match="JPEGImages/480p: the folder does not exist"):
        davis.open_dataset(tmp_path)


@pytest.mark.parametrize("where", ["2019/train", "2019", "2019/.."])
def test_youtubevos_is_the_frames_that_have_masks(tmp_path, files, where):
    split = tmp_path / "2019/train" if where != "2019/.." else tmp_path / "train"
    files.frames(split / "JPEGImages/0a7a2514aa", [f"{number:05d}.jpg" for number in range(11)])
    for number, label in ((0, disc(value=1)), (5, disc(value=3)), (10, disc(value=1))):
        files.write(split / f"Annotations/0a7a2514aa/{number:05d}.png", label)
    files.frames(split / "JPEGImages/without_masks", ["00000.jpg"])
    (tmp_path / "2019").mkdir(exist_ok=True)
    dataset = youtubevos.open_dataset(tmp_path / where)
    assert dataset.sequences == ("0a7a2514aa",)
    sequence = dataset.read("0a7a2514aa")
    assert sequence.frames.names == ("00000", "00005", "00010") and sequence.object_ids == (1, 3)
    assert sequence.sight.tolist() == [[V, A], [A, V], [V, A]]
    assert sequence.frames.load(2).shape == (48, 64, 3)


def test_youtubevos_names_what_is_missing(tmp_path):
    with pytest.raises(DatasetError, match="valid: the folder does not exist; expected the folder of a split"):
        youtubevos.open_dataset(tmp_path, "valid")
    (tmp_path / "Annotations/video").mkdir(parents=True)
    (tmp_path / "JPEGImages").mkdir()
    with pytest.raises(DatasetError, match="sequence video, .*video: no masks in it"):
        youtubevos.open_dataset(tmp_path).read("video")
