"""GeneratedMasks: masks of an output folder over the host's datasets, for its samplers."""

import pickle

import numpy as np
import pytest
import torch

import ltr.data.transforms as tfm
from boxmask import masks
from boxmask.generate.manifest import ManifestError
from boxmask.generate.outcomes import Outcome
from ltr.data import LTRLoader, processing, sampler
from ltr.data.image_loader import opencv_loader
from ltr.dataset import Got10k, Got10kVOS, Lasot, TrackingNet
from ltr.dataset.boxmask_masks import GeneratedMasks

BOX = "4,6,8,8\n"


def got10k(out, names, count):
    """The frames of `out` as a GOT-10k folder with boxes and flags; frame 2 of each is absent."""
    for name in names:
        folder = out.videos / name
        (folder / "groundtruth.txt").write_text(BOX * count)
        (folder / "absence.label").write_text("0\n1\n" + "0\n" * (count - 2))
        (folder / "cover.label").write_text("8\n" * count)
    (out.videos / "list.txt").write_text("".join(f"{name}\n" for name in names))
    return Got10k(str(out.videos), image_loader=opencv_loader)


def visible(dataset, seq_id=0):
    return dataset.get_sequence_info(seq_id)["visible"].tolist()


def test_a_frame_is_visible_where_the_dataset_sees_the_target_and_the_mask_is_usable(out, label):
    out.add("walk", [label()] * 6 + [label.empty()], scores=[.9, .9, .2, .9, 0, .9, 0], poor=[3],
            outcomes=[Outcome.OK] * 5 + [Outcome.INVALID_BOX, Outcome.ABSENT])
    base = got10k(out, ["walk"], 7)
    assert visible(base) == [1, 0, 1, 1, 1, 1, 1]
    assert visible(GeneratedMasks(base, out.path)) == [1, 0, 1, 0, 0, 0, 0]
    assert visible(GeneratedMasks(base, out.path, min_quality=.5)) == [1, 0, 0, 0, 0, 0, 0]


def test_the_frames_are_the_datasets_with_a_mask_each(out, label):
    out.add("walk", [label(left) for left in (4, 8, 12)])
    dataset = GeneratedMasks(got10k(out, ["walk"], 3), out.path)
    images, annotations, meta = dataset.get_frames(0, [2, 0])
    assert [image.shape for image in images] == [(24, 32, 3)] * 2
    assert "object_class_name" in meta
    for mask, left in zip(annotations["mask"], (12, 4), strict=True):
        assert mask.dtype == torch.float32 and np.array_equal(mask.numpy(), label(left))
    assert annotations["bbox"][0].tolist() == [4, 6, 8, 8]
    assert dataset.has_segmentation_info()


def test_sequences_without_a_usable_mask_are_left_out(out, label):
    out.add("bad", [label()] * 3, poor=[0, 1, 2]).add("empty", [label.empty()] * 3).add("good", [label()] * 3)
    out.write_frame("missing", "00000001", label())
    base = got10k(out, ["bad", "empty", "good", "missing"], 3)
    dataset = GeneratedMasks(base, out.path)
    assert dataset.sequence_list == ["good"] and len(dataset) == 1
    assert visible(dataset) == [1, 0, 1]


def test_lasot_has_masks_on_any_frames(out, label):
    stems = ["00000001", "00000006", "00000011"]
    folder = out.path.parent / "lasot" / "cat" / "cat-1"
    out.add("cat-1", [label()] * 3, names=stems)
    (folder / "img").mkdir(parents=True)
    for number in range(1, 13):
        source = out.videos / "cat-1" / "00000001.jpg"
        (folder / "img" / f"{number:08d}.jpg").write_bytes(source.read_bytes())
    (folder / "groundtruth.txt").write_text(BOX * 12)
    for name in ("full_occlusion", "out_of_view"):
        (folder / f"{name}.txt").write_text(",".join("0" * 12) + "\n")
    dataset = GeneratedMasks(Lasot(str(folder.parents[1]), image_loader=opencv_loader, vid_ids=[1]), out.path)
    assert visible(dataset) == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    _, annotations, _ = dataset.get_frames(0, [5])
    assert np.array_equal(annotations["mask"][0].numpy(), label())
    with pytest.raises(ValueError, match="sequence cat-1, frame 00000002: .*no such mask"):
        dataset.get_frames(0, [1])


