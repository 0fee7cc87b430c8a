"""TrackingNet: sets, frames from 0 with holes, boxes beyond the image, no flags."""

import pytest

from boxmask.readers import trackingnet
from boxmask.readers.annotations import NO_LINE
from boxmask.readers.images import ImageError
from boxmask.readers.sequence import DatasetError, Sight

V, A, X = Sight.VISIBLE, Sight.ABSENT, Sight.INVALID


@pytest.fixture
def make(tmp_path, files):
    def add(folder="TRAIN_0", name="__cx4qr2hSQ_0", boxes=("10,8,20,16",) * 3, numbers=None):
        root = tmp_path / "trackingnet"
        numbers = range(len(boxes)) if numbers is None else numbers
        files.frames(root / folder / "frames" / name, [f"{number}.jpg" for number in numbers])
        files.write(root / folder / "anno" / f"{name}.txt", list(boxes))
        return root
    return add


def test_the_sequences_of_all_sets_come_under_their_own_names(make):
    for folder in ("TRAIN_10", "TEST", "TRAIN_2"):
        root = make(folder, f"v_{folder}")
    assert trackingnet.open_dataset(root).sequences == ("v_TEST", "v_TRAIN_2", "v_TRAIN_10")
    assert trackingnet.open_dataset(root, ["TRAIN_2"]).sequences == ("v_TRAIN_2",)
    alone = trackingnet.open_dataset(root / "TRAIN_10")
    assert alone.sequences == ("v_TRAIN_10",) and len(alone.read("v_TRAIN_10")) == 3
    with pytest.raises(DatasetError, match="there is no set TRAIN_3; it has TEST, TRAIN_2, TRAIN_10"):
        trackingnet.open_dataset(root, ["TRAIN_3"])


def test_frames_are_numbered_from_0_and_ordered_by_number(make):
    boxes = [f"{number},1,2,3" for number in range(12)]
    sequence = trackingnet.open_dataset(make(boxes=boxes)).read("__cx4qr2hSQ_0")
    assert sequence.frames.names == tuple(map(str, range(12)))
    assert sequence.boxes[:, 0, 0].tolist() == list(range(12))


def test_a_hole_in_the_frames_is_a_frame_without_an_image(make):
    sequence = trackingnet.open_dataset(make(boxes=[f"{number},1,2,3" for number in range(5)], numbers=[0, 2, 3])
                                        ).read("__cx4qr2hSQ_0")
    assert sequence.frames.names == ("0", "1", "2", "3", "4") and sequence.boxes[3, 0, 0] == 3
    readable = []
    for index in range(5):
        try:
            sequence.frames.load(index)
        except ImageError:
            continue
        readable.append(index)
    assert readable == [0, 2, 3]


def test_boxes_beyond_the_image_are_taken_and_other_faults_stay_in_their_frame(make):
    boxes = ["-30.5,-4,20,16", "900,900,20,16", "1,1,0,7", "nan,nan,nan,nan", "5,5,-2,3"]
    sequence = trackingnet.open_dataset(make(boxes=boxes, numbers=range(6))).read("__cx4qr2hSQ_0")
    assert sequence.sight[:, 0].tolist() == [V, V, A, X, X, X]
    assert sequence.boxes[0, 0].tolist() == [-30.5, -4, 20, 16] and sequence.reasons[5, 0] == NO_LINE


def test_a_name_in_two_sets_is_refused(make):
    make("TRAIN_0")
    root = make("TRAIN_1")
    with pytest.raises(DatasetError, match="TRAIN_1: sequence __cx4qr2hSQ_0 is in TRAIN_0 too"):
        trackingnet.open_dataset(root)
    assert trackingnet.open_dataset(root, ["TRAIN_1"]).sequences == ("__cx4qr2hSQ_0",)


def test_what_has_frames_or_annotations_alone_is_not_passed_over(make, files):
    root = make()
    files.frames(root / "TRAIN_0/frames/alone", ["0.jpg"])
    files.write(root / "TRAIN_0/anno/blind.txt", ["1,2,3,4"])
    dataset = trackingnet.open_dataset(root)
    assert set(dataset.sequences) == {"__cx4qr2hSQ_0", "alone", "blind"}
    with pytest.raises(DatasetError, match=r"sequence alone, .*alone\.txt: no such file"):
        dataset.read("alone")
    with pytest.raises(DatasetError, match="sequence blind, .*frames/blind: the folder does not exist"):
        dataset.read("blind")


def test_a_root_without_sets_is_explained(tmp_path):
    with pytest.raises(DatasetError, match="no folders TRAIN_0, ..., TEST in it"):
        trackingnet.open_dataset(tmp_path)
