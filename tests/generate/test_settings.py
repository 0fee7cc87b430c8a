"""Masks of different settings never mix in one folder."""

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from boxmask.cli import main
from boxmask.evaluate.baselines import Baseline
from boxmask.generate import manifest, settings
from boxmask.generate.claims import Claims
from boxmask.generate.outfolder import OutFolder, write_whole
from boxmask.generate.plan import WindowOptions
from boxmask.generate.settings import Settings, SettingsError, read_record
from boxmask.generate.source import Source
from boxmask.generate.writer import SequenceWriter

BOX = "10,8,20,16"
NETWORK = Settings("GOT-10k", "network", "ab12", "boxmask_lite", "chunk", 9, 5, 0, 15, 2.0)


@pytest.mark.parametrize(("change", "said"), [
    ({"checkpoint": "cd34"}, "checkpoint is cd34 and was ab12"),
    ({"constructor": "boxmask_resnet50"}, "constructor is boxmask_resnet50 and was boxmask_lite"),
    ({"window": 7}, "window is 7 and was 9"),
    ({"windows": "sliding"}, "windows is sliding and was chunk"),
    ({"search_factor": 4.0}, "search factor is 4.0 and was 2.0"),
    ({"refinements": 1}, "refinements is 1 and was not set"),
    ({"smoothing": 0}, "smoothing is 0 and was not set"),
    ({"box_margin": 0.1}, "box margin is 0.1 and was not set"),
    ({"min_quality": 0.5}, "min quality is 0.5 and was not set"),
    ({"dataset": "LaSOT"}, "dataset is LaSOT and was GOT-10k"),
])
def test_the_difference_is_named(change, said):
    assert list(replace(NETWORK, **change).differences(NETWORK)) == [said]


def test_other_settings_are_refused_and_change_nothing(got10k, tmp_path, job, tree):
    root = got10k("A")
    job(root).run()
    before = tree(tmp_path / "out")
    with pytest.raises(SettingsError, match=r"method is grabcut and was box.*every is 2 and was not set.*--overwrite"):
        replace(job(root, method="grabcut"), source=Source("got10k", {"root": str(root)}, every=2)).run()
    assert tree(tmp_path / "out") == before


def test_the_options_of_a_network_do_not_concern_a_baseline(got10k, job):
    root = got10k("A")
    job(root).run()
    assert job(root, windows=WindowOptions("sliding", 5, 2), iterations=3, device="cpu").run().is_complete


def test_overwrite_makes_all_again_even_those_that_were_not_asked_for(got10k, tmp_path, job, run_with, tree):
    got10k("A")
    root, out = got10k("B"), tmp_path / "out"
    job(root).run()
    job(root, sequences=("A",), method="grabcut").run(overwrite=True)
    assert manifest.read(out / "A").header.settings["method"] == "grabcut"
    ledger = job(root, method="grabcut").run()  # B is of the settings before, and so is made again
    assert ledger.is_complete and manifest.read(out / "B").header.settings["method"] == "grabcut"
    job(root, out=tmp_path / "other", method="grabcut").run()
    assert tree(out) == tree(tmp_path / "other")


def test_a_run_stops_when_another_puts_other_settings_on_record(got10k, tmp_path, job, run_with):
    got10k("A", boxes=[BOX])
    root, out = got10k("B", boxes=[BOX]), OutFolder(tmp_path / "out")

    def meanwhile(image, box):  # in several threads at once
        other = out.run_file.read_text().replace('"method": "box"', '"method": "grabcut"')
        write_whole(out.run_file, other, tmp_path / str(threading.get_ident()))
        return np.zeros(image.shape[:2], bool)

    with pytest.raises(SettingsError, match="was changed while this run went on"):
        run_with(root, Baseline(meanwhile))
    assert not out.published()


@pytest.mark.parametrize("when", ["before it is published", "after it is published", "when its mark is gone"])
def test_what_a_run_publishes_when_another_has_put_other_settings_on_record_is_made_again(got10k, tmp_path, job,
                                                                                          monkeypatch, when):
    for name in "ABC":
        root = got10k(name, boxes=[BOX])
    out, new = OutFolder(tmp_path / "out"), job(root, min_quality=0.9)
    holder, method = {"before it is published": (SequenceWriter, "_synchronise"),
                      "after it is published": (SequenceWriter, "_take_the_name"),
                      "when its mark is gone": (Path, "unlink")}[when]
    true = getattr(holder, method)
    entered = []

    def meanwhile(self, **options):
        true(self, **options)
        if (self == out.redo / "B" if holder is Path else self.claim.name == "B") and not entered:
            entered.append(True)
            with Claims(out) as held:
                settings.enter(out, new.prepare().record, held.scratch, overwrite=True)
            if holder is Path:
                true(self)  # as if the other had come just before

    monkeypatch.setattr(holder, method, meanwhile)
    with pytest.raises(SettingsError, match="was changed while this run went on"):
        job(root).run()
    assert entered and "B" in out.published() and "B" in out.marked(out.redo)
    assert new.run().is_complete
    assert {manifest.read(out.sequence(name)).header.settings["min_quality"] for name in "ABC"} == {0.9}


