"""Bad data gives one line that names dataset, sequence, frame and file, and says what to do."""

import re

import numpy as np
import pytest

from ltr.dataset import Davis, Got10k, Got10kVOS, Lasot, LasotVOS, TrackingNet, YouTubeVOS
from ltr.dataset.errors import DatasetError, MissingDataError


def message_of(error):
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(("build", "attribute"), [
    (lambda: Davis(), "davis_dir"), (lambda: Davis(split="test-dev"), "davis_testdev_dir"),
    (lambda: Davis(version="2016"), "davis16_dir"), (lambda: YouTubeVOS(), "youtubevos_dir"),
    (lambda: Got10k(), "got10k_dir"), (lambda: Got10kVOS("masks"), "got10k_dir"),
    (lambda: Lasot(split="train"), "lasot_dir"), (lambda: LasotVOS("masks"), "lasot_dir"),
    (lambda: TrackingNet(), "trackingnet_dir")])
def test_a_dataset_that_is_not_configured_says_how_to_set_it(configure, build, attribute):
    with pytest.raises(MissingDataError, match=f"set {attribute} in your local.py.*BOXMASK_{attribute.upper()}"):
        build()


def test_a_root_that_is_not_there_is_named_with_what_named_it(configure, tmp_path):
    configure(got10k_dir=tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match=r"gone, set as got10k_dir .* does not exist"):
        Got10k()
    with pytest.raises(FileNotFoundError, match=r"away, given as root, does not exist"):
        Lasot(tmp_path / "away", vid_ids=[1])


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def empty(path):
    path.write_bytes(b"")


def spoil(path):
    path.write_bytes(b"no image at all")


@pytest.mark.parametrize("damage", [cut, empty, spoil], ids=["truncated", "empty", "no image"])
def test_a_bad_image_is_named(tmp_path, trees, damage):
    data = Davis(trees.davis(tmp_path), multiobj=False)
    damage(tmp_path / "JPEGImages/480p/bear/00003.jpg")
    with pytest.raises(DatasetError) as error:
        data.get_frames(0, [2, 3])
    assert re.match(r"DAVIS/2017/train: sequence bear, frame 00003 \(.*/00003\.jpg\): .*(fetch|leave)",
                    message_of(error))


def test_a_missing_image_is_named(tmp_path, trees):
    data = TrackingNet(trees.trackingnet(tmp_path), set_ids=[0])
    (tmp_path / "TRAIN_0/frames/video0/1.jpg").unlink()
    # TrackingNet has such frames: they are never drawn.
    assert data.get_sequence_info(0)["visible"].tolist() == [1, 0, 0, 1, 1, 1]
    with pytest.raises(MissingDataError, match=r"trackingnet: sequence video0, frame 1 \(.*1\.jpg\): there is no such"):
        data.get_frames(0, [1])


def test_an_image_loader_that_gives_nothing_is_an_error(tmp_path, trees):
    data = Got10k(trees.got10k(tmp_path), image_loader=lambda path: None)
    with pytest.raises(DatasetError, match="got10k: sequence GOT-10k_Train_000001, frame 00000002"):
        data.get_frames(0, [1])


@pytest.mark.parametrize(("folder", "suffix", "lacks"), [("Annotations", "png", "mask"),
                                                         ("JPEGImages", "jpg", "image")])
def test_davis_needs_as_many_masks_as_images(tmp_path, trees, folder, suffix, lacks):
    trees.davis(tmp_path)
    (tmp_path / folder / "480p" / "train" / f"00004.{suffix}").unlink()
    with pytest.raises(DatasetError, match=f"sequence train, frame 00004: .*frame 00004 has no {lacks}; fetch"):
        Davis(tmp_path)


def test_davis_names_sequences_of_a_split_that_are_not_there(tmp_path, trees):
    trees.davis(tmp_path)
    (tmp_path / "ImageSets/2017/train.txt").write_text("bear\nboat\ntrain\n")
    with pytest.raises(MissingDataError, match=r"no folder for 1 of 3 sequences \(boat\)"):
        Davis(tmp_path)
    with pytest.raises(MissingDataError, match=r"there is no list .*2017/val\.txt"):
        Davis(tmp_path, split="val")
    with pytest.raises(ValueError, match="test-challenge"):
        Davis(split="test-challenge")


