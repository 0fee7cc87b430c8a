"""GOT-10k, with the dirt that its published sequences have."""

import logging

import numpy as np
import pytest

from boxmask.readers import got10k
from boxmask.readers.annotations import NO_LINE
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import DatasetError, Sight

NAME = "GOT-10k_Train_000001"
BOX = "10,8,20,16"
V, A, X = Sight.VISIBLE, Sight.ABSENT, Sight.INVALID


@pytest.fixture
def make(tmp_path, files):
    """make(boxes, num_frames, name, **label files) -> root: adds a sequence to a split's folder."""
    def add(boxes=(BOX,) * 4, num_frames=None, name=NAME, **labels):
        folder = tmp_path / "got10k" / name
        count = len(boxes) if num_frames is None else num_frames
        files.frames(folder, [f"{number + 1:08d}.jpg" for number in range(count)])
        files.write(folder / "groundtruth.txt", list(boxes))
        for label, values in labels.items():
            files.write(folder / f"{label}.label", values)
        names = sorted(path.name for path in folder.parent.iterdir() if path.is_dir())
        files.write(folder.parent / "list.txt", names)
        return folder.parent
    return add


def test_a_sequence_has_its_frames_and_boxes_in_order(make):
    dataset = got10k.open_dataset(make(boxes=["1.5,2,3,4", "5,6,7,8.25"]))
    assert dataset.sequences == (NAME,)
    sequence = dataset.read(NAME)
    assert sequence.frames.names == ("00000001", "00000002") and sequence.object_ids == (1,)
    np.testing.assert_array_equal(sequence.boxes[:, 0], [[1.5, 2, 3, 4], [5, 6, 7, 8.25]])
    assert sequence.frames.load(1).shape == (48, 64, 3) and sequence.frames.size(1) == (64, 48)


@pytest.mark.parametrize(("boxes", "labels", "sight"), [
    ([BOX, BOX, BOX], {}, [V, V, V]),
    ([BOX, "-1,-1,-1,-1", BOX], {}, [V, A, V]),
    ([BOX, "5,5,0,3", "5,5,3,0"], {}, [V, A, A]),
    ([BOX, BOX, BOX], {"absence": [0, 1, 0]}, [V, A, V]),
    ([BOX, BOX, BOX], {"cover": [8, 1, 0]}, [V, V, A]),
    ([BOX, BOX, BOX], {"absence": [1, 0, 0], "cover": [8, 0, 8]}, [A, A, V]),
    ([BOX, BOX, BOX], {"cut_by_image": [1, 1, 0]}, [V, V, V]),
    ([BOX, "nan,nan,nan,nan", BOX], {}, [V, X, V]),
    ([BOX, "nan,nan,nan,nan", BOX], {"absence": [0, 1, 0]}, [V, A, V]),
    ([BOX, "7,7,-3,2", BOX], {}, [V, X, V]),
    ([BOX, "7,7,-3,2", BOX], {"absence": [0, 1, 0]}, [V, A, V]),
])
def test_where_the_target_is_to_be_seen(make, boxes, labels, sight):
    sequence = got10k.open_dataset(make(boxes, **labels)).read(NAME)
    assert sequence.sight[:, 0].tolist() == sight
    assert sorted(sequence.reasons) == [(frame, 0) for frame in range(3) if sight[frame] == X]


def test_a_box_beyond_the_image_is_taken_as_it_is(make):
    # GOT-10k_Train_000399 frame 66: the image ends at 1080, the box at 1084.
    sequence = got10k.open_dataset(make(["570.0,477.0,831.0,607.0"], name="GOT-10k_Train_000399")).read(
        "GOT-10k_Train_000399")
    np.testing.assert_array_equal(sequence.boxes[0, 0], [570, 477, 831, 607])


@pytest.mark.parametrize(("number", "wrong"), [
    (1636, {43, 53}), (1638, {25, 33}), (8623, {1, 60}), (8637, {1, 60}), (9058, {1, 60}), (9059, {1, 60}),
])
def test_frames_that_are_known_to_be_wrong_are_invalid(make, number, wrong):
    name = f"GOT-10k_Train_{number:06d}"
    sequence = got10k.open_dataset(make([BOX] * 60, name=name)).read(name)
    invalid = np.flatnonzero(sequence.sight[:, 0] == X) + 1
    assert {invalid[0], invalid[-1]} == wrong and len(invalid) == max(wrong) - min(wrong) + 1
    assert set(sequence.reasons.values()) == {got10k.WRONG}


@pytest.mark.parametrize("name", ["GOT-10k_Train_001637", "GOT-10k_Train_008622", "GOT-10k_Train_009060",
                                  "GOT-10k_Val_000058"])
def test_their_neighbours_are_right(make, name):
    assert (got10k.open_dataset(make([BOX] * 60, name=name)).read(name).sight == V).all()


def test_frames_may_differ_in_size(make, files):
    root = make([BOX] * 3)  # as in GOT-10k_Val_000136
    files.write(root / NAME / "00000002.jpg", (32, 40))
    frames = got10k.open_dataset(root).read(NAME).frames
    assert [frames.size(index) for index in range(3)] == [(64, 48), (32, 40), (64, 48)]


