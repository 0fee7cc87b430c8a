"""Splits, lists and the file of counted masks."""

import json
import logging
import shutil

import pytest

from ltr.dataset import Davis, Got10k, Lasot, TrackingNet, YouTubeVOS
from ltr.dataset.vos_meta import VOSMeta


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("BOXMASK_DATA_SPECS_DIR", raising=False)
    return tmp_path / "cache"


def test_lists_are_read_from_the_dataset_or_from_the_folder_of_lists(tmp_path, trees, monkeypatch):
    trees.youtubevos(tmp_path, videos=("aaa", "bbb", "ccc"))
    (tmp_path / "2019/youtubevos_jjtrain.txt").write_text("ccc\naaa\nzzz\n")
    assert YouTubeVOS(tmp_path, split="jjtrain").sequence_names == ["aaa", "ccc"]
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/youtubevos_jjvalid.txt").write_text("bbb\n")
    monkeypatch.setenv("BOXMASK_DATA_SPECS_DIR", str(tmp_path / "lists"))
    data = YouTubeVOS(tmp_path, split="jjvalid", multiobj=False)
    assert data.sequence_names == ["bbb"]
    assert data.get_name() == "YouTubeVOS/2019/jjvalid"


def test_sequences_that_an_older_file_of_counts_lacks_are_counted_and_taken(tmp_path, trees):
    trees.youtubevos(tmp_path, videos=("bbb",))
    assert YouTubeVOS(tmp_path).sequence_names == ["bbb"]
    trees.youtubevos(tmp_path, videos=("bbb", "aaa"))
    assert YouTubeVOS(tmp_path, multiobj=False).sequence_names == ["aaa", "bbb"]
    assert set(json.loads((tmp_path / "2019/train/generated_meta.json").read_text())) == {"aaa", "bbb"}


def test_sequences_of_a_split_of_youtubevos_that_are_not_there_are_told(tmp_path, trees, caplog):
    trees.youtubevos(tmp_path, videos=("aaa", "bbb", "ccc"))
    shutil.rmtree(tmp_path / "2019/train/Annotations/bbb")
    assert YouTubeVOS(tmp_path).sequence_names == ["aaa", "ccc"]
    assert "1 of its 3 sequences are left out" in caplog.text and "no folder for them (bbb)" in caplog.text
    (tmp_path / "2019/youtubevos_jjtrain.txt").write_text("aaa\nbbb\nzzz\n")
    assert YouTubeVOS(tmp_path, split="jjtrain").sequence_names == ["aaa"]
    assert "YouTubeVOS/2019/jjtrain: 2 of its 3 sequences" in caplog.text and "(bbb, zzz)" in caplog.text


def test_a_split_of_got10k_works_on_a_part_of_the_dataset(tmp_path, trees):
    trees.got10k(tmp_path, numbers=(3, 8, 4419))
    (tmp_path / "got10k_vot_train_split.txt").write_text("4418\n7\n100\n")
    assert Got10k(tmp_path, split="vottrain").sequence_list == ["GOT-10k_Train_004419", "GOT-10k_Train_000008"]
    # Where every number is a position in the list, it is one, as in pytracking.
    (tmp_path / "got10k_val_split.txt").write_text("2\n0\n")
    assert Got10k(tmp_path, split="val").sequence_list == ["GOT-10k_Train_004419", "GOT-10k_Train_000003"]


def test_the_training_split_of_got10k_without_its_list_is_everything(tmp_path, trees, caplog):
    with caplog.at_level(logging.WARNING):
        assert len(Got10k(trees.got10k(tmp_path), split="train")) == 2
    assert "all 2 sequences" in caplog.text


def test_got10k_without_list_or_flags_takes_what_is_there(tmp_path, trees):
    trees.got10k(tmp_path)
    for name in ("list.txt", "GOT-10k_Train_000001/absence.label", "GOT-10k_Train_000001/cover.label",
                 "GOT-10k_Train_000001/meta_info.ini"):
        (tmp_path / name).unlink()
    data = Got10k(tmp_path)
    assert data.sequence_list == ["GOT-10k_Train_000001", "GOT-10k_Train_000002"]
    # Only frame 4, which has no box, is not visible.
    assert data.get_sequence_info(0)["visible"].tolist() == [int(frame != 4) for frame in range(12)]
    assert data.get_frames(0, [0])[2]["object_class_name"] is None
    assert data.get_class_list() == ["bear"]


def test_lasot_takes_the_official_list_of_the_training_set(tmp_path, trees):
    trees.lasot(tmp_path)
    (tmp_path / "lasot_train_split.txt").unlink()
    (tmp_path / "training_set.txt").write_text("bear-6\n")
    data = Lasot(tmp_path, split="train")
    assert data.sequence_list == ["bear-6"]
    assert data.class_list == ["airplane", "bear"] and data.get_sequences_in_class("bear") == [0]


def test_trackingnet_has_classes_where_their_file_is(tmp_path, trees):
    trees.trackingnet(tmp_path)
    assert TrackingNet(tmp_path, set_ids=[0]).get_class_name(0) == "Unknown"
    (tmp_path / "trackingnet_classmap.txt").write_text("video0\tbus\nvideo9\tcar\n")
    data = TrackingNet(tmp_path, set_ids=[0, 1])
    assert data.get_class_list() == ["Unknown", "bus"] and data.get_sequences_in_class("bus") == [0]


