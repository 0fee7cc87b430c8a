"""Readers: what a clean dataset gives, and what each kind of dirt says."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from boxmask.readers import davis as davis_reader
from boxmask.readers import folder, images
from boxmask.readers import got10k as got10k_reader
from boxmask.readers.sequence import DatasetError

NAME = "GOT-10k_Train_000001"
BOX = "10,8,20,16"


def disc(centre=(30, 20), radius=8, value=1, size=(64, 48)):
    return cv2.circle(np.zeros(size[::-1], np.uint8), centre, radius, value, -1)


def test_a_got10k_sequence_has_its_frames_and_boxes_in_order(got10k):
    dataset = got10k_reader.open_dataset(got10k(boxes=["1.5,2,3,4", "5,6,7,8.25"]))
    assert dataset.sequences == (NAME,)
    sequence = dataset.read(NAME)
    assert sequence.stems == ["00000001", "00000002"]
    np.testing.assert_array_equal(sequence.boxes, [[1.5, 2, 3, 4], [5, 6, 7, 8.25]])
    assert sequence.present.all() and len(sequence) == 2
    assert sequence.load(1).shape == (48, 64, 3)


@pytest.mark.parametrize(("boxes", "labels", "present"), [
    ([BOX, BOX, BOX], {}, [1, 1, 1]),
    ([BOX, "-1,-1,-1,-1", BOX], {}, [1, 0, 1]),
    ([BOX, "5,5,0,3", "5,5,3,0"], {}, [1, 0, 0]),
    ([BOX, BOX, BOX], {"absence": [0, 1, 0]}, [1, 0, 1]),
    ([BOX, BOX, BOX], {"cover": [8, 1, 0]}, [1, 1, 0]),
    ([BOX, BOX, BOX], {"absence": [1, 0, 0], "cover": [8, 0, 8]}, [0, 0, 1]),
    ([BOX, "nan,nan,nan,nan", BOX], {"absence": [0, 1, 0]}, [1, 0, 1]),
    ([BOX, "7,7,-3,2", BOX], {"absence": [0, 1, 0]}, [1, 0, 1]),
])
def test_where_the_target_is_absent(got10k, boxes, labels, present):
    sequence = got10k_reader.open_dataset(got10k(boxes=boxes, **labels)).read(NAME)
    assert sequence.present.tolist() == [bool(each) for each in present]
    assert (np.isnan(sequence.boxes).all(axis=1) == ~sequence.present).all()


@pytest.mark.parametrize(("line", "problem"), [
    ("nan,2,3,4", "finite"),
    ("1,2,inf,4", "finite"),
    ("613,731,247,-11", "negative"),
    ("1,1,-1,-1", "negative"),
    ("a,b,c,d", "four numbers"),
    ("1,2,3", "3 fields"),
    ("1,2,3,4,5", "5 fields"),
    ("1,,3,4", "four numbers"),
    ("", "1 fields"),
])
def test_a_box_that_is_none_names_sequence_frame_file_and_line(got10k, line, problem):
    root = got10k(boxes=[BOX, line, BOX])
    with pytest.raises(DatasetError, match=problem) as caught:
        got10k_reader.open_dataset(root).read(NAME)
    for part in ("GOT-10k", NAME, "frame 00000002", str(root / NAME / "groundtruth.txt"), "line 2", "write 0,0,0,0"):
        assert part in str(caught.value)


@pytest.mark.parametrize(("file", "lines", "problem"), [
    ("groundtruth.txt", 2, "2 boxes for 4 frames"),
    ("groundtruth.txt", 5, "5 boxes for 4 frames"),
    ("groundtruth.txt", 0, "0 boxes for 4 frames"),
    ("absence.label", 3, "3 flags for 4 frames"),
    ("cover.label", 6, "6 flags for 4 frames"),
])
def test_another_number_of_lines_than_frames_is_refused(got10k, file, lines, problem):
    root = got10k()
    (root / NAME / file).write_text(f"{BOX if file == 'groundtruth.txt' else 1}\n" * lines)
    with pytest.raises(DatasetError, match=problem) as caught:
        got10k_reader.open_dataset(root).read(NAME)
    assert str(root / NAME / file) in str(caught.value) and NAME in str(caught.value)


def test_blank_lines_at_the_end_do_not_count(got10k):
    root = got10k(boxes=[BOX, BOX])
    with open(root / NAME / "groundtruth.txt", "a") as file:
        file.write("\n  \n")
    assert len(got10k_reader.open_dataset(root).read(NAME)) == 2


def test_a_flag_that_is_no_integer_names_its_frame(got10k):
    root = got10k(absence=[0, "x", 0, 0])
    with pytest.raises(DatasetError, match=r"frame 00000002, .*absence\.label: line 2: expected an integer, got 'x'"):
        got10k_reader.open_dataset(root).read(NAME)


def test_a_missing_frame_is_named(got10k):
    root = got10k()
    (root / NAME / "00000003.jpg").unlink()
    with pytest.raises(DatasetError, match=r"frame 00000003, .*00000003\.jpg: the frame is missing"):
        got10k_reader.open_dataset(root).read(NAME)


def test_missing_annotations_and_folders_are_named(got10k, tmp_path):
    root = got10k()
    (root / NAME / "groundtruth.txt").unlink()
    with pytest.raises(DatasetError, match=r"groundtruth\.txt: no such file"):
        got10k_reader.open_dataset(root).read(NAME)
    (root / "list.txt").write_text(f"{NAME}\nelsewhere\n")
    with pytest.raises(DatasetError, match="sequence elsewhere.*the folder does not exist"):
        got10k_reader.open_dataset(root).read("elsewhere")
    with pytest.raises(DatasetError, match="nowhere: the folder does not exist"):
        got10k_reader.open_dataset(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no sequences"):
        got10k_reader.open_dataset(tmp_path / "empty")


def test_a_root_without_a_list_has_the_folders_that_look_like_sequences(got10k):
    root = got10k()
    (root / "list.txt").unlink()
    (root / "notes").mkdir()
    assert got10k_reader.open_dataset(root).sequences == (NAME,)


def test_one_sequence_in_the_place_of_a_root_is_explained(got10k):
    with pytest.raises(DatasetError, match=f"--sequences {NAME}"):
        got10k_reader.open_dataset(got10k() / NAME)


@pytest.mark.parametrize("name", ["..", "a/b", "/etc", "..\\x"])
def test_a_list_cannot_lead_out_of_the_dataset(got10k, name):
    root = got10k()
    (root / "list.txt").write_text(f"{name}\n")
    with pytest.raises(DatasetError, match="not the name of a sequence"):
        got10k_reader.open_dataset(root)


def jpeg(image, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9, 0.9999])
def test_a_truncated_jpeg_is_refused(got10k, files, kept, progressive):
    root = got10k()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 120, 3), np.uint8))
    data = jpeg(noise, progressive=progressive)
    path = root / NAME / "00000002.jpg"
    path.write_bytes(data[:min(int(len(data) * kept), len(data) - 1)])
    with pytest.raises(DatasetError, match="truncated after") as caught:
        got10k_reader.open_dataset(root).read(NAME).load(1)
    for part in ("GOT-10k", NAME, "frame 00000002", str(path)):
        assert part in str(caught.value)


def test_a_truncated_jpeg_with_a_whole_thumbnail_is_refused(tmp_path, files):
    small = jpeg(Image.fromarray(files.picture(0)))
    data = jpeg(Image.fromarray(files.picture(1)), exif=b"Exif\0\0" + small)
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    assert images.read(path).shape == (48, 64, 3)
    path.write_bytes(data[:-2])
    with pytest.raises(images.ImageError, match="truncated"):
        images.read(path)


def test_bytes_after_the_end_of_a_jpeg_do_no_harm(tmp_path, files):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(Image.fromarray(files.picture(0))) + b"\0" * 100)
    assert images.read(path).shape == (48, 64, 3)


@pytest.mark.parametrize(("name", "data", "problem"), [
    ("a.jpg", b"", "empty"),
    ("a.jpg", b"<html>not found</html>", "not an image"),
    ("a.png", cv2.imencode(".png", np.eye(40, dtype=np.uint8))[1].tobytes()[:60], "truncated"),
])
def test_a_file_that_is_no_image_is_refused(tmp_path, name, data, problem):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(images.ImageError, match=problem):
        images.read(tmp_path / name)


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_grey_and_cmyk_jpegs_become_rgb(tmp_path, files, mode):
    picture = Image.fromarray(files.picture(3)).convert("L").convert("RGB")
    (tmp_path / "a.jpg").write_bytes(jpeg(picture.convert(mode)))
    read = images.read(tmp_path / "a.jpg")
    assert read.dtype == np.uint8 and read.shape == (48, 64, 3)
    assert np.abs(read.astype(int) - np.asarray(picture).astype(int)).mean() < 6


def test_images_are_rgb(tmp_path):
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    Image.fromarray(red).save(tmp_path / "a.png")
    np.testing.assert_array_equal(images.read(tmp_path / "a.png"), red)


@pytest.mark.parametrize("line", ["1,2,3,4", "1\t2\t3\t4", "1 2 3 4", " 1.0, 2.0 ,3.0,  4.0 "])
def test_a_folder_takes_boxes_with_commas_tabs_or_spaces(tmp_path, files, line):
    files.image(tmp_path / "frames/a.png", files.picture(0))
    (tmp_path / "boxes.txt").write_text(line)
    sequence = folder.read_sequence(tmp_path / "frames", tmp_path / "boxes.txt")
    np.testing.assert_array_equal(sequence.boxes, [[1, 2, 3, 4]])


def test_a_folder_is_in_natural_order_and_passes_over_other_files(tmp_path, files):
    for name in ("f10.png", "f9.JPG", "f1.png", ".hidden.png"):
        files.image(tmp_path / "frames" / name, files.picture(0))
    (tmp_path / "frames/notes.txt").write_text("no image")
    (tmp_path / "boxes.txt").write_text("1,1,9,9\n0,0,0,0\n2,2,9,9\n")
    sequence = folder.read_sequence(tmp_path / "frames", tmp_path / "boxes.txt")
    assert sequence.stems == ["f1", "f9", "f10"]
    assert sequence.present.tolist() == [True, False, True]


def test_two_images_for_one_mask_are_refused(tmp_path, files):
    for name in ("a.png", "a.jpg"):
        files.image(tmp_path / "frames" / name, files.picture(0))
    with pytest.raises(DatasetError, match=r"a\.jpg and a\.png would have the same mask"):
        folder.read_sequence(tmp_path / "frames", tmp_path / "boxes.txt")


def test_a_folder_without_images_or_boxes_is_named(tmp_path, files):
    (tmp_path / "frames").mkdir()
    with pytest.raises(DatasetError, match="frames: no images"):
        folder.read_sequence(tmp_path / "frames", tmp_path / "boxes.txt")
    files.image(tmp_path / "frames/a.png", files.picture(0))
    with pytest.raises(DatasetError, match=r"boxes\.txt: no such file"):
        folder.read_sequence(tmp_path / "frames", tmp_path / "boxes.txt")


@pytest.mark.parametrize("value", [1, 3, 255])
def test_davis_boxes_are_tight_and_empty_masks_absent(davis, value):
    root = davis("dog", [disc(value=value), disc(value=0), disc((20, 30), 4, value)])
    sequence = davis_reader.open_dataset(root, "val").read("dog")
    np.testing.assert_array_equal(sequence.boxes[[0, 2]], [[22, 12, 17, 17], [16, 26, 9, 9]])
    assert sequence.present.tolist() == [True, False, True]
    assert sequence.stems == ["00000", "00001", "00002"]


def test_davis_void_is_no_part_of_an_object(davis):
    label = disc()
    label[0, 0] = 255
    sequence = davis_reader.open_dataset(davis("dog", [label])).read("dog")
    np.testing.assert_array_equal(sequence.boxes, [[22, 12, 17, 17]])


def test_davis_with_several_objects_says_so(davis):
    root = davis("two", [disc() + disc((8, 8), 3, 2)])
    with pytest.raises(DatasetError, match="sequence two.*it has 2 objects"):
        davis_reader.open_dataset(root, "val").read("two")


def test_davis_names_what_is_missing(davis, tmp_path):
    root = davis("dog", [disc(), disc()])
    with pytest.raises(DatasetError, match=r"ImageSets/2017/test\.txt: no such list"):
        davis_reader.open_dataset(root, "test")
    (root / "Annotations/480p/dog/00001.png").unlink()
    with pytest.raises(DatasetError, match=r"sequence dog, frame 00001, .*00001\.png: no such mask"):
        davis_reader.open_dataset(root).read("dog")
    (root / "Annotations/480p/dog/00001.png").write_bytes(b"junk")
    with pytest.raises(DatasetError, match=r"sequence dog, frame 00001, .*00001\.png: the mask cannot be read"):
        davis_reader.open_dataset(root).read("dog")
    with pytest.raises(DatasetError, match="JPEGImages/480p: the folder does not exist"):
        davis_reader.open_dataset(tmp_path)