def test_what_is_begun_while_other_settings_are_put_on_record_is_made_again(got10k, tmp_path, job, monkeypatch):
    root, out = got10k("A", boxes=[BOX]), OutFolder(tmp_path / "out")
    job(root).run()
    with Claims(out) as held:
        write = settings.write_whole

        def begin_another(*arguments):
            held.claim("B")
            write(*arguments)

        monkeypatch.setattr(settings, "write_whole", begin_another)
        settings.enter(out, job(root, min_quality=0.9).prepare().record, held.scratch, overwrite=True)
    assert out.marked(out.redo) == {"A", "B"}


def test_what_another_has_dropped_of_a_run_is_put_on_record_again(got10k, tmp_path, run_with):
    """As a version does that does not lock, or who was thought to be dead."""
    got10k("A", boxes=[BOX])
    root, out = got10k("B", boxes=[BOX]), OutFolder(tmp_path / "out")
    other = ({"layout": "got10k", "arguments": {"root": "/x"}},)

    def meanwhile(image, box):
        record = replace(read_record(out), sources=other, sequences=("C",))
        write_whole(out.run_file, record.to_text(), tmp_path / str(threading.get_ident()))
        return np.zeros(image.shape[:2], bool)

    run_with(root, Baseline(meanwhile))
    record = read_record(out)
    assert record.sequences == ("A", "B", "C") and len(record.sources) == 2 and other[0] in record.sources


def test_the_record_is_read_again_only_when_it_has_changed(got10k, job, monkeypatch):
    for number in range(8):
        root = got10k(f"S{number}", boxes=[BOX])
    read = []
    monkeypatch.setattr(settings, "read_record", lambda out: read.append(out) or read_record(out))
    job(root).run()
    assert len(read) <= 4


def test_what_is_not_set_is_not_on_record_as_an_older_version_may_not_know_it(got10k, tmp_path, job):
    root, out = got10k("A"), OutFolder(tmp_path / "out")
    job(root).run()
    text = out.run_file.read_text()
    assert json.loads(text)["settings"] == {"dataset": "GOT-10k", "method": "box", "drop_poor": False,
                                            "mask_format": 1}
    record = json.loads(text)
    record["settings"] |= {"box_margin": None, "windows": None}  # as older ones wrote it
    out.run_file.write_text(json.dumps(record))
    assert job(root).run().is_complete


def test_two_videos_of_one_name_do_not_take_each_others_place(files, tmp_path, job, tree):
    for place in ("here", "there"):
        files.image(tmp_path / place / "video" / "f0.png", files.picture(0))
        (tmp_path / place / "boxes.txt").write_text(f"{len(place)},8,20,16\n")

    def of(place):
        source = Source("folder", {"frames": str(tmp_path / place / "video"),
                                   "boxes": str(tmp_path / place / "boxes.txt")})
        return replace(job("-"), source=source)

    of("here").run()
    assert of("here").run().is_complete
    with pytest.raises(SettingsError, match=r"out/video is for masks of .*here/video.* and these would be of .*there"):
        of("there").run()
    of("there").run(overwrite=True)
    assert [source["arguments"]["frames"] for source in read_record(OutFolder(tmp_path / "out")).sources] == [
        str(tmp_path / "there" / "video")]


def test_other_videos_that_share_the_folder_stay_on_record_when_settings_change(files, tmp_path, job, caplog):
    (tmp_path / "boxes.txt").write_text(f"{BOX}\n" * 2)

    def of(name, **options):
        source = Source("folder", {"frames": str(tmp_path / name), "boxes": str(tmp_path / "boxes.txt")}, every=every)
        return replace(job("-", **options), source=source)

    every, out = None, OutFolder(tmp_path / "out")
    for name in ("one", "two"):
        for frame in range(2):
            files.image(tmp_path / name / f"f{frame}.png", files.picture(frame))
        of(name).run()
    every = 2
    of("one", min_quality=0.1).run(overwrite=True)
    assert "to be made again too: 1, the first is two; `boxmask verify" in caplog.text
    assert [source["sequence"] for source in read_record(out).sources] == ["one", "two"]
    assert main(["verify", str(out.root), "--repair"]) == 0
    assert manifest.read(out.sequence("two")).header.settings["every"] == 2
    of("two", min_quality=0.2).run(overwrite=True)
    of("one", min_quality=0.2).run()
    assert [source["sequence"] for source in read_record(out).sources] == ["one", "two"]


def test_a_dataset_is_dropped_that_another_takes_the_place_of_with_other_settings(got10k, tmp_path, job):
    root = got10k("A", boxes=[BOX])
    shutil.copytree(root, tmp_path / "other")
    job(root).run()
    job(tmp_path / "other", min_quality=0.1).run(overwrite=True)
    assert [source["arguments"]["root"] for source in read_record(OutFolder(tmp_path / "out")).sources] == [
        str(tmp_path / "other")]