def test_a_mask_of_another_size_than_its_image_is_named(tmp_path, trees):
    data = Davis(trees.davis(tmp_path), multiobj=False)
    trees.write_mask(tmp_path / "Annotations/480p/bear/00001.png", np.ones((32, 48), np.uint8))
    with pytest.raises(DatasetError, match=r"bear, frame 00001 \(.*png\): the mask has 48x32 pixels, its image 96x64"):
        data.get_frames(0, [1])


def test_an_unreadable_mask_is_named(tmp_path, trees):
    trees.davis(tmp_path)
    cut(tmp_path / "Annotations/480p/bear/00001.png")
    with pytest.raises(DatasetError, match=r"DAVIS: sequence bear, frame 00001 \(.*\): .*truncated"):
        Davis(tmp_path)


@pytest.mark.parametrize(("line", "complaint"), [
    ("nan,24,20,16", r"frame of line 3 .*'nan,24,20,16' is not made of numbers"),
    ("14,24,inf,16", "frame of line 3"), ("14,24,20", "frame of line 3 .*not a box x,y,w,h"),
    ("a,b,c,d", "frame of line 3 .*not a box")])
def test_a_bad_box_is_named_with_its_line(tmp_path, trees, line, complaint):
    data = Got10k(trees.got10k(tmp_path))
    path = tmp_path / "GOT-10k_Train_000002/groundtruth.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], line, *lines[3:]]))
    with pytest.raises(DatasetError, match=f"got10k: sequence GOT-10k_Train_000002, {complaint}"):
        data.get_sequence_info(1)


@pytest.mark.parametrize(("name", "what"), [("00000012.jpg", "11 images beside it"),
                                            ("absence.label", "11 lines in absence.label"),
                                            ("cover.label", "11 lines in cover.label")])
def test_got10k_needs_as_many_frames_and_flags_as_boxes(tmp_path, trees, name, what):
    data = Got10k(trees.got10k(tmp_path))
    path = tmp_path / "GOT-10k_Train_000001" / name
    if path.suffix == ".jpg":
        path.unlink()
    else:
        path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(DatasetError, match=rf"GOT-10k_Train_000001 \(.*groundtruth\.txt\): 12 boxes but {what}"):
        data.get_sequence_info(0)


@pytest.mark.parametrize("name", ["full_occlusion.txt", "out_of_view.txt", "img"])
def test_lasot_needs_as_many_frames_and_flags_as_boxes(tmp_path, trees, name):
    data = Lasot(trees.lasot(tmp_path), vid_ids=[6])
    folder = tmp_path / "bear/bear-6"
    if name == "img":
        (folder / "img/00000023.jpg").unlink()
    else:
        (folder / name).write_text(",".join("0" * 22))
    with pytest.raises(DatasetError, match=f"lasot: sequence bear-6 .*23 boxes but 22 .*{name}"):
        data.get_sequence_info(data.sequence_list.index("bear-6"))


def test_a_missing_annotation_is_named(tmp_path, trees):
    data = Lasot(trees.lasot(tmp_path), vid_ids=[6])
    (tmp_path / "bear/bear-6/out_of_view.txt").unlink()
    with pytest.raises(MissingDataError, match=r"sequence bear-6 \(.*out_of_view\.txt\): there is no such annotation"):
        data.get_sequence_info(data.sequence_list.index("bear-6"))


def test_trackingnet_refuses_more_images_than_boxes(tmp_path, trees):
    data = TrackingNet(trees.trackingnet(tmp_path), set_ids=[0])
    trees.write_image(tmp_path / "TRAIN_0/frames/video0/6.jpg", 6)
    with pytest.raises(DatasetError, match="sequence video0 .*6 boxes but 7 images"):
        data.get_sequence_info(0)
    with pytest.raises(MissingDataError, match="TRAIN_2/anno"):
        TrackingNet(tmp_path, set_ids=[0, 2])


