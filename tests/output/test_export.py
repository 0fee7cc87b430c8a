"""Masks of an output folder in other layouts."""

import builtins
import json
import os
import shutil
import signal
import zipfile

import numpy as np
import pytest
from pycocotools import mask as rle

from boxmask import masks
from boxmask.boxes import from_mask
from boxmask.export import archive, coco, youtubevos
from boxmask.export.masks import ExportError
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutputError
from boxmask.generate.source import Source
from boxmask.readers import coco_video
from ltr.dataset import YouTubeVOS
from ltr.dataset.boxmask_masks import GeneratedMasks

LAYOUTS = {"youtubevos": youtubevos, "coco": coco, "zip": archive}
every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "exports" / "target"


def mixed(out, label):
    """A sequence with a frame of each kind, and one of two objects, the second of which comes late."""
    out.add("kinds", [label(1), label.empty(), label.empty(), label.empty(), label(5), label(6)], poor=[4],
            outcomes=[Outcome.OK, Outcome.ABSENT, Outcome.INVALID_BOX, Outcome.BAD_IMAGE, Outcome.OK, Outcome.OK])
    return out.add("two", [label(2, value=4), label(2, value=4) + label(20, value=7)], object_ids=(4, 7))


def test_a_youtubevos_tree_says_who_is_to_be_seen_where(out, label, target):
    assert youtubevos.export(mixed(out, label).path, target) == 2
    videos = json.loads((target / "meta.json").read_text())["videos"]
    assert {name: {key: one["frames"] for key, one in video["objects"].items()} for name, video in videos.items()} == {
        "kinds": {"1": ["00000001", "00000006"]},
        "two": {"4": ["00000001", "00000002"], "7": ["00000002"]}}
    written = sorted(path.name for path in (target / "Annotations" / "kinds").iterdir())
    assert written == ["00000001.png", "00000002.png", "00000006.png"]
    assert (target / "Annotations/two/00000002.png").read_bytes() == (out.path / "two/00000002.png").read_bytes()
    assert not (target / "JPEGImages").exists()


def test_the_hosts_youtubevos_reads_the_tree(out, label, tmp_path):
    source = Source("folder", {"frames": str(out.videos / "two"), "boxes": str(tmp_path / "boxes.txt")})
    (tmp_path / "boxes.txt").write_text("1,1,9,9\n" * 2)
    out.add("two", [label(2, value=4), label(2, value=4) + label(20, value=7)], object_ids=(4, 7))
    youtubevos.export(out.record(source.to_json()).path, tmp_path / "vos/2019/train", link_frames=True)
    dataset = YouTubeVOS(str(tmp_path / "vos"), version="2019", split="train", multiobj=False)
    assert len(dataset) == 2
    assert dataset.get_sequence_info(1)["visible"].ravel().tolist() == [0, 1]
    images, annotations, _ = dataset.get_frames(1, [1])
    assert images[0].shape == (24, 32, 3)
    assert np.array_equal(annotations["mask"][0].numpy(), label(20))


def test_frames_whose_order_as_text_is_another_are_numbered(out, label, target):
    out.add("abc", [label(index) for index in range(11)], names=[str(index) for index in range(11)])
    youtubevos.export(out.path, target)
    assert np.array_equal(masks.read(target / "Annotations/abc/00010.png"), label(10))
    assert json.loads((target / "meta.json").read_text())["videos"]["abc"]["objects"]["1"]["frames"][2] == "00002"


def test_a_missing_image_is_not_linked(out, label, target, tmp_path, caplog):
    out.add("walk", [label()] * 3)
    (tmp_path / "boxes.txt").write_text("1,1,9,9\n" * 2)
    (out.videos / "walk" / "00000002.jpg").unlink()
    source = Source("folder", {"frames": str(out.videos / "walk"), "boxes": str(tmp_path / "boxes.txt")})
    youtubevos.export(out.record(source.to_json()).path, target, link_frames=True)
    assert sorted(path.name for path in (target / "JPEGImages/walk").iterdir()) == ["00000001.jpg", "00000003.jpg"]
    assert "walk, frame 00000002" in caplog.text


