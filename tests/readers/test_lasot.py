"""LaSOT: classes, flags in one line, the frames that LasotVOS wants, and its negative boxes."""

import numpy as np
import pytest

from boxmask.readers import lasot
from boxmask.readers.sequence import DatasetError, Sight

BOX = "10,8,20,16"
V, A, X = Sight.VISIBLE, Sight.ABSENT, Sight.INVALID


@pytest.fixture
def make(tmp_path, files):
    """make(name, boxes, ...) -> root. Frames are empty files: reading a sequence does not open them."""
    def add(name="lion-5", boxes=(BOX,) * 4, *, full_occlusion=None, out_of_view=None, flat=False):
        root = tmp_path / "lasot"
        folder = root / name if flat else root / name.rpartition("-")[0] / name
        for number in range(len(boxes)):
            files.write(folder / "img" / f"{number + 1:08d}.jpg", b"")
        files.write(folder / "groundtruth.txt", list(boxes))
        for file, flags in (("full_occlusion", full_occlusion), ("out_of_view", out_of_view)):
            files.write(folder / f"{file}.txt", ",".join(map(str, flags or [0] * len(boxes))))
        return root
    return add


@pytest.mark.parametrize("flat", [False, True])
def test_sequences_are_found_with_and_without_folders_of_classes(make, files, flat):
    make("lion-5", flat=flat)
    make("lion-12", flat=flat)
    root = make("tiger-6", ["1,2,3,4"], flat=flat)
    files.write(root / "lion.zip", b"")
    (root / "notes").mkdir()
    dataset = lasot.open_dataset(root)
    assert sorted(dataset.sequences) == ["lion-12", "lion-5", "tiger-6"]
    sequence = dataset.read("tiger-6")
    assert sequence.name == "tiger-6" and sequence.boxes[0, 0].tolist() == [1, 2, 3, 4]


def test_by_default_every_fifth_of_the_first_thousand_frames(make):
    boxes = [f"{number},1,2,3" for number in range(1, 1008)]
    root = make(boxes=boxes)
    sequence = lasot.open_dataset(root).read("lion-5")
    assert sequence.frames.names == tuple(f"{number:08d}" for number in range(1, 1000, 5))
    assert sequence.boxes[:, 0, 0].tolist() == list(range(1, 1000, 5))
    assert len(lasot.open_dataset(root, first=None, every=1).read("lion-5")) == 1007
    assert lasot.open_dataset(root, first=7, every=3).read("lion-5").frames.names == ("00000001", "00000004",
                                                                                    "00000007")
    assert len(lasot.open_dataset(make("fox-1"), every=1).read("fox-1")) == 4


@pytest.mark.parametrize(("name", "frame", "line"), [("lion-5", 553, "1,1,-1,-1"), ("tiger-6", 118, "613,731,247,-11")])
def test_the_negative_boxes_of_lasot_are_invalid_frames(make, name, frame, line):
    boxes = [BOX] * (frame + 2)
    boxes[frame - 1] = line
    sequence = lasot.open_dataset(make(name, boxes), first=None, every=1).read(name)
    assert np.flatnonzero(sequence.sight[:, 0] != V).tolist() == [frame - 1]
    assert sequence.sight[frame - 1, 0] == X
    assert sequence.reasons == {(frame - 1, 0): f"'{line}': negative width or height"}


def test_the_flags_of_either_file_hide_the_target(make):
    root = make(boxes=[BOX, "1,1,-1,-1", "0,0,0,0", BOX, BOX], full_occlusion=[0, 1, 0, 1, 0],
                out_of_view=[0, 0, 0, 1, 1])
    sequence = lasot.open_dataset(root, every=1).read("lion-5")
    assert sequence.sight[:, 0].tolist() == [V, A, A, A, A] and not sequence.reasons


def test_flags_that_do_not_fit_leave_the_box_to_judge(make, caplog):
    root = make(full_occlusion=[1, 0], out_of_view=[0] * 9)
    sequence = lasot.open_dataset(root, every=1).read("lion-5")
    assert sequence.sight[:, 0].tolist() == [A, V, V, V]
    assert "2 flags for 4 frames" in caplog.text and "9 flags for 4 frames" in caplog.text


def test_a_split_is_the_list_that_lasot_comes_with(make, files):
    make("lion-5")
    root = make("tiger-6")
    files.write(root / "training_set.txt", ["tiger-6"])
    dataset = lasot.open_dataset(root, split="train")
    assert dataset.sequences == ("tiger-6",) and len(dataset.read("tiger-6")) == 1
    with pytest.raises(DatasetError, match=r"testing_set\.txt: no such file"):
        lasot.open_dataset(root, split="test")
    with pytest.raises(DatasetError, match="there is no split val; it has train and test"):
        lasot.open_dataset(root, split="val")


def test_what_is_missing_is_named(make, files):
    root = make()
    with pytest.raises(DatasetError, match="--sequences lion-5"):
        lasot.open_dataset(root / "lion" / "lion-5")
    files.write(root / "training_set.txt", ["lion-5", "lion-99"])
    with pytest.raises(DatasetError, match="sequence lion-99, .*lion-99: the folder does not exist"):
        lasot.open_dataset(root, split="train").read("lion-99")
    for path in (root / "lion" / "lion-5" / "img").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="sequence lion-5, .*img: no frames in it"):
        lasot.open_dataset(root).read("lion-5")
