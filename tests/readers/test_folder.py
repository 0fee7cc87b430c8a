"""A folder of images with a file of boxes."""

import pytest

from boxmask.readers import folder
from boxmask.readers.annotations import NO_LINE
from boxmask.readers.sequence import DatasetError, Sight

BOX = "1,1,9,9"


def test_lines_belong_to_images_in_natural_order(tmp_path, files):
    files.frames(tmp_path / "clip", ["f10.png", "f9.jpg", "f1.png"])
    boxes = files.write(tmp_path / "boxes.txt", ["1,1,9,9", "0,0,0,0", "2,2,9,9"])
    sequence = folder.read_sequence(tmp_path / "clip", boxes)
    assert sequence.name == "clip" and sequence.frames.names == ("f1", "f9", "f10")
    assert sequence.sight[:, 0].tolist() == [Sight.VISIBLE, Sight.ABSENT, Sight.VISIBLE]
    assert sequence.boxes[2, 0].tolist() == [2, 2, 9, 9]


def test_images_beyond_the_last_line_are_invalid(tmp_path, files):
    files.frames(tmp_path / "clip", ["a.png", "b.png", "c.png"])
    sequence = folder.read_sequence(tmp_path / "clip", files.write(tmp_path / "boxes.txt", [BOX, BOX]))
    assert sequence.reasons == {(2, 0): NO_LINE}


def test_more_lines_than_images_do_not_tell_which_belong_together(tmp_path, files):
    files.frames(tmp_path / "clip", ["a.png", "b.png"])
    with pytest.raises(DatasetError, match="clip: 3 boxes for 2 images"):
        folder.read_sequence(tmp_path / "clip", files.write(tmp_path / "boxes.txt", [BOX] * 3))


def test_two_images_for_one_mask_are_refused(tmp_path, files):
    files.frames(tmp_path / "clip", ["a.png", "a.jpg"])
    with pytest.raises(DatasetError, match="frame a: 2 frames have this name and would have the same mask"):
        folder.read_sequence(tmp_path / "clip", files.write(tmp_path / "boxes.txt", [BOX] * 2))


def test_a_folder_without_images_or_boxes_is_named(tmp_path, files):
    (tmp_path / "clip").mkdir()
    with pytest.raises(DatasetError, match="clip: no images"):
        folder.read_sequence(tmp_path / "clip", tmp_path / "boxes.txt")
    files.frames(tmp_path / "clip", ["a.png"])
    with pytest.raises(DatasetError, match=r"boxes\.txt: no such file"):
        folder.read_sequence(tmp_path / "clip", tmp_path / "boxes.txt")


def test_the_name_is_that_of_the_folder_however_it_is_written(tmp_path, files, monkeypatch):
    files.frames(tmp_path / "clip", ["a.png"])
    boxes = files.write(tmp_path / "boxes.txt", [BOX])
    monkeypatch.chdir(tmp_path / "clip")
    assert folder.read_sequence(".", boxes).name == "clip"


def test_the_name_is_that_of_a_link_or_the_one_given(tmp_path, files):
    files.frames(tmp_path / "car" / "img", ["a.png"])
    boxes = files.write(tmp_path / "boxes.txt", [BOX])
    (tmp_path / "walk").symlink_to(tmp_path / "car" / "img")
    assert folder.read_sequence(tmp_path / "walk", boxes).name == "walk"
    assert folder.read_sequence(tmp_path / "car" / "img", boxes, "car").name == "car"
