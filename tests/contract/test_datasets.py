"""What each dataset class reads from its layout."""

import numpy as np
import pytest
import torch

from ltr.data.image_loader import imwrite_indexed
from ltr.dataset import Davis, Got10k, Got10kVOS, Lasot, LasotVOS, TrackingNet, YouTubeVOS


def colour_at(image, box):
    """The colour in the middle of a box xywh."""
    x, y, w, h = (int(value) for value in box)
    return image[y + h // 2, x + w // 2].astype(int)


def assert_frame_shows_target(image, box):
    """Images are RGB: the made target is (220, 120, 40)."""
    assert image.dtype == np.uint8 and image.shape[2] == 3
    assert np.abs(colour_at(image, box) - (220, 120, 40)).max() < 12


def test_davis_gives_one_object_with_binary_masks(tmp_path, trees):
    data = Davis(trees.davis(tmp_path), multiobj=False)
    assert (data.get_name(), len(data), data.get_num_sequences()) == ("DAVIS/2017/train", 2, 2)
    assert data.is_video_sequence() and data.has_segmentation_info()
    info = data.get_sequence_info(0)
    assert info["sequence"] == "bear" and info["frame_names"][:2] == ["00000", "00001"]
    assert info["object_ids"] == ["1"] and tuple(info["frame_shape"]) == (64, 96)
    assert info["visible"].shape == (14, 1) and info["visible"].dtype == torch.uint8
    # The last mask is empty.
    assert info["visible"][:, 0].tolist() == [1] * 13 + [0]
    assert info["object_sizes"][0].tolist() == [320]
    images, anno, meta = data.get_frames(0, [2, 13], info)
    assert_frame_shows_target(images[0], (14, 24, 20, 16))
    assert anno["mask"][0].dtype == torch.float32 and anno["mask"][0].shape == (64, 96)
    assert anno["mask"][0].sum() == 320 and anno["mask"][0].max() == 1
    assert anno["bbox"][0].tolist() == [14, 24, 20, 16]
    assert anno["bbox"][1].tolist() == [0, 0, 1, 1]
    assert [flag.tolist() for flag in anno["visible"]] == [[1], [0]]
    assert meta["sequence"] == "bear"


def test_davis_gives_every_object_by_its_id(tmp_path, trees):
    trees.davis(tmp_path, objects=2)
    together = Davis(tmp_path, multiobj=True)
    apart = Davis(tmp_path, multiobj=False)
    assert (len(together), len(apart)) == (2, 4)
    _, anno, _ = together.get_frames(0, [0])
    assert anno["bbox"][0]["1"].tolist() == [10, 24, 20, 16]
    assert anno["bbox"][0]["2"].tolist() == [0, 0, 8, 8]
    assert anno["mask"][0].unique().tolist() == [0, 1, 2]
    _, anno, _ = apart.get_frames(1, [0])
    assert anno["bbox"][0].tolist() == [0, 0, 8, 8]
    assert anno["mask"][0].sum() == 64


def test_davis_takes_named_sequences_and_a_threshold(tmp_path, trees):
    data = Davis(trees.davis(tmp_path), sequences=["train"], multiobj=False, vis_threshold=320)
    assert len(data) == 1
    assert data.get_sequence_info(0)["visible"].sum() == 0


def test_davis_is_found_through_the_environment(tmp_path, trees, configure):
    configure(davis_dir=trees.davis(tmp_path, split="val"))
    assert len(Davis(split="val")) == 2


def test_davis_gives_paths_and_boxes_for_evaluation(tmp_path, trees):
    data = Davis(trees.davis(tmp_path), multiobj=False)
    images, masks, boxes = data.get_paths_and_bboxes(data.get_sequence_info(0))
    assert images[1].endswith("JPEGImages/480p/bear/00001.jpg")
    assert masks[1].endswith("Annotations/480p/bear/00001.png")
    # The boxes of evaluation end at the last pixel, not behind it.
    assert boxes["1"][1].tolist() == [12, 24, 19, 15]
    assert boxes["1"][13].tolist() == [-1, -1, -1, -1]


def test_youtubevos_takes_objects_from_its_meta_file(tmp_path, trees):
    trees.youtubevos(tmp_path)
    data = YouTubeVOS(tmp_path, multiobj=False)
    assert (data.get_name(), len(data)) == ("YouTubeVOS/2019/train", 4)
    info = data.get_sequence_info(1)
    assert info["object_ids"] == ["2"] and info["frame_names"][-1] == "00025"
    assert info["visible"][:, 0].tolist() == [0, 0, 1, 1, 1, 1]
    images, anno, _ = data.get_frames(1, [3], info)
    assert_frame_shows_target(images[0], (16, 24, 20, 16))
    assert anno["bbox"][0].tolist() == [0, 0, 8, 8]
    assert data.meta.object_first_frame("aaa", "2") == "00010"
    assert data.meta.object_category("aaa", "2") == "bird"
    assert YouTubeVOS(tmp_path).is_mot_dataset() and not data.is_mot_dataset()


def test_youtubevos_leaves_out_videos_of_odd_shape(tmp_path, trees):
    trees.youtubevos(tmp_path)
    trees.portrait(tmp_path / "2019" / "train", "bbb")
    assert YouTubeVOS(tmp_path, cleanup=["aspect"]).sequence_names == ["aaa"]


def test_got10k_marks_absent_frames(tmp_path, trees):
    data = Got10k(trees.got10k(tmp_path))
    assert (data.get_name(), len(data)) == ("got10k", 2)
    info = data.get_sequence_info(1)
    assert info["bbox"].shape == (12, 4) and info["bbox"].dtype == torch.float32
    assert info["bbox"][1].tolist() == [12, 24, 20, 16]
    # Frame 2 is absent, frame 3 covered, frame 4 without a box.
    assert info["visible"].tolist() == [1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1] and info["visible"].dtype == torch.uint8
    assert info["valid"].tolist() == [frame != 4 for frame in range(12)]
    assert info["visible_ratio"][:4].tolist() == [0.5, 1, 1, 0]
    images, anno, meta = data.get_frames(1, [0, 5], info)
    assert_frame_shows_target(images[1], anno["bbox"][1])
    assert set(anno) == {"bbox", "valid", "visible", "visible_ratio"}
    assert dict(meta) == {"object_class_name": "bear", "motion_class": "walking", "major_class": "bear",
                          "root_class": "animal", "motion_adverb": "slowly"}
    assert data.get_class_name(0) == "bear" and data.get_sequences_in_class("bear") == [0, 1]


def test_got10k_takes_sequences_by_position(tmp_path, trees):
    data = Got10k(trees.got10k(tmp_path, numbers=(1, 2, 3)), seq_ids=[2, 0])
    assert data.sequence_list == ["GOT-10k_Train_000003", "GOT-10k_Train_000001"]


def test_got10kvos_reads_one_raw_mask_for_every_frame(tmp_path, trees, configure):
    configure(got10k_dir=trees.got10k(tmp_path / "train", masks=tmp_path / "masks"))
    data = Got10kVOS(anno_path=str(tmp_path / "masks"), split=None)
    assert data.sequence_list == ["GOT-10k_Train_000001", "GOT-10k_Train_000002"]
    images, anno, _ = data.get_frames(0, [0, 6])
    assert_frame_shows_target(images[1], anno["bbox"][1])
    assert anno["mask"][1].dtype == torch.float32 and anno["mask"][1].shape == (64, 96)
    assert anno["mask"][1].unique().tolist() == [0, 1]
    assert anno["mask"][1][24:40, 22:42].sum() == 320


@pytest.mark.parametrize("kind", ["palette", "colours"])
def test_masks_may_have_a_palette_or_their_values_in_the_first_channel(tmp_path, trees, configure, kind):
    configure(got10k_dir=trees.got10k(tmp_path / "train"))
    for number in (1, 2):
        for frame in range(12):
            path = tmp_path / "masks" / f"GOT-10k_Train_{number:06d}" / f"{frame + 1:08d}.png"
            mask = trees.mask_of(frame)
            if kind == "palette":
                path.parent.mkdir(parents=True, exist_ok=True)
                imwrite_indexed(str(path), mask)
            else:
                trees.write_mask(path, mask[..., None].repeat(3, axis=2))
    _, anno, _ = Got10kVOS(anno_path=str(tmp_path / "masks"), split=None).get_frames(1, [0, 6])
    assert all(np.array_equal(mask, trees.mask_of(frame)) for frame, mask in zip((0, 6), anno["mask"], strict=True))


def test_a_missing_mask_is_an_error(tmp_path, trees, configure):
    configure(got10k_dir=trees.got10k(tmp_path / "train", masks=tmp_path / "masks"))
    (tmp_path / "masks/GOT-10k_Train_000001/00000007.png").unlink()
    data = Got10kVOS(anno_path=str(tmp_path / "masks"), split=None)
    with pytest.raises((TypeError, FileNotFoundError)):
        data.get_frames(0, [6])


def test_got10kvos_leaves_out_the_sequence_whose_masks_were_lost(tmp_path, trees, configure):
    configure(got10k_dir=trees.got10k(tmp_path / "train", masks=tmp_path / "masks", numbers=(1, 4419)))
    assert Got10kVOS(anno_path=str(tmp_path / "masks"), split=None).sequence_list == ["GOT-10k_Train_000001"]


def test_lasot_marks_absent_frames(tmp_path, trees):
    data = Lasot(trees.lasot(tmp_path), vid_ids=[10])
    index = data.sequence_list.index("airplane-10")
    info = data.get_sequence_info(index)
    # Frame 1 is occluded, 5 out of view, 10 has a box of negative size.
    assert [frame for frame, flag in enumerate(info["visible"].tolist()) if not flag] == [1, 5, 10]
    assert info["valid"].sum() == 22 and info["visible"].dtype == torch.uint8
    images, anno, meta = data.get_frames(index, [7])
    assert_frame_shows_target(images[0], anno["bbox"][0])
    assert meta["object_class_name"] == data.get_class_name(index) == "airplane"


def test_lasotvos_reads_every_fifth_frame_of_the_first_thousand(tmp_path, trees, configure):
    configure(lasot_dir=trees.lasot(tmp_path / "lasot", masks=tmp_path / "masks"))
    data = LasotVOS(anno_path=str(tmp_path / "masks"))
    index = data.sequence_list.index("airplane-10")
    info = data.get_sequence_info(index)
    # Frames 0, 5, 10, 15 and 20: files 00000001, 00000006, ...
    assert info["bbox"].tolist() == [[10, 24, 20, 16], [20, 24, 20, 16], [1, 1, -1, -1], [40, 24, 20, 16],
                                     [50, 24, 20, 16]]
    assert info["visible"].tolist() == [1, 0, 0, 1, 1]
    images, anno, meta = data.get_frames(index, [3])
    assert_frame_shows_target(images[0], (40, 24, 20, 16))
    assert anno["mask"][0][24:40, 40:60].sum() == anno["mask"][0].sum() == 320
    assert meta is None


def test_trackingnet_reads_its_sets(tmp_path, trees):
    data = TrackingNet(trees.trackingnet(tmp_path), set_ids=[0, 1])
    assert data.get_name() == "trackingnet"
    assert data.sequence_list == [(0, "video0"), (1, "video1")]
    info = data.get_sequence_info(1)
    assert info["visible"].tolist() == info["valid"].tolist() == [1, 1, 0, 1, 1, 1]
    assert_frame_shows_target(data.image_loader(str(tmp_path / "TRAIN_1/frames/video1/3.jpg")), (16, 24, 20, 16))
    assert len(TrackingNet(tmp_path, set_ids=[1])) == 1


@pytest.mark.parametrize("make", ["got10k", "trackingnet"])
def test_a_fraction_of_a_dataset_is_drawn_at_random(tmp_path, trees, make):
    root = getattr(trees, make)(tmp_path)
    kind = {"got10k": lambda **a: Got10k(root, **a), "trackingnet": lambda **a: TrackingNet(root, set_ids=[0, 1], **a)}
    assert len(kind[make](data_fraction=0.5)) == 1