def got10k(root):
    return Source("got10k", {"root": str(root)}).to_json()


def test_places_that_a_dataset_has_left_are_passed_over(out, label, target, tmp_path):
    out.add("walk", [label()])
    (out.videos / "walk" / "groundtruth.txt").write_text("4,6,8,8\n")
    youtubevos.export(out.record(got10k(tmp_path / "a"), got10k(out.videos), got10k(tmp_path / "z")).path, target,
                      link_frames=True)
    assert (target / "JPEGImages/walk/00000001.jpg").resolve() == out.videos / "walk/00000001.jpg"


def test_frames_that_two_datasets_have_are_not_linked_but_where_both_are_one(out, label, target, tmp_path):
    out.add("walk", [label()])
    (out.videos / "walk" / "groundtruth.txt").write_text("4,6,8,8\n")
    other = tmp_path / "other"
    shutil.copytree(out.videos, other)
    (other / "walk" / "groundtruth.txt").write_text("5,6,8,8\n")
    with pytest.raises(ExportError, match=f"it is in {out.videos} and in {other}.*leave out --link-frames"):
        youtubevos.export(out.record(got10k(out.videos), got10k(other)).path, target, link_frames=True)
    (tmp_path / "mount").symlink_to(out.videos)
    assert youtubevos.export(out.record(got10k(out.videos), got10k(tmp_path / "mount")).path, target,
                             link_frames=True) == 1


@pytest.mark.parametrize(("sources", "says"), [
    (None, "no .boxmask/run.json"),
    ((), "no longer where"),
])
def test_frames_that_are_not_to_be_found_are_not_linked(out, label, target, sources, says):
    out.add("walk", [label()])
    if sources is not None:
        out.record(*sources)
    with pytest.raises(ExportError, match=f"{says}.*--link-frames"):
        youtubevos.export(out.path, target, link_frames=True)
    assert not target.exists()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools on NumPy 2
def test_coco_has_run_lengths_boxes_and_areas(out, label, target):
    assert coco.export(mixed(out, label).path, target) == 2
    content = json.loads(target.read_text())
    assert [video["file_names"][0] for video in content["videos"]] == ["kinds/00000001.jpg", "two/00000001.jpg"]
    assert [(video["width"], video["height"], video["length"]) for video in content["videos"]] == [(32, 24, 6),
                                                                                                (32, 24, 2)]
    first, second, third = content["annotations"]
    assert [one["id"] for one in content["annotations"]] == [1, 2, 3]
    assert [one["video_id"] for one in content["annotations"]] == [1, 2, 2]
    assert [segment is not None for segment in first["segmentations"]] == [True, False, False, False, False, True]
    assert np.array_equal(rle.decode(first["segmentations"][5]), label(6))
    assert third["bboxes"] == [None, from_mask(label(20)).tolist()]
    assert second["areas"] == [64, 64] and first["category_id"] == content["categories"][0]["id"]


def test_the_coco_reader_finds_the_boxes_again(out, label, target):
    coco.export(mixed(out, label).path, target)
    dataset = coco_video.open_dataset(out.videos, target)
    assert sorted(dataset.sequences) == ["kinds", "two"]
    sequence = dataset.read("two")
    assert sequence.boxes[1].tolist() == [[2, 6, 8, 8], [20, 6, 8, 8]]
    assert np.isnan(sequence.boxes[0, 1]).all()


def test_without_pycocotools_it_says_what_to_install(out, label, target, monkeypatch):
    out.add("walk", [label()])
    true_import = builtins.__import__

    def without(name, *rest):
        if name == "pycocotools":
            raise ImportError(name)
        return true_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExportError, match=r"boxmask\[coco\]"):
        coco.export(out.path, target)


def test_a_zip_file_unpacks_to_a_folder_as_good(out, label, target, tmp_path):
    archive.export(mixed(out, label).path, target)
    with zipfile.ZipFile(target) as packed:
        assert packed.testzip() is None
        packed.extractall(tmp_path / "unpacked")
    for folder in ("kinds", "two"):
        files = sorted(path.name for path in (out.path / folder).iterdir())
        assert sorted(path.name for path in (tmp_path / "unpacked" / folder).iterdir()) == files
        for name in files:
            assert (tmp_path / "unpacked" / folder / name).read_bytes() == (out.path / folder / name).read_bytes()
    assert len(GeneratedMasks(out.videos, tmp_path / "unpacked")) == 3


