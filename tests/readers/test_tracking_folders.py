"""OTB, VOT and folders like them."""

import pytest

from boxmask.readers import tracking_folders
from boxmask.readers.annotations import NO_LINE
from boxmask.readers.sequence import DatasetError, Sight


@pytest.fixture
def make(tmp_path, files):
    """make(name, numbers, lines) -> root; line k of a file is `k,1,2,3`, so that a box tells its line."""
    def add(name="Couple", numbers=range(1, 5), lines=4, *, images="img", digits=4, suffix=".jpg",
            files_of_boxes=("groundtruth_rect.txt",), separator=","):
        folder = tmp_path / "root" / name
        for number in numbers:
            files.write(folder / images / f"{number:0{digits}d}{suffix}", b"")
        for file in files_of_boxes:
            files.write(folder / file, [separator.join(map(str, (line, 1, 2, 3))) for line in range(1, lines + 1)])
        return tmp_path / "root"
    return add


def frames_by_line(sequence):
    """The frame that each box line went to."""
    return {int(box[0]): name for box, sight, name in zip(sequence.boxes[:, 0], sequence.sight[:, 0],
                                                          sequence.frames.names, strict=True)
            if sight == Sight.VISIBLE}


@pytest.mark.parametrize("separator", [",", "\t", " ", ", "])
def test_otb_is_read_with_any_of_its_separators(make, separator):
    sequence = tracking_folders.open_dataset(make(separator=separator)).read("Couple")
    assert frames_by_line(sequence) == {1: "0001", 2: "0002", 3: "0003", 4: "0004"}


@pytest.mark.parametrize(("images", "digits", "suffix"), [("color", 8, ".jpg"), (".", 8, ".jpg"), (".", 6, ".png"),
                                                          ("img", 1, ".jpg")])
def test_vot_and_others_have_their_images_elsewhere(make, images, digits, suffix):
    root = make(images=images, digits=digits, suffix=suffix, numbers=range(1, 13), lines=12,
                files_of_boxes=["groundtruth.txt"])
    sequence = tracking_folders.open_dataset(root).read("Couple")
    assert frames_by_line(sequence) == {line: f"{line:0{digits}d}" for line in range(1, 13)}


@pytest.mark.parametrize(("numbers", "box"), [
    ([1, 2, 3, 4], [1, 2, 3, 4]),
    ([10, 20, 30, 20, 30, 40, 10, 40], [10, 20, 20, 20]),
    ([20, 10, 30, 25, 20, 40, 10.5, 25], [10.5, 10, 19.5, 30]),
    ([1, 2, 3, 4, 5, 6], None),
    ([1, 2, 3], None),
])
def test_a_polygon_is_its_bounding_box(numbers, box):
    assert tracking_folders.bounding_box(numbers) == box


def test_four_nan_are_an_absent_target_and_fewer_a_fault(make, files):
    root = make(files_of_boxes=())
    files.write(root / "Couple/groundtruth.txt", ["nan,nan,nan,nan", "nan,1,2,3", "1,1,5,5", "1,1,5,5"])
    sequence = tracking_folders.open_dataset(root).read("Couple")
    assert sequence.sight[:, 0].tolist() == [Sight.ABSENT, Sight.INVALID, Sight.VISIBLE, Sight.VISIBLE]


def test_a_polygon_with_nan_or_without_area_is_no_box(make, files):
    root = make(files_of_boxes=())
    files.write(root / "Couple/groundtruth.txt", ["1,1,5,1,5,5,nan,5", "nan,1,5,1,5,5,1,5", "3,3,3,3,3,3,3,3",
                                                  "1,1,5,1,5,5,1,5"])
    sequence = tracking_folders.open_dataset(root).read("Couple")
    assert sequence.sight[:, 0].tolist() == [Sight.INVALID, Sight.INVALID, Sight.ABSENT, Sight.VISIBLE]


@pytest.mark.parametrize(("numbers", "lines", "names"), [
    (range(1, 7), 4, ["0001", "0002", "0003", "0004"]),            # lines miss at the end
    (range(1, 4), 4, ["0001", "0002", "0003", "0004"]),            # frames miss at the end
    ([1, 2, 4], 4, ["0001", "0002", "0003", "0004"]),              # or within
    (range(3, 7), 6, ["0001", "0002", "0003", "0004", "0005", "0006"]),  # or at the start
    (range(4), 4, ["0000", "0001", "0002", "0003"]),
    (range(7, 11), 4, ["0007", "0008", "0009", "0010"]),           # a part of a longer video
    (range(7, 11), 5, ["0007", "0008", "0009", "0010", "0011"]),
])
def test_lines_find_their_frames_where_some_miss(make, numbers, lines, names):
    sequence = tracking_folders.open_dataset(make(numbers=numbers, lines=lines)).read("Couple")
    assert list(frames_by_line(sequence).values()) == names
    assert len(sequence) == max(len(names), len(numbers))
    assert all(reason == NO_LINE for reason in sequence.reasons.values())