def test_trackingnet_counts_its_frames_from_0(out, label):
    root = out.path.parent / "trackingnet" / "TRAIN_3"
    video = "Nf1aqv5Fg5o_0"  # one that pytracking's list of classes has
    names = [str(index) for index in range(11)]
    out.add(video, [label(left) for left in range(11)], names=names)
    (root / "anno").mkdir(parents=True)
    (root / "frames").mkdir()
    (out.videos / video).rename(root / "frames" / video)
    (root / "anno" / f"{video}.txt").write_text(BOX * 11)
    dataset = GeneratedMasks(TrackingNet(str(root.parent), image_loader=opencv_loader, set_ids=[3]), out.path)
    assert visible(dataset) == [1] * 11
    _, annotations, _ = dataset.get_frames(0, [10])
    assert np.array_equal(annotations["mask"][0].numpy(), label(10))


def test_a_folder_of_videos_is_dataset_enough(out, label):
    out.add("b", [label(left) for left in (4, 5)], names=["f2", "f10"]).add("a", [label()], names=["x"])
    dataset = GeneratedMasks(out.videos, out.path)
    assert dataset.sequence_list == ["a", "b"]
    images, annotations, _ = dataset.get_frames(1, [1])
    assert images[0].shape == (24, 32, 3)
    assert np.array_equal(annotations["mask"][0].numpy(), label(5))
    assert annotations["bbox"][0].tolist() == [5, 6, 8, 8]


def test_every_object_is_a_sequence(out, label):
    both = label(2) + label(16, value=3)
    out.add("two", [both, label(16, value=3)], object_ids=(1, 3))
    dataset = GeneratedMasks(out.videos, out.path)
    assert dataset.sequence_list == ["two", "two"]
    assert [visible(dataset, index) for index in (0, 1)] == [[1, 0], [1, 1]]
    _, annotations, _ = dataset.get_frames(1, [0])
    assert np.array_equal(annotations["mask"][0].numpy(), label(16))


def test_masks_without_manifests_are_taken_as_they_are(out, label):
    for index in (0, 2):
        path = out.path / "walk" / f"{index + 1:08d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(masks.encode(label()))
    for index in range(4):
        out.write_frame("walk", f"{index + 1:08d}", label())
    base = got10k(out, ["walk"], 4)
    assert visible(GeneratedMasks(base, out.path)) == [1, 0, 1, 0]
    with pytest.raises(ValueError, match="quality of its masks is not known"):
        GeneratedMasks(base, out.path, min_quality=.5)


def test_it_is_the_same_after_pickling(out, label):
    out.add("walk", [label()] * 3)
    dataset = GeneratedMasks(got10k(out, ["walk"], 3), out.path)
    again = pickle.loads(pickle.dumps(dataset))
    assert visible(again) == visible(dataset) and again.get_name() == "got10k/masks"


def test_the_hosts_sampler_processing_and_loader_take_it(out, label):
    out.add("walk", [label(left) for left in range(12)])
    dataset = GeneratedMasks(got10k(out, ["walk"], 12), out.path)
    crops = processing.LWLProcessing(
        search_area_factor=3.0, output_sz=(48, 32), center_jitter_factor={"train": 0, "test": 0},
        scale_jitter_factor={"train": 0.0, "test": 0.0}, mode="sequence",
        transform=tfm.Transform(tfm.ToTensorAndJitter(0.0, normalize=False)))
    clips = sampler.LWLSampler([dataset], [1], 2, max_gap=10, num_test_frames=2, num_train_frames=1, processing=crops)
    [batch] = list(LTRLoader("train", clips, training=True, batch_size=2, stack_dim=1, num_workers=0))
    assert batch["test_images"].shape == (2, 2, 3, 32, 48) and batch["test_masks"].shape == (2, 2, 32, 48)
    assert batch["train_masks"].unique().tolist() == [0, 1]