def test_counted_masks_are_kept_beside_the_dataset(tmp_path, trees):
    Davis(trees.davis(tmp_path / "DAVIS"))
    kept = json.loads((tmp_path / "DAVIS/generated_meta.json").read_text())
    assert kept["bear"]["obj_sizes"]["00000"] == {"1": 320}
    assert kept["bear"]["bboxes"]["00000"] == {"1": [10, 24, 19, 15]}
    assert kept["bear"]["shape"] == [64, 96]


def test_counted_masks_of_a_dataset_that_is_read_only_are_kept_in_the_cache(tmp_path, trees, cache, monkeypatch):
    root = trees.davis(tmp_path / "DAVIS")
    root.chmod(0o555)
    try:
        assert len(Davis(root)) == 2
        assert not (root / "generated_meta.json").exists()
        assert len(list((cache / "boxmask").glob("vos_*.json"))) == 1
        monkeypatch.setattr(VOSMeta, "generate", None)
        assert len(Davis(root)) == 2
    finally:
        root.chmod(0o755)


def test_a_dataset_works_where_nothing_can_be_written(tmp_path, trees, monkeypatch):
    def refuse(self, path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(VOSMeta, "save", refuse)
    assert len(Davis(trees.davis(tmp_path))) == 2
    assert not (tmp_path / "generated_meta.json").exists()


@pytest.mark.parametrize("text", ["", '{"bear": {"shape"', "[]"])
def test_a_broken_file_of_counts_is_made_again(tmp_path, trees, text):
    (trees.davis(tmp_path) / "generated_meta.json").write_text(text)
    assert Davis(tmp_path).get_sequence_info(0)["object_sizes"][0].tolist() == [320]
    assert "train" in json.loads((tmp_path / "generated_meta.json").read_text())


def test_counts_of_a_sequence_that_has_changed_are_made_again(tmp_path, trees):
    trees.davis(tmp_path)
    mask = tmp_path / "Annotations/480p/bear/00004.png"
    data = mask.read_bytes()
    mask.unlink()
    with pytest.raises(ValueError, match="frame 00004 has no mask"):
        Davis(tmp_path)
    mask.write_bytes(data)
    assert len(Davis(tmp_path)) == 2
    trees.davis(tmp_path, sequences=("new",))
    assert Davis(tmp_path).sequence_names == ["new"]


def test_davis_reads_all_its_folders(tmp_path, trees):
    assert Davis(trees.davis(tmp_path), split="all").sequence_names == ["bear", "train"]


def test_the_first_frames_of_a_test_set_are_enough(tmp_path, trees):
    trees.davis(tmp_path, split="test-dev")
    for path in (tmp_path / "Annotations/480p").glob("*/*.png"):
        if path.stem != "00000":
            path.unlink()
    data = Davis(tmp_path, split="test-dev", multiobj=False)
    _, masks, boxes = data.get_paths_and_bboxes(data.get_sequence_info(0))
    assert masks[0] is not None and masks[1:] == [None] * 13
    with pytest.raises(FileNotFoundError, match="frame 00001 .*has no mask"):
        data.get_frames(0, [1])


def test_all_frames_of_youtubevos_have_masks_on_every_fifth(tmp_path, trees):
    trees.youtubevos(tmp_path, videos=("aaa",), frames=3)
    for frame in range(11):
        trees.write_image(tmp_path / f"2019/train_all_frames/JPEGImages/aaa/{frame:05d}.jpg", frame)
    data = YouTubeVOS(tmp_path, all_frames=True, multiobj=False)
    info = data.get_sequence_info(0)
    assert len(info["frame_names"]) == 11
    assert info["visible"][:, 0].tolist() == [int(frame % 5 == 0) for frame in range(11)]
    assert data.get_frames(0, [10])[1]["mask"][0].sum() == 320


def test_evaluation_of_youtubevos_starts_each_object_on_its_first_frame(tmp_path, trees):
    trees.youtubevos(tmp_path, videos=("aaa",))
    sequence = YouTubeVOS(tmp_path).get_sequence_list()[0]
    assert set(sequence.init_data) == {0, 2}
    assert sequence.init_data[2]["object_ids"] == ["2"]
    assert [int(v) for v in sequence.init_data[2]["bbox"]["2"]] == [0, 0, 7, 7]
    assert sequence.init_data[2]["mask"].endswith("00010.png")


def test_false_starts_of_youtubevos_are_dropped_on_request(tmp_path, trees):
    trees.youtubevos(tmp_path, videos=("c73c8e747f",), frames=10)
    meta = tmp_path / "2019/train/meta.json"
    entry = json.loads(meta.read_text())
    entry["videos"]["c73c8e747f"]["objects"]["2"]["frames"] = ["00035", "00040"]
    meta.write_text(json.dumps(entry))
    assert YouTubeVOS(tmp_path).meta.object_first_frame("c73c8e747f", "2") == "00035"
    cleaned = YouTubeVOS(tmp_path, cleanup=["starts"])
    assert cleaned.meta.object_first_frame("c73c8e747f", "2") == "00040"