def test_a_video_that_has_moved_is_the_same(files, tmp_path, job):
    def of(place):
        return replace(job("-"), source=Source("folder", {"frames": str(tmp_path / place / "video"),
                                                          "boxes": str(tmp_path / place / "boxes.txt")}))

    files.image(tmp_path / "here" / "video" / "f0.png", files.picture(0))
    (tmp_path / "here" / "boxes.txt").write_text(f"{BOX}\n")
    of("here").run()
    (tmp_path / "here").rename(tmp_path / "there")
    assert of("there").run().is_complete
    assert of("here").source.moved(tmp_path / "there" / "video") == of("there").source


@pytest.mark.parametrize(("annotations", "found"), [
    ("here/a.json", "there/a.json"), ("here/frames/a.json", "there/frames/a.json"), ("a.json", "a.json"),
    ("else/where/a.json", "else/where/a.json")])
def test_what_lay_in_or_beside_a_dataset_has_moved_with_it(tmp_path, annotations, found):
    (tmp_path / "a.json").touch()
    source = Source("coco", {"root": f"{tmp_path}/here/frames", "annotations": f"{tmp_path}/{annotations}"})
    moved = source.moved(tmp_path / "there/frames")
    assert moved.arguments == {"root": f"{tmp_path}/there/frames", "annotations": f"{tmp_path}/{found}"}


def test_two_datasets_with_sequences_of_one_name_do_not_take_each_others_place(got10k, tmp_path, job, tree):
    """Not what is done, nor what is only to be done; other sequences of them share a folder."""
    for name in "ABCD":
        root = got10k(name, boxes=[BOX])
    other, out = tmp_path / "other", tmp_path / "out"
    shutil.copytree(root, other)
    for path in other.rglob("groundtruth.txt"):
        path.write_text("1,1,9,9\n")
    (root / "B" / "groundtruth.txt").unlink()
    job(root, sequences=("A", "B")).run()
    before = tree(out)
    for name in "AB":
        with pytest.raises(SettingsError, match=f"out/{name} is for masks of {root}, and these would be of {other}; "
                                                ".*--overwrite"):
            job(other, sequences=(name, "C")).run()
        assert tree(out) == before
    assert job(other, sequences=("C",)).run().is_complete
    assert job(root, sequences=("D",)).run().is_complete  # is on record with both
    assert job(other, sequences=("A",), out=tmp_path / "fresh").run().is_complete
    assert job(other, sequences=("A",)).run(overwrite=True).is_complete
    assert (out / "A" / "00000001.png").read_bytes() == (tmp_path / "fresh" / "A" / "00000001.png").read_bytes()


def test_a_dataset_that_has_moved_or_is_copied_or_mounted_elsewhere_too_goes_on(got10k, tmp_path, job):
    for name in "AB":
        root = got10k(name, boxes=[BOX])
    job(root, sequences=("A",)).run()
    (tmp_path / "mount").symlink_to(root)
    assert job(tmp_path / "mount").run().is_complete
    (tmp_path / "mount").unlink()
    shutil.copytree(root, tmp_path / "copy")
    assert job(tmp_path / "copy").run().is_complete
    assert job(root.rename(tmp_path / "moved")).run().is_complete


def test_a_video_and_a_dataset_with_a_sequence_of_its_name_do_not_take_each_others_place(got10k, tmp_path, job):
    root, out = got10k("A", boxes=[BOX]), OutFolder(tmp_path / "out")
    wanted = job(root).prepare().record
    (tmp_path / "boxes.txt").write_text("1,1,9,9\n")
    single = {"layout": "folder", "arguments": {"frames": str(root / "A"), "boxes": str(tmp_path / "boxes.txt")},
              "sequence": "A"}
    settings.enter(out, replace(wanted, sources=(single,)), out.workers / "me")
    with pytest.raises(SettingsError, match=f"out/A is for masks of .*{root}/A.*, and these would be of {root}; "):
        job(root).run()
    assert job(root).run(overwrite=True).is_complete
    assert read_record(out).sources == wanted.sources


def test_several_videos_share_a_folder(files, tmp_path, job):
    (tmp_path / "boxes.txt").write_text(f"{BOX}\n")
    for name in ("cat", "dog"):
        files.image(tmp_path / name / "f0.png", files.picture(0))
        source = Source("folder", {"frames": str(tmp_path / name), "boxes": str(tmp_path / "boxes.txt")})
        replace(job("-"), source=source).run()
    record = read_record(OutFolder(tmp_path / "out"))
    assert [source["sequence"] for source in record.sources] == ["cat", "dog"] and record.sequences == ("cat", "dog")


def test_first_and_every_choose_frames_of_any_dataset(got10k, tmp_path, job):
    root = got10k("A", boxes=[BOX] * 9)
    replace(job(root), source=Source("got10k", {"root": str(root)}, first=7, every=3)).run()
    frames = manifest.read(tmp_path / "out" / "A").frames
    assert [frame.name for frame in frames] == ["00000001", "00000004", "00000007"]
