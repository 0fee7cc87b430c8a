"""Boxes in COCO's format for videos."""

import json

import numpy as np
import pytest

from boxmask.readers import coco_video
from boxmask.readers.annotations import NO_LINE
from boxmask.readers.sequence import DatasetError, Sight

V, A, X = Sight.VISIBLE, Sight.ABSENT, Sight.INVALID
BOX = [10, 8, 20, 16]


def video(identity=1, folder="0a7a", count=3):
    return {"id": identity, "width": 64, "height": 48, "length": count,
            "file_names": [f"{folder}/{5 * number:05d}.jpg" for number in range(count)]}


def thing(bboxes, identity=1, video_id=1):
    return {"id": identity, "video_id": video_id, "category_id": 1, "bboxes": bboxes,
            "segmentations": [{"counts": "x", "size": [48, 64]}] * len(bboxes or [])}


@pytest.fixture
def make(tmp_path, files):
    """make(videos, annotations) -> (root, file)"""
    def add(videos, annotations):
        (tmp_path / "JPEGImages").mkdir(exist_ok=True)
        return tmp_path / "JPEGImages", files.write(tmp_path / "train.json", json.dumps(
            {"info": {}, "videos": videos, "annotations": annotations, "categories": [{"id": 1}]}))
    return add


def test_objects_of_a_video_are_numbered_by_their_ids(make, files):
    root, file = make([video(4, "b"), video(9, "a")],
                      [thing([[5, 6, 7, 8], None, None], 30, 4), thing([None, BOX, BOX], 20, 4),
                       thing([None, None, BOX], 25, 9)])
    files.write(root / "b/00005.jpg", (64, 48))
    dataset = coco_video.open_dataset(root, file)
    assert dataset.sequences == ("b", "a")
    sequence = dataset.read("b")
    assert sequence.object_ids == (1, 2) and sequence.frames.names == ("00000", "00005", "00010")
    assert sequence.sight.tolist() == [[A, V], [V, A], [V, A]]
    np.testing.assert_array_equal(sequence.boxes[0, 1], [5, 6, 7, 8])
    assert sequence.frames.load(1).shape == (48, 64, 3)
    assert dataset.read("a").object_ids == (1,)


@pytest.mark.parametrize(("box", "sight", "problem"), [
    ([1.5, 2, 3, 4], V, None),
    (None, A, None),
    ([0, 0, 0, 0], A, None),
    ([1, 2, -3, 4], X, "negative"),
    ([1, 2, float("nan"), 4], X, "not four finite"),
    ([1, 2, 10 ** 400, 4], X, "beyond any image"),
    ([1, 2, 1e300, 4], X, "beyond any image"),
    ([1, 2, 3], X, "not a box"),
    ([], X, "not a box"),
    (["1", "2", "3", "4"], X, "not a box"),
    ([True, True, True, True], X, "not a box"),
    ({"x": 1}, X, "not a box"),
    ("x" * 10_000, X, "not a box"),
])
def test_what_a_box_says(make, box, sight, problem):
    root, file = make([video(count=2)], [thing([box, BOX])])
    sequence = coco_video.open_dataset(root, file).read("0a7a")
    assert sequence.sight[:, 0].tolist() == [sight, V]
    assert (problem is None and not sequence.reasons) or problem in sequence.reasons[0, 0]
    assert all(len(reason) < 250 for reason in sequence.reasons.values())


@pytest.mark.parametrize(("bboxes", "sight", "reason"), [
    ([BOX], [V, X, X], NO_LINE),
    ([BOX] * 5, [X, X, X], "not a list of 3 boxes"),
    ("boxes", [X, X, X], "not a list of 3 boxes"),
    (None, [X, X, X], NO_LINE),
])
def test_another_number_of_boxes_than_frames_is_a_fault_of_that_object(make, bboxes, sight, reason):
    root, file = make([video()], [thing([BOX] * 3, 1), thing(bboxes, 2)])
    sequence = coco_video.open_dataset(root, file).read("0a7a")
    assert sequence.sight[:, 0].tolist() == [V] * 3 and sequence.sight[:, 1].tolist() == sight
    assert reason in sequence.reasons[2, 1]


def test_a_video_without_objects_still_has_frames(make):
    sequence = coco_video.open_dataset(*make([video()], [])).read("0a7a")
    assert sequence.object_ids == (1,) and sequence.sight.tolist() == [[A]] * 3


def test_frames_in_the_root_itself_name_the_video_by_its_id(make):
    dataset = coco_video.open_dataset(*make([{"id": 7, "file_names": ["a.jpg", "b.jpg"]}], [thing([BOX] * 2, 1, 7)]))
    assert dataset.sequences == ("7",) and dataset.read("7").frames.names == ("a", "b")


@pytest.mark.parametrize("file_names", [["../../v/x.jpg"], ["/etc/v/x.jpg"], ["v\\x.jpg"], ["v/x\0.jpg"], [5], [None],
                                        ["v/a.jpg", "v/a.png"], ["v/.hidden.jpg"], []])
def test_file_names_cannot_lead_out_of_the_root(make, file_names):
    root, file = make([{"id": 3, "file_names": file_names}, video()], [])
    dataset = coco_video.open_dataset(root, file)
    name = dataset.sequences[0]
    with pytest.raises(DatasetError, match=f"sequence {name}"):
        dataset.read(name)
    assert len(dataset.read("0a7a")) == 3


@pytest.mark.parametrize("folder", ["..", ".git", "a\nb"])
def test_a_folder_that_is_no_name_is_refused_before_anything_is_written(make, folder):
    with pytest.raises(DatasetError, match="not the name of a sequence"):
        coco_video.open_dataset(*make([video(folder=folder)], []))


@pytest.mark.parametrize(("videos", "annotations", "problem"), [
    ([video(), video()], [], r"videos\[1\] is not a video with an id of its own"),
    ([{"id": 1}], [], r"videos\[0\] is not"),
    ([5], [], r"videos\[0\] is not"),
    ([video()], [thing([BOX], 1, 2)], r"annotations\[0\] is not an object"),
    ([video()], [{"id": 1, "video_id": [], "bboxes": []}], r"annotations\[0\] is not an object"),
    ([video(1, "x/v"), video(2, "y/v")], [], "folders called 'v'"),
    ([], [], "no sequences"),
    (None, [], "lists 'videos' and 'annotations'"),
    ([video()], None, "lists 'videos' and 'annotations'"),
])
def test_a_file_that_is_not_understood_is_refused(make, videos, annotations, problem):
    root, file = make(videos, annotations)
    with pytest.raises(DatasetError, match=problem) as caught:
        coco_video.open_dataset(root, file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 200_000, b'{"videos": ' + b"9" * 5000 + b"}",
                                     b"[]", b'"videos"'])
def test_what_is_no_json_is_a_dataset_error(tmp_path, files, content):
    with pytest.raises(DatasetError, match=r"train\.json"):
        coco_video.open_dataset(tmp_path, files.write(tmp_path / "train.json", content))