@pytest.fixture
def masked(tmp_path, trees, configure):
    """GOT-10k and LaSOT with masks: (build, mask folder of a sequence) by name."""
    configure(got10k_dir=trees.got10k(tmp_path / "got10k", masks=tmp_path / "g"),
              lasot_dir=trees.lasot(tmp_path / "lasot", masks=tmp_path / "l"))
    return {"got10k": (lambda: Got10kVOS(tmp_path / "g", split=None), tmp_path / "g/GOT-10k_Train_000001"),
            "lasot": (lambda: LasotVOS(tmp_path / "l"), tmp_path / "l/airplane-10")}


@pytest.mark.parametrize("kind", ["got10k", "lasot"])
def test_a_mask_that_is_not_0_or_1_is_named(masked, trees, kind):
    build, folder = masked[kind]
    trees.write_mask(folder / "00000001.png", trees.mask_of(0, value=255))
    with pytest.raises(DatasetError, match=rf"{kind}: sequence {folder.name}, frame 00000001 \(.*\): .*value 255"):
        build().get_frames(0, [0])


@pytest.mark.parametrize("kind", ["got10k", "lasot"])
def test_a_generated_mask_of_another_size_is_named(masked, trees, kind):
    build, folder = masked[kind]
    trees.write_mask(folder / "00000001.png", np.ones((64, 95), np.uint8))
    with pytest.raises(DatasetError, match="frame 00000001 .*the mask has 95x64 pixels, its image 96x64"):
        build().get_frames(0, [0])


@pytest.mark.parametrize("kind", ["got10k", "lasot"])
def test_missing_masks_of_a_sequence_are_named_when_it_is_first_used(masked, kind):
    build, folder = masked[kind]
    data = build()
    (folder / "00000006.png").unlink()
    with pytest.raises(MissingDataError, match=r"frame 00000006 .*1 of \d+ masks are missing \(00000006\.png\)"):
        data.get_sequence_info(0)


@pytest.mark.parametrize("kind", ["got10k", "lasot"])
def test_sequences_without_masks_are_named_at_once(masked, kind):
    build, folder = masked[kind]
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(MissingDataError, match=rf"no masks of 1 of 2 sequences \({folder.name}\); generate them"):
        build()


def test_masks_need_a_folder(masked, tmp_path):
    with pytest.raises(MissingDataError, match="pass anno_path, usually .*got10k_masks"):
        Got10kVOS(split=None)
    with pytest.raises(MissingDataError, match="the folder of masks .*gone does not exist"):
        LasotVOS(tmp_path / "gone")


def test_a_split_that_needs_a_list_of_pytracking_says_where_to_put_it(tmp_path, trees, monkeypatch):
    monkeypatch.delenv("BOXMASK_DATA_SPECS_DIR", raising=False)
    trees.youtubevos(tmp_path / "ytvos")
    with pytest.raises(MissingDataError, match=r"youtubevos_jjtrain\.txt.*copy it to .*2019, or set data_specs_dir"):
        YouTubeVOS(tmp_path / "ytvos", split="jjtrain")
    with pytest.raises(MissingDataError, match=r"got10k_vot_train_split\.txt"):
        Got10k(trees.got10k(tmp_path / "got10k"), split="vottrain")
    (trees.lasot(tmp_path / "lasot") / "lasot_train_split.txt").unlink()
    with pytest.raises(MissingDataError, match=r"lasot_train_split\.txt"):
        Lasot(tmp_path / "lasot", split="train")


def test_a_broken_meta_file_of_youtubevos_is_named(tmp_path, trees):
    trees.youtubevos(tmp_path)
    meta = tmp_path / "2019/train/meta.json"
    meta.write_text("{}")
    with pytest.raises(DatasetError, match=r"meta\.json is not the dataset's"):
        YouTubeVOS(tmp_path)
    meta.unlink()
    with pytest.raises(MissingDataError, match=r"there is no .*meta\.json"):
        YouTubeVOS(tmp_path)


@pytest.mark.parametrize("build", [lambda root: Got10k(root, split="half"), lambda root: Lasot(root, split="test"),
                                   lambda root: Lasot(root), lambda root: Lasot(root, vid_ids=[1], split="train"),
                                   lambda root: Got10k(root, split="train", seq_ids=[0])])
def test_contradicting_choices_are_refused(tmp_path, trees, build):
    with pytest.raises(ValueError):
        build(trees.lasot(trees.got10k(tmp_path)))
