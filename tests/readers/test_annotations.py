"""Files of boxes and flags: what each kind of line says, and that no file can do harm."""

import logging
import os
import time

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from boxmask.readers.annotations import NO_LINE, fit, hide, parse_numbers, read_boxes, read_flags
from boxmask.readers.sequence import DatasetError

PLACE = {"dataset": "D", "sequence": "s"}
BOX = "10,8,20,16"


def entries_of(tmp_path, content):
    path = tmp_path / "boxes.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_boxes(path, **PLACE)


@pytest.mark.parametrize("line", ["1,2,3,4", "1\t2\t3\t4", "1 2 3 4", "1;2;3;4", " 1.0, 2.0 ,3.0,  4.0 ", "1,2,3,4\r",
                                  "+1,.2e1,3.,4e0", "1,2,3,4,", "1 2 3 4 ;"])
def test_four_numbers_are_a_box(tmp_path, line):
    np.testing.assert_array_equal(entries_of(tmp_path, line), [[1, 2, 3, 4]])


@pytest.mark.parametrize("line", ["-1,-1,-1,-1", "-1.0 -1.0 -1.0 -1.0", "0,0,0,0", "5,5,0,3", "5,5,3,0.0"])
def test_minus_ones_and_boxes_without_width_or_height_are_absent_targets(tmp_path, line):
    assert entries_of(tmp_path, f"{BOX}\n{line}\n")[1] is None


@pytest.mark.parametrize(("line", "problem"), [
    ("nan,2,3,4", "not four finite numbers"),
    ("NaN,NaN,NaN,NaN", "not four finite numbers"),
    ("1,2,inf,4", "not four finite numbers"),
    ("1,2,1e999,4", "not four finite numbers"),
    ("1,2,1e300,4", "beyond any image"),
    ("613,731,247,-11", "negative"),
    ("1,1,-1,-1", "negative"),
    ("1,1,-1,0", "negative"),
    ("a,b,c,d", "not a box"),
    ("1,2,3", "not a box"),
    ("1,2,3,4,5", "not a box"),
    ("1,,3,4", "not a box"),
    ("1,234.5,2,3,4", "not a box"),
    ("1,5 2,5 3,5 4,5", "not a box"),
    ("1_0,2,3,4", "not a box"),
    ("\uff11,2,3,4", "not a box"),
    ("0x10,2,3,4", "not a box"),
    ("\0\0\0\0", "not a box"),
    ("", "not a box"),
    ("1," * 400_000, "not a box"),
    ("9" * 400_000 + ",2,3,4", "not a box"),
    (" " * 400_000 + "x", "not a box"),
])
def test_a_line_that_is_no_box_is_a_fault_of_its_frame_alone(tmp_path, line, problem):
    found = entries_of(tmp_path, f"{BOX}\n{line}\n{BOX}\n")
    assert problem in found[1] and len(found[1]) < 250
    np.testing.assert_array_equal([found[0], found[2]], [[10, 8, 20, 16]] * 2)


@pytest.mark.parametrize("content", [
    b"\xef\xbb\xbf1,2,3,4\n5,6,7,8\n", b"1,2,3,4\r\n5,6,7,8\r\n", b"1,2,3,4\r5,6,7,8\r", b"1,2,3,4\n5,6,7,8",
    b"1,2,3,4\n5,6,7,8\n\n  \n\n", "1,2,3,4\r\n5,6,7,8\r\n".encode("utf-16"),
])
def test_byte_order_marks_and_any_end_of_line_are_read(tmp_path, content):
    np.testing.assert_array_equal(entries_of(tmp_path, content), [[1, 2, 3, 4], [5, 6, 7, 8]])


def test_latin_1_in_a_line_spoils_that_line_alone(tmp_path):
    found = entries_of(tmp_path, b"1,2,3,4\nverdeckt f\xfcr 1 s\n5,6,7,8\n")
    assert "not a box" in found[1] and len(found) == 3


@given(st.binary(max_size=300) | st.text("0123456789,.-+e naif\t\r\n;\0", max_size=300).map(str.encode))
@example(b"\xff\xfe1")
@example(b"\xfe\xff\xd8\x00")
def test_no_file_does_more_harm_than_a_dataset_error(tmp_path_factory, content):
    try:
        found = entries_of(tmp_path_factory.mktemp("any"), content)
    except DatasetError as error:
        assert "boxes.txt" in str(error)
        return
    for entry in found:
        assert entry is None or isinstance(entry, str) or (np.isfinite(entry).all() and (entry[2:] > 0).all())