def test_frames_without_a_box_line_are_invalid(make):
    sequence = got10k.open_dataset(make([BOX, BOX], num_frames=4)).read(NAME)
    assert sequence.sight[:, 0].tolist() == [V, V, X, X]
    assert sequence.reasons == {(2, 0): NO_LINE, (3, 0): NO_LINE}


def test_a_missing_frame_is_a_frame_whose_image_cannot_be_read(make):
    root = make([BOX] * 5, num_frames=4)
    (root / NAME / "00000002.jpg").unlink()
    sequence = got10k.open_dataset(root).read(NAME)
    assert sequence.frames.names == tuple(f"{number:08d}" for number in range(1, 6))
    assert (sequence.sight == V).all()
    for index, there in enumerate((True, False, True, True, False)):
        if there:
            assert sequence.frames.load(index).shape == (48, 64, 3)
        else:
            with pytest.raises(ImageError, match="no such image"):
                sequence.frames.load(index)


def test_one_stray_file_does_not_make_a_hundred_million_frames(make, files):
    root = make()
    files.write(root / NAME / "99999999.jpg", b"")
    with pytest.raises(DatasetError, match="numbered up to 99999999, but there are 5 files and 4 annotation lines"):
        got10k.open_dataset(root).read(NAME)


@pytest.mark.parametrize("start", [0, 2, 40])
def test_frames_numbered_from_another_number_do_not_get_the_boxes_of_others(make, files, start):
    root = make()
    folder = root / NAME
    for path in folder.glob("*.jpg"):
        path.unlink()
    files.frames(folder, [f"{number:08d}.jpg" for number in range(start, start + 4)])
    with pytest.raises(DatasetError, match=f"its 4 frames are numbered from {start}, and those of GOT-10k from 1"):
        got10k.open_dataset(root).read(NAME)


def test_files_of_other_names_are_no_frames(make, files):
    root = make()
    for name in ("5.jpg", "000000005.jpg", "00000005.png", "00000000.jpg", "._00000005.jpg", "00000005.jpg.part"):
        files.write(root / NAME / name, b"")
    assert len(got10k.open_dataset(root).read(NAME)) == 4


@pytest.mark.parametrize(("label", "values", "sight"), [("absence", [1], [A, V, V, V]),
                                                         ("cover", [0, 8, 8, 8, 0, 0], [A, V, V, V]),
                                                         ("absence", ["x", 1, 0, 0], [V, A, V, V])])
def test_flags_that_do_not_fit_leave_the_box_to_judge(make, caplog, label, values, sight):
    with caplog.at_level(logging.WARNING):
        sequence = got10k.open_dataset(make(**{label: values})).read(NAME)
    assert sequence.sight[:, 0].tolist() == sight
    assert f"{label}.label" in caplog.text


def test_missing_annotations_and_folders_are_named(make, tmp_path, files):
    root = make()
    (root / NAME / "groundtruth.txt").unlink()
    with pytest.raises(DatasetError, match=rf"GOT-10k, sequence {NAME}, .*groundtruth\.txt: no such file"):
        got10k.open_dataset(root).read(NAME)
    files.write(root / "list.txt", [NAME, "elsewhere"])
    with pytest.raises(DatasetError, match="sequence elsewhere.*the folder does not exist"):
        got10k.open_dataset(root).read("elsewhere")
    with pytest.raises(DatasetError, match="nowhere: the folder does not exist"):
        got10k.open_dataset(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no sequences"):
        got10k.open_dataset(tmp_path / "empty")


def test_a_sequence_without_frames_is_named(make):
    root = make(num_frames=0)
    with pytest.raises(DatasetError, match=f"{NAME}: no frames in it; expected 00000001.jpg"):
        got10k.open_dataset(root).read(NAME)


def test_a_root_without_a_list_has_the_folders_that_look_like_sequences(make):
    root = make()
    (root / "list.txt").unlink()
    (root / "notes").mkdir()
    assert got10k.open_dataset(root).sequences == (NAME,)


def test_one_sequence_in_the_place_of_a_root_is_explained(make):
    with pytest.raises(DatasetError, match=f"--sequences {NAME}"):
        got10k.open_dataset(make() / NAME)


def test_a_sequence_may_be_a_link_to_a_folder_elsewhere(make, tmp_path):
    root = make()
    (root / NAME).rename(tmp_path / "elsewhere")
    (root / NAME).symlink_to(tmp_path / "elsewhere")
    assert len(got10k.open_dataset(root).read(NAME)) == 4


@pytest.mark.parametrize("name", ["..", "a/b", "/etc", "..\\x", ".git", "a\0b"])
def test_a_list_cannot_lead_out_of_the_dataset(make, files, name):
    root = make()
    files.write(root / "list.txt", [NAME, name])
    with pytest.raises(DatasetError, match=r"list\.txt: .* is not the name of a sequence"):
        got10k.open_dataset(root)


def test_a_list_may_have_a_byte_order_mark_and_windows_ends(make, files):
    root = make()
    files.write(root / "list.txt", f"\ufeff{NAME}\r\n\r\n")
    assert got10k.open_dataset(root).sequences == (NAME,)
    files.write(root / "list.txt", [NAME, NAME])
    with pytest.raises(DatasetError, match=f"sequence {NAME} is there twice"):
        got10k.open_dataset(root)
