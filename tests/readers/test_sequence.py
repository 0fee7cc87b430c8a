"""What every reader returns: names that are safe to write under, arrays that fit together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxmask.readers.annotations import make_sequence
from boxmask.readers.images import ImageFiles
from boxmask.readers.sequence import DatasetError, Sequence, Sight, check_name

A_BOX = np.array([1.0, 2.0, 3.0, 4.0])


def image_files(tmp_path, count):
    return ImageFiles(tuple(tmp_path / f"{number}.jpg" for number in range(count)))


@pytest.mark.parametrize("name", [
    "", ".", "..", "../up", "a/b", "/etc", "a\\b", "..\\up", "C:\\x", ".hidden", ".boxmask", "a\0b", "a\nb", "\ud800",
    "x" * 300, "\u00e9" * 150, "a\u2028b", "a\x7fb", "a\u202eb", "a\u2066b", " a", "a ",
])
def test_what_cannot_be_a_folder_of_masks_is_no_name(name):
    with pytest.raises(DatasetError, match="not the name of a sequence") as caught:
        check_name(name, dataset="D")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["GOT-10k_Train_000001", "airplane-1", "__cx4qr2hSQ_0", "Zm\u00edn 2", "a..b", "-rf",
                                  "\u52d5\u753b\u30001", "3.04.11\u202fPM", "a\u00a0b", "\U0001f468\u200d\U0001f469"])
def test_names_of_datasets_are_names(name):
    assert check_name(name, dataset="D") == name


@given(st.text())
def test_a_name_stays_in_its_folder(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("names") / "out"
    folder.mkdir()
    try:
        check_name(name, dataset="D")
    except DatasetError:
        return
    (folder / name).mkdir()
    assert [path.name for path in folder.iterdir()] == [name]


@pytest.mark.parametrize(("name", "why"), [
    ("\u52d5" * 67, "it is 201 bytes long, and 200 is the most"), (".hidden", "it begins with a dot"),
    (" a", "it has a space at an end"), ("a\tb", r"it has '\\t' in it"), ("", "it is empty")])
def test_a_refused_name_is_told_why(name, why):
    with pytest.raises(DatasetError, match=f"one plain folder or file name, and {why}"):
        check_name(name, dataset="D")


def test_a_sequence_says_of_every_object_in_every_frame_what_is_known(tmp_path):
    sequence = make_sequence("D", "s", image_files(tmp_path, 3), {2: [A_BOX, None, "torn"], 7: [None, None, A_BOX]})
    assert len(sequence) == 3 and sequence.object_ids == (2, 7) and sequence.sight.dtype == np.int8
    assert sequence.sight.tolist() == [[Sight.VISIBLE, Sight.ABSENT], [Sight.ABSENT, Sight.ABSENT],
                                       [Sight.INVALID, Sight.VISIBLE]]
    assert sequence.reasons == {(2, 0): "torn"}
    np.testing.assert_array_equal(sequence.boxes[0, 0], A_BOX)
    assert np.isnan(sequence.boxes).all(axis=2).tolist() == [[False, True], [True, True], [True, False]]


def test_a_selection_keeps_frames_boxes_and_reasons_together(tmp_path, files):
    paths = [files.write(tmp_path / f"{number}.jpg", (10 + number, 8)) for number in range(6)]
    whole = make_sequence("D", "s", ImageFiles(tuple(paths)), {1: [A_BOX + number for number in range(5)] + ["torn"]})
    part = whole.select(range(1, 6, 2))
    assert part.frames.names == ("1", "3", "5") and len(part) == 3
    assert [part.frames.size(index)[0] for index in range(3)] == [11, 13, 15]
    assert part.frames.load(1).shape == (8, 13, 3)
    np.testing.assert_array_equal(part.boxes[:2, 0], [A_BOX + 1, A_BOX + 3])
    assert part.reasons == {(2, 0): "torn"} and part.sight[2, 0] == Sight.INVALID


def test_two_frames_of_one_name_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="sequence s, frame 1: 2 frames have this name"):
        make_sequence("D", "s", ImageFiles((tmp_path / "1.jpg", tmp_path / "1.png")), {1: [None, None]})


def test_a_frame_whose_name_leads_elsewhere_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="not the name of a frame"):
        make_sequence("D", "s", ImageFiles((tmp_path / "..",)), {1: [None]})


@pytest.mark.parametrize(("boxes", "sight", "ids", "problem"), [
    (np.ones((2, 1, 4)), [[0]], (1,), "2 frames and 1 objects"),
    (np.ones((1, 1, 4)), [[0], [0]], (1,), "2 frames and 1 objects"),
    (np.ones((2, 2, 4)), [[0, 0], [0, 0]], (1, 1), "object ids differ"),
    (np.ones((2, 1, 4)), [[0], [0]], (255,), "object ids differ"),
    (np.ones((2, 1, 4)), [[0], [0]], (0,), "object ids differ"),
    (np.ones((2, 1, 4)), [[0], [1]], (1,), "NaN elsewhere"),
    (np.full((2, 1, 4), np.nan), [[0], [1]], (1,), "finite where"),
])
def test_arrays_that_do_not_fit_are_refused(tmp_path, boxes, sight, ids, problem):
    with pytest.raises(ValueError, match=problem):
        Sequence("D", "s", image_files(tmp_path, 2), boxes, np.array(sight, dtype=np.int8), ids)