@pytest.mark.parametrize(("name", "first", "last"), [("David", 300, 770), ("BlurCar1", 247, 988), ("BlurCar3", 3, 359),
                                                     ("BlurCar4", 18, 397)])
def test_some_otb_sequences_are_annotated_from_a_later_frame_on(make, name, first, last):
    lines = last - first + 1
    whole = tracking_folders.open_dataset(make(name, range(1, last + 1), lines)).read(name)
    assert whole.frames.names[0] == f"{first:04d}" and len(whole) == lines
    assert frames_by_line(whole)[lines] == f"{last:04d}"


def test_a_david_that_starts_with_its_first_annotated_frame_is_taken_as_it_is(make):
    sequence = tracking_folders.open_dataset(make("David", range(1, 472), 471)).read("David")
    assert sequence.frames.names[0] == "0001" and (sequence.sight == Sight.VISIBLE).all()


def test_several_files_of_boxes_are_several_objects(make, files):
    root = make("Jogging", files_of_boxes=[f"groundtruth_rect.{number}.txt" for number in (1, 2, 10)])
    files.write(root / "Jogging/groundtruth_rect.10.txt", ["9,9,9,9"])
    sequence = tracking_folders.open_dataset(root).read("Jogging")
    assert sequence.object_ids == (1, 2, 3)
    assert sequence.sight[:, 2].tolist() == [Sight.VISIBLE] + [Sight.INVALID] * 3
    assert sequence.boxes[0, 2].tolist() == [9, 9, 9, 9]


def test_the_only_file_of_a_numbered_object_is_object_1(make):
    root = make("Human4", files_of_boxes=["groundtruth_rect.2.txt"])
    assert tracking_folders.open_dataset(root).read("Human4").object_ids == (1,)


def test_images_without_numbers_are_taken_in_order(make, files):
    root = make(numbers=(), lines=2)
    for name in ("b.jpg", "a.jpg"):
        files.write(root / "Couple/img" / name, b"")
    assert frames_by_line(tracking_folders.open_dataset(root).read("Couple")) == {1: "a", 2: "b"}
    (root / "Couple/img/b.jpg").unlink()
    with pytest.raises(DatasetError, match="sequence Couple, .*img: 2 boxes for 1 images"):
        tracking_folders.open_dataset(root).read("Couple")


@pytest.mark.parametrize("images", ["link to nowhere", "link to itself", "file"])
def test_images_that_are_no_folder_cost_their_sequence_alone(make, files, images):
    root = make(numbers=())
    folder = root / "Couple/img"
    if images == "file":
        files.write(folder, b"")
    else:
        folder.symlink_to("img" if images == "link to itself" else "nowhere")
    make("Good")
    dataset = tracking_folders.open_dataset(root)
    with pytest.raises(DatasetError, match="sequence Couple, .*img: the folder .*expected the images of the sequence"):
        dataset.read("Couple")
    assert len(dataset.read("Good")) == 4


def test_more_objects_than_a_mask_has_indices_are_refused_and_their_frames_counted(make):
    root = make("Crowd", files_of_boxes=[f"groundtruth_rect.{number}.txt" for number in range(255)])
    with pytest.raises(DatasetError, match="sequence Crowd, .*: it has 255 objects, and a mask can tell 254") as error:
        tracking_folders.open_dataset(root).read("Crowd")
    assert error.value.num_frames == 4
    (root / "Crowd/groundtruth_rect.0.txt").unlink()
    assert len(tracking_folders.open_dataset(root).read("Crowd").object_ids) == 254


def test_what_is_missing_is_named(make, files):
    root = make(files_of_boxes=())
    with pytest.raises(DatasetError, match=r"Couple: no groundtruth_rect\.txt and no groundtruth\.txt in it"):
        tracking_folders.open_dataset(root).read("Couple")
    make(numbers=(), files_of_boxes=["groundtruth.txt"], name="Empty")
    with pytest.raises(DatasetError, match="sequence Empty, .*Empty: no images in it"):
        tracking_folders.open_dataset(root).read("Empty")
    with pytest.raises(DatasetError, match="--sequences Empty"):
        tracking_folders.open_dataset(root / "Empty")
    files.write(root / "list.txt", ["Couple", "../Empty"])
    with pytest.raises(DatasetError, match="not the name of a sequence"):
        tracking_folders.open_dataset(root)
