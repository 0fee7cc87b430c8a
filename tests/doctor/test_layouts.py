"""Dataset folders: what the doctor finds in them, and what it says where they are wrong."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from boxmask.doctor import layouts

ALL = {layout.attribute: layout for layout in layouts.LAYOUTS}
NO_LISTS = layouts.SplitLists([])


def make(root, *paths, **texts):
    """Files (`a/b.txt`) and folders (`a/b/`) below root; texts: content of files by the stem of their name."""
    for path in paths:
        target = root / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(texts.get(target.stem, ""))
    return root


def davis(root):
    return make(root, *(f"{kind}/480p/{name}/" for kind in ("JPEGImages", "Annotations") for name in ("bear", "goat")),
                "ImageSets/2017/train.txt", "ImageSets/2017/val.txt", train="bear\n", val="goat\n")


def youtubevos(root):
    return make(root, *(f"2019/train/{kind}/003/" for kind in ("JPEGImages", "Annotations")), "2019/train/meta.json",
                "2019/youtubevos_jjtrain.txt", "2019/youtubevos_jjvalid.txt", youtubevos_jjtrain="003\n",
                youtubevos_jjvalid="003\n")


def got10k(root):
    return make(root, "GOT-10k_Train_000001/groundtruth.txt", "GOT-10k_Train_000002/groundtruth.txt", "list.txt",
                list="GOT-10k_Train_000001\nGOT-10k_Train_000002\n")


def lasot(root):
    return make(root, "cat/cat-1/img/", "cat/cat-20/img/", "dog/dog-3/img/", "training_set.txt",
                training_set="cat-1\ncat-20\ndog-3\n")


def trackingnet(root):
    return make(root, "TRAIN_0/anno/a.txt", "TRAIN_0/frames/a/", "TRAIN_1/anno/b.txt", "TRAIN_1/frames/b/")


def stills(root):
    return make(root, "images/", "masks/", "instances.csv", instances="name,x\na,1\nb,2\n")


WHOLE = [("davis_dir", davis, "2 sequences, 2 of them with masks"), ("youtubevos_dir", youtubevos, "1 videos"),
         ("got10k_dir", got10k, "2 sequences, 2 of the 2 of list.txt"), ("lasot_dir", lasot, "3 sequences, 3 of the 3"),
         ("trackingnet_dir", trackingnet, "2 sequences in 2 of 12 parts"), ("stills_dir", stills, "2 objects")]
MAKERS = {attribute: build for attribute, build, _ in WHOLE}


@pytest.mark.parametrize(("attribute", "build", "words"), WHOLE)
def test_a_whole_dataset_is_one_line_without_a_complaint(tmp_path, attribute, build, words):
    root = build(tmp_path / "data")
    assert ALL[attribute].recognise(root)
    [(status, text, fix)] = ALL[attribute].look(root, NO_LISTS)
    assert status == "ok" and words in text and str(root) in text and fix == ""


@pytest.mark.parametrize(("attribute", "lacks", "status", "words"), [
    ("davis_dir", "ImageSets/2017/train.txt", "error", "2017/train.txt is missing"),
    ("davis_dir", "ImageSets/2017/val.txt", "error", "2017/val.txt is missing"),
    ("davis_dir", "Annotations/480p/bear", "error", "train.txt: 1 of 1 sequences lack images or masks (bear)"),
    ("davis_dir", "JPEGImages/480p/goat", "error", "val.txt: 1 of 1"),
    ("davis_dir", "Annotations", "error", "no Annotations/480p"),
    ("youtubevos_dir", "2019/train/meta.json", "error", "lacks meta.json"),
    ("youtubevos_dir", "2019/youtubevos_jjtrain.txt", "error", "youtubevos_jjtrain.txt is missing"),
    ("got10k_dir", "list.txt", "warning", "no list.txt"),
    ("got10k_dir", "GOT-10k_Train_000002", "warning", "1 of the 2 of list.txt; not there: GOT-10k_Train_000002"),
    ("lasot_dir", "training_set.txt", "warning", "no training_set.txt"),
    ("lasot_dir", "cat/cat-20", "warning", "not there: cat-20"),
    ("trackingnet_dir", "TRAIN_1/frames/b", "warning", "TRAIN_1 has no frames for 1 of 1"),
    ("trackingnet_dir", "TRAIN_0/frames", "warning", "TRAIN_0 lacks anno or frames"),
    ("stills_dir", "masks", "warning", "lacks masks"),
])
def test_what_a_dataset_lacks_is_said_with_what_to_do(tmp_path, attribute, lacks, status, words):
    root = MAKERS[attribute](tmp_path / "data")
    (root / lacks).rename(tmp_path / "away")
    found = [finding for finding in ALL[attribute].look(root, NO_LISTS) if finding[0] != "ok"]
    assert len(found) == 1
    assert found[0][0] == status and words in found[0][1] and found[0][2]


def test_a_list_is_found_where_the_host_keeps_its_lists(tmp_path):
    root = youtubevos(tmp_path / "data")
    specs = make(tmp_path / "specs", "x/")
    for split in ("jjtrain", "jjvalid"):
        (root / "2019" / f"youtubevos_{split}.txt").rename(specs / f"youtubevos_{split}.txt")
    assert all(status == "ok" for status, *_ in ALL["youtubevos_dir"].look(root, layouts.SplitLists([specs])))


@pytest.mark.parametrize(("attribute", "build", "dataset", "named"), [
    ("got10k_dir", got10k, "full/train", "full"), ("got10k_dir", got10k, "full/train", "."),
    ("got10k_dir", got10k, "train", "train/GOT-10k_Train_000001"), ("davis_dir", davis, "DAVIS", "."),
    ("davis_dir", davis, "DAVIS", "DAVIS/JPEGImages"), ("davis_dir", davis, "DAVIS", "DAVIS/JPEGImages/480p"),
    ("youtubevos_dir", youtubevos, "vos", "vos/2019"), ("youtubevos_dir", youtubevos, "vos", "vos/2019/train"),
    ("lasot_dir", lasot, "LaSOT", "."), ("lasot_dir", lasot, "LaSOT", "LaSOT/cat"),
    ("trackingnet_dir", trackingnet, "tn", "tn/TRAIN_0"), ("trackingnet_dir", trackingnet, "tn", "."),
])
def test_a_folder_one_or_two_levels_off_is_told_the_right_one(tmp_path, attribute, build, dataset, named):
    root = build(tmp_path / "data" / dataset)
    folder = (tmp_path / "data" / named).resolve()
    assert not ALL[attribute].recognise(folder)
    assert layouts.nearby(folder, ALL[attribute].recognise) == root


def test_no_folder_of_frames_is_listed(tmp_path, monkeypatch):
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (listed.append(str(path)), scandir(path))[1])
    for attribute, build, _ in WHOLE:
        root = build(tmp_path / attribute)
        ALL[attribute].recognise(root)
        list(ALL[attribute].look(root, NO_LISTS))
    frames = [path for path in listed if path.endswith(("img", "cat-1", "GOT-10k_Train_000001", "bear", "003"))]
    assert listed and frames == []


PARTS = st.sampled_from([
    "JPEGImages", "480p", "Annotations", "ImageSets", "2017", "2019", "train", "train.txt", "list.txt", "meta.json",
    "cat", "cat-1", "TRAIN_0", "anno", "frames", "instances.csv", "groundtruth.txt", "training_set.txt", "got10k_masks",
    "00000001.png", "val"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees=st.lists(st.tuples(st.lists(PARTS, min_size=1, max_size=4), st.booleans()), max_size=12))
def test_whatever_lies_in_the_folders_the_doctor_has_lines_for_it(tmp_path_factory, monkeypatch, doctor, trees):
    root = tmp_path_factory.mktemp("tree")
    for parts, is_file in trees:
        path = root.joinpath(*parts)
        if not path.exists() and all(not parent.is_file() for parent in path.parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\xff,\n") if is_file else path.mkdir()
    for attribute in (*ALL, "pregenerated_masks", "pretrained_networks"):
        monkeypatch.setenv(f"BOXMASK_{attribute.upper()}", str(root))
    code, lines = doctor()
    assert code == 1 and {"davis_dir", "youtubevos_dir", "got10k_dir"} <= set(lines)


@pytest.mark.parametrize(("mode", "value", "status", "words"), [
    ("L", 1, "ok", "masks of 1 sequences"), ("P", 1, "ok", "masks of 1 sequences"),
    ("L", 255, "warning", "values up to 255"), ("RGB", (1, 1, 1), "warning", "mode RGB")])
def test_the_first_mask_is_checked_for_the_values_that_loaders_take(tmp_path, monkeypatch, doctor, mode, value, status,
                                                                    words):
    folder = make(tmp_path / "masks", "got10k_masks/a/") / "got10k_masks" / "a"
    Image.new(mode, (8, 4), value).save(folder / "00000001.png")
    monkeypatch.setenv("BOXMASK_PREGENERATED_MASKS", str(tmp_path / "masks"))
    [(found, text, _)] = doctor()[1]["pregenerated_masks"]
    assert found == status and words in text


def test_naming_the_folder_of_one_kind_of_masks_is_told_the_one_above(tmp_path, monkeypatch, doctor):
    make(tmp_path / "masks", "got10k_masks/a/")
    monkeypatch.setenv("BOXMASK_PREGENERATED_MASKS", str(tmp_path / "masks" / "got10k_masks"))
    [(status, _, fix)] = doctor()[1]["pregenerated_masks"]
    assert status == "warning" and fix.endswith(f"to {tmp_path / 'masks'}")