def broken(out, label, how):
    out.add("walk", [label()] * 3)
    base = got10k(out, ["walk"], 3)
    folder = out.path / "walk"
    if how == "manifest":
        text = (folder / "manifest.json").read_text()
        (folder / "manifest.json").write_text(text[:-40])
    elif how == "longer":
        folder.joinpath("manifest.json").unlink()
        (folder / "00000009.png").write_bytes(masks.encode(label()))
    elif how == "names":
        folder.joinpath("manifest.json").unlink()
        (folder / "00000.png").write_bytes(masks.encode(label()))
    elif how == "size":
        (folder / "00000001.png").write_bytes(masks.encode(label(size=(40, 30))))
    elif how == "values":
        (folder / "00000001.png").write_bytes(masks.encode(label(value=2), highest=2))
    elif how == "damaged":
        (folder / "00000001.png").write_bytes(b"no image")
    dataset = GeneratedMasks(base, out.path)
    dataset.get_sequence_info(0)
    dataset.get_frames(0, [0])


@pytest.mark.parametrize(("how", "error", "says"), [
    ("manifest", ManifestError, "walk/manifest.json"),
    ("longer", ValueError, "sequence walk has 3 frames, and .* a mask of frame 00000009"),
    ("names", ValueError, "sequence walk.* of no frame of it"),
    ("size", ValueError, "sequence walk, frame 00000001.* the mask has 40x30 pixels, its image 32x24"),
    ("values", ValueError, "sequence walk, frame 00000001.* the mask holds the value 2"),
    ("damaged", ValueError, "sequence walk, frame 00000001.* cannot be read"),
])
def test_what_is_wrong_is_named(out, label, how, error, says):
    with pytest.raises(error, match=says):
        broken(out, label, how)


def test_no_usable_mask_at_all_names_the_folder(out, label):
    out.add("walk", [label()] * 3, poor=[0, 1, 2])
    base = got10k(out, ["walk"], 3)
    with pytest.raises(ValueError, match=f"{out.path} has no usable mask of any of the 1 sequences"):
        GeneratedMasks(base, out.path)
    with pytest.raises(FileNotFoundError, match="there is no folder of masks"):
        GeneratedMasks(base, out.path / "elsewhere")


def test_datasets_that_have_masks_need_none_over_them(out, label, monkeypatch):
    out.add("walk", [label()] * 3)
    got10k(out, ["walk"], 3)
    monkeypatch.setenv("BOXMASK_GOT10K_DIR", str(out.videos))
    with pytest.raises(ValueError, match="got Got10kVOS"):
        GeneratedMasks(Got10kVOS(str(out.path), split=None), out.path)


def test_lists_of_a_review_choose_the_sequences(out, label, tmp_path):
    for name in ("a", "b", "c"):
        out.add(name, [label()] * 2)
    base = got10k(out, ["a", "b", "c"], 2)
    accepted, rejected = tmp_path / "accepted.txt", tmp_path / "rejected.txt"
    accepted.write_text("c\na\n")
    rejected.write_text("a\n")
    assert GeneratedMasks(base, out.path, only=accepted).sequence_list == ["a", "c"]
    assert GeneratedMasks(base, out.path, leave_out=rejected).sequence_list == ["b", "c"]
    assert GeneratedMasks(base, out.path, only=accepted, leave_out=rejected).sequence_list == ["c"]
    rejected.write_text("a\nelsewhere\n")
    with pytest.raises(ValueError, match="rejected.txt names the sequence elsewhere, which is neither"):
        GeneratedMasks(base, out.path, leave_out=rejected)