@every_layout
def test_the_same_masks_give_the_same_bytes(out, label, target, layout):
    mixed(out, label)
    contents = []
    for name in ("first", "second"):
        path = target.with_name(name)
        layout.export(out.path, path)
        files = sorted(path.rglob("*.*")) if path.is_dir() else [path]
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1]


def spoil_mask(folder):
    (folder / "00000001.png").write_bytes(b"something else")


def remove_mask(folder):
    (folder / "00000001.png").unlink()


def spoil_manifest(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"ok"', '"absent"'))


def remove_manifest(folder):
    (folder / "manifest.json").unlink()


def rename(folder):
    folder.rename(folder.with_name("other"))


@every_layout
@pytest.mark.parametrize("spoil", [spoil_mask, remove_mask, spoil_manifest, remove_manifest, rename])
def test_masks_that_do_not_match_their_manifests_are_refused(out, label, target, layout, spoil):
    out.add("a", [label()]).add("b", [label()] * 2)
    spoil(out.path / "b")
    with pytest.raises(ExportError, match=f"boxmask verify {out.path}`"):
        layout.export(out.path, target)
    assert list(target.parent.iterdir()) == []


@every_layout
def test_a_run_that_is_not_finished_is_exported_only_if_told_so(out, label, target, layout):
    out.add("walk", [label()]).record()
    out.out.lock.mkdir()  # of a process that was killed elsewhere
    assert layout.export(out.path, target.with_name("whole")) == 1
    out.out.failed.mkdir()
    (out.out.failed / "run.json").write_text("{}")
    with pytest.raises(ExportError, match="--unfinished"):
        layout.export(out.path, target)
    assert layout.export(out.path, target, unfinished=True) == 1


@every_layout
@pytest.mark.parametrize("state", ["is not there", "is to be made again", "is empty"])
def test_a_run_is_not_finished_while_a_sequence_on_record_is_not_done(out, label, target, layout, state):
    """After an interruption nothing but the record tells it."""
    out.add("walk", [label()]).record(sequences=["run", "walk"])
    if state == "is to be made again":
        out.add("run", [label()])
        out.out.redo.mkdir()
        (out.out.redo / "run").touch()
    elif state == "is empty":
        (out.path / "run").mkdir()
    with pytest.raises(ExportError, match="--unfinished"):
        layout.export(out.path, target)
    assert list(target.parent.iterdir()) == []


@every_layout
def test_folders_that_are_not_of_the_run_are_passed_over(out, label, target, layout, caplog):
    out.add("walk", [label()]).record(sequences=["walk"])
    (out.path / "lost+found").mkdir()
    assert layout.export(out.path, target) == 1
    assert f"{out.path}/lost+found is passed over" in caplog.text


@every_layout
def test_what_is_half_written_goes_when_it_is_told_to_end(out, label, target, layout):
    out.add("walk", [label()])
    before = signal.getsignal(signal.SIGTERM)

    def told_to_end(names):
        os.kill(os.getpid(), signal.SIGTERM)
        return names

    with pytest.raises(SystemExit) as ended:
        layout.export(out.path, target, progress=told_to_end)
    assert ended.value.code == 143 and list(target.parent.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


@every_layout
def test_a_target_that_is_there_is_kept(out, label, target, layout):
    out.add("walk", [label()])
    target.parent.mkdir()
    target.write_text("mine")
    with pytest.raises(ExportError, match="is there already"):
        layout.export(out.path, target)
    assert target.read_text() == "mine"


@every_layout
def test_a_target_among_the_masks_is_refused(out, label, layout):
    out.add("walk", [label()])
    with pytest.raises(OutputError, match="outside of it"):
        layout.export(out.path, out.path / "walk" / "exported")


def test_a_folder_without_sequences_is_refused(tmp_path, target):
    with pytest.raises(ExportError, match="no sequences in it"):
        archive.export(tmp_path / "nothing", target)