@given(st.lists(st.tuples(*[st.floats(-2000, 2000)] * 2, *[st.floats(0.01, 4000)] * 2), min_size=1))
def test_boxes_come_back_as_they_were_written(tmp_path_factory, boxes):
    lines = "".join(",".join(map(repr, box)) + "\n" for box in boxes)
    np.testing.assert_array_equal(entries_of(tmp_path_factory.mktemp("any"), lines), boxes)


@pytest.mark.parametrize("heading", ["x,y,w,h", "# x y w h", "left; top; width; height", "x1,y1,width,height"])
def test_a_heading_does_not_give_each_frame_the_box_of_another(tmp_path, heading):
    with pytest.raises(DatasetError, match="it begins with a heading, .*; take that line out"):
        entries_of(tmp_path, f"{heading}\n1,2,3,4\n1,2,3,4\n")
    assert isinstance(entries_of(tmp_path, f"1,2,3,4\n{heading}\n")[1], str), "further on it is a fault of its frame"


@pytest.mark.parametrize(("content", "problem"), [
    ("", "the file is empty"),
    ("\n\n", "the file is empty"),
    ('{"boxes": []}\n', "none of its lines is a box x,y,w,h; the first is"),
    (bytes(range(256)) * 40, "none of its lines is a box"),
])
def test_a_file_without_any_box_is_another_file(tmp_path, content, problem):
    with pytest.raises(DatasetError, match=problem) as caught:
        entries_of(tmp_path, content)
    assert "D, sequence s, " in str(caught.value) and len(str(caught.value)) < 400


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DatasetError, match="pipe: this is no file"):
        read_boxes(tmp_path / "pipe", **PLACE)
    with pytest.raises(DatasetError, match="no such file; it should hold one box x,y,w,h per frame"):
        read_boxes(tmp_path / "nowhere.txt", **PLACE)


def test_a_file_too_large_to_be_boxes_is_not_read(tmp_path):
    with open(tmp_path / "boxes.txt", "wb") as file:
        file.truncate(2 ** 33)  # a hole: it takes no room
    with pytest.raises(DatasetError, match="larger than 64 MiB"):
        read_boxes(tmp_path / "boxes.txt", **PLACE)


def test_hostile_lines_take_no_time(tmp_path):
    start = time.perf_counter()
    entries_of(tmp_path, f"{BOX}\n" + (" ," * 2_000_000 + "\n") * 3 + "e" * 4_000_000)
    assert time.perf_counter() - start < 5


@given(st.lists(st.just("entry"), max_size=8), st.integers(0, 8))
def test_frames_beyond_the_last_line_have_none(entries, length):
    fitted = fit(entries, length)
    assert len(fitted) == length and fitted == (entries + [NO_LINE] * 8)[:length]


def test_a_flag_hides_whatever_the_line_says():
    assert hide(["torn", None, NO_LINE, "torn"], [True, True, True, False]) == [None, None, None, "torn"]


@pytest.mark.parametrize(("content", "flags"), [
    ("0\n1\n0\n", [0, 1, 0]),
    ("0,1,0", [0, 1, 0]),
    ("0,1,0,\n", [0, 1, 0]),
    ("0 1 0\r\n", [0, 1, 0]),
    ("8\n1.0\n0", [8, 1, 0]),
])
def test_flags_are_lines_or_one_line(tmp_path, caplog, content, flags):
    (tmp_path / "flags").write_text(content)
    assert read_flags(tmp_path / "flags", 3, **PLACE).tolist() == flags
    assert not caplog.records


@pytest.mark.parametrize(("content", "known", "said"), [
    ("0\n1\n", [0, 1, None], "2 flags for 3 frames, 0 of them"),
    ("0,1,0,1,1", [0, 1, 0], "5 flags for 3 frames, 0 of them"),
    ("0\nx\n1\n", [0, None, 1], "3 flags for 3 frames, 1 of them"),
    ("0\n\n1\n", [0, None, 1], "3 flags for 3 frames, 1 of them"),
    ("", [None] * 3, "flags for 3 frames"),
])
def test_where_flags_lack_the_box_counts_and_a_warning_is_given(tmp_path, caplog, content, known, said):
    (tmp_path / "flags").write_text(content)
    with caplog.at_level(logging.WARNING):
        flags = read_flags(tmp_path / "flags", 3, **PLACE)
    assert [None if np.isnan(flag) else flag for flag in flags] == known
    assert said in caplog.text and str(tmp_path / "flags") in caplog.text and "sequence s" in caplog.text


def test_without_a_file_of_flags_nothing_is_known_and_nothing_said(tmp_path, caplog):
    assert np.isnan(read_flags(tmp_path / "flags", 3, **PLACE)).all() and not caplog.records


def test_numbers_keep_to_one_separator():
    assert parse_numbers("1, 2") == [1, 2] and parse_numbers("1 2,3") is None and parse_numbers("") is None
