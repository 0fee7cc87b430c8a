"""Generation from end to end: every frame has an outcome, a sequence appears whole or not at all, failures are kept."""

import errno
import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxmask import masks
from boxmask.evaluate.baselines import Baseline, filled_box
from boxmask.generate import helpers, manifest
from boxmask.generate import run as runs
from boxmask.generate.claims import Claims
from boxmask.generate.network import NetworkMasker
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder, OutputError
from boxmask.generate.writer import SequenceWriter

NAME = "GOT-10k_Train_000001"
BOX = "10,8,20,16"
FILES = {"manifest.json", "quality.csv"}


def counts(ledger):
    return {outcome.value: count for outcome, count in ledger.counts.items() if count}


def test_every_frame_has_an_outcome_and_an_empty_mask_of_its_size_where_there_is_none(got10k, tmp_path, job):
    sizes = [(64, 48), (50, 40), (64, 48), (70, 30), (64, 48), (64, 48)]
    root = got10k(boxes=[BOX, "-1,-1,-1,-1", "200,200,9,9", BOX, "60,40,900,900", "nan,1,2,3"], sizes=sizes)
    (root / NAME / "00000004.jpg").write_bytes(b"")
    ledger = job(root).run()
    folder = tmp_path / "out" / NAME
    assert set(os.listdir(folder)) == {f"{number:08d}.png" for number in range(1, 7)} | FILES
    read = [masks.read(folder / f"{number:08d}.png") for number in range(1, 7)]
    assert [mask.shape[::-1] for mask in read] == [*sizes[:3], sizes[2], *sizes[4:]]  # the unreadable one as before it
    assert [int(mask.sum()) for mask in read] == [320, 0, 0, 0, 4 * 8, 0]
    assert counts(ledger) == {"ok": 2, "absent": 1, "invalid_box": 2, "bad_image": 1}
    frames = manifest.read(folder).frames
    assert [frame.outcome.value for frame in frames] == ["ok", "absent", "invalid_box", "bad_image", "ok",
                                                         "invalid_box"]
    assert "empty" in frames[3].reason and "no pixel in the image" in frames[2].reason
    assert ledger.is_complete


def test_the_ledger_says_it_in_two_lines(got10k, job):
    ledger = job(got10k(boxes=[BOX, "0,0,0,0"])).run()
    assert str(ledger) == ("sequences: 1 done, 0 failed\n"
                           "frames: 2 = 1 ok, 1 absent, 0 invalid box, 0 bad image, 0 failed")


def test_the_network_and_a_sequence_of_one_frame(got10k, tmp_path, run_with, inside_net):
    run_with(got10k(boxes=[BOX]), NetworkMasker(inside_net()))
    assert masks.read(tmp_path / "out" / NAME / "00000001.png").sum() == 320


def test_a_sequence_without_its_target_is_done_and_one_without_any_image_fails(got10k, tmp_path, job):
    got10k("A", absence=[1, 1, 1, 1])
    root = got10k("B")
    whole = {image: image.read_bytes() for image in (root / "B").glob("*.jpg")}
    for image in whole:
        image.write_bytes(b"no image")
    ledger = job(root).run()
    assert counts(ledger) == {"absent": 4, "failed": 4} and ledger.failed["B"].frames == 4
    assert "B: none of its 4 images can be read; frame 00000001: " in ledger.failed["B"].reason
    assert not masks.read(tmp_path / "out" / "A" / "00000004.png").any()
    for image, content in whole.items():
        image.write_bytes(content)
    assert job(root).run().is_complete, "the next run tries it again"


def test_several_objects_keep_their_numbers(davis, tmp_path, job):
    label = np.zeros((48, 64), np.uint8)
    label[5:20, 5:25], label[30:45, 30:60] = 2, 5
    root = davis("dogs", [label, label])
    from dataclasses import replace

    from boxmask.generate.source import Source
    replace(job(root), source=Source("davis", {"root": str(root)})).run()
    assert masks.read(tmp_path / "out" / "dogs" / "00001.png").tolist() == label.tolist()
    assert manifest.read(tmp_path / "out" / "dogs").object_ids == (2, 5)


class FailsAt(Baseline):
    """Filled boxes, but an error for images of one size."""

    def __init__(self, size):
        def segment(image, box):
            if image.shape[1::-1] == size:
                raise RuntimeError("out of memory")
            return filled_box.segment(image, box)
        super().__init__(segment)


def test_a_bad_sequence_fails_the_others_are_done_and_the_next_run_tries_again(got10k, tmp_path, run_with, job, tree):
    got10k("A", boxes=[BOX, BOX])
    got10k("B", boxes=[BOX, BOX, BOX], sizes=[(64, 48), (64, 48), (60, 40)])
    got10k("C", boxes=[BOX])
    root = got10k("D", boxes=[BOX])
    (root / "C" / "groundtruth.txt").unlink()
    out = tmp_path / "out"
    ledger = run_with(root, FailsAt((60, 40)))
    assert sorted(ledger.done) == ["A", "D"] and sorted(ledger.failed) == ["B", "C"]
    assert "out of memory" in ledger.failed["B"].reason and "sequence B" in ledger.failed["B"].reason
    assert "groundtruth.txt" in ledger.failed["C"].reason
    assert counts(ledger) == {"ok": 3, "failed": 4} and not ledger.is_complete
    assert sorted(os.listdir(out)) == [".boxmask", "A", "D"]
    assert sorted(os.listdir(out / ".boxmask")) == ["failed", "run.json"]
    (root / "C" / "groundtruth.txt").write_text(f"{BOX}\n")
    assert job(root).run().is_complete
    assert os.listdir(out / ".boxmask") == ["run.json"]
    job(root, out=tmp_path / "other").run()
    assert tree(out) == tree(tmp_path / "other")


def test_a_worker_alone_waits_for_nobody_when_a_sequence_fails_at_once(got10k, job, caplog, monkeypatch):
    root = got10k("A")
    (root / "A" / "groundtruth.txt").unlink()
    monkeypatch.setattr(runs.time, "sleep", lambda seconds: pytest.fail("it waits"))
    with caplog.at_level("INFO"):
        assert sorted(job(root).run().failed) == ["A"]
    assert "waiting" not in caplog.text


def test_the_count_of_what_is_done_has_what_others_did_and_the_folder_is_not_listed_for_each(got10k, tmp_path, job,
                                                                                            monkeypatch):
    names = [f"S{number}" for number in range(9)]
    for name in names:
        root = got10k(name, boxes=[BOX])
    counts, listings, out = [], [], OutFolder(tmp_path / "out")
    done = OutFolder.done
    monkeypatch.setattr(OutFolder, "done", lambda folder: listings.append(folder) or done(folder))
    monkeypatch.setattr(runs, "POLL", 1000.0)  # this run is over before

    def tell(event):
        if event["event"] == "sequence":
            counts.append(event["done"])
            if len(counts) == 1:
                shutil.copytree(out.sequence("S0"), out.sequence("S8"))
                other.release(held)

    with Claims(out) as other:
        held = other.claim("S8")
        job(root).run(tell=tell)
    assert len(counts) == 8 and counts == sorted(counts) and counts[0] < 8 and counts[-1] == 9
    assert len(listings) <= 6


def test_a_finished_sequence_is_kept_and_redone_only_when_asked(got10k, tmp_path, job, run_with, tree):
    root, out = got10k(), tmp_path / "out"
    job(root).run()
    before = tree(out)
    nothing = Baseline(lambda image, box: np.zeros(image.shape[:2], bool))
    run_with(root, nothing)
    assert tree(out) == before
    run_with(root, nothing, overwrite=True)
    assert tree(out).keys() == before.keys() and not masks.read(out / NAME / "00000001.png").any()
    assert sorted(os.listdir(out)) == [".boxmask", NAME]


def test_a_sequence_is_published_while_the_frames_of_the_next_wait_for_one_another(got10k, tmp_path, run_with):
    class Smoothed(Baseline):
        smoothing = 60

        def solve(self, windows, keep, *, batch=1):
            published.append((tmp_path / "out" / "A").exists())
            time.sleep(0.2)
            return [[replace(scores, picture=np.zeros((16, 16, 3), np.uint8)) for scores in found]
                    for found in super().solve(windows, keep, batch=batch)]

    published = []
    got10k("A")
    assert run_with(got10k("B", boxes=["10,8,20,16"] * 60), Smoothed(filled_box.segment)).is_complete
    assert not published[0] and published[-1] and len(published) > 6


def test_a_sequence_may_be_named_like_the_file_of_a_failure(got10k, tmp_path, job, run_with):
    got10k("A")
    root, out = got10k("A.json"), OutFolder(tmp_path / "out")
    job(root).run()
    run_with(root, Baseline(lambda image, box: np.zeros(image.shape[:2], bool)), overwrite=True)
    assert not masks.read(out.sequence("A.json") / "00000001.png").any() and not out.marked(out.redo)
    (root / "A.json" / "groundtruth.txt").unlink()
    assert sorted(job(root).run(overwrite=True).failed) == ["A.json"]
    assert out.marked(out.redo) == out.marked(out.failed) == {"A.json"} and out.done() == {"A"}


def test_a_listing_that_is_not_of_now_is_waited_for(got10k, job, monkeypatch):
    """As a server of files gives one, which says something else than a look at the file."""
    root = got10k("A", boxes=[BOX])
    job(root).run()
    done, old, slept = OutFolder.done, [set(), set(), set()], []
    monkeypatch.setattr(OutFolder, "done", lambda folder: old.pop() if old else done(folder))
    monkeypatch.setattr(runs.time, "sleep", slept.append)
    assert job(root).run().is_complete and len(slept) == 1


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_another_origin_is_neither_taken_nor_mixed_with(got10k, tmp_path, job, overwrite):
    root, folder = got10k(), tmp_path / "out" / NAME
    folder.mkdir(parents=True)
    (folder / "00000002.png").write_bytes(b"painted by hand")
    (folder / "holiday.jpg").write_bytes(b"dear")
    assert "also holds holiday.jpg" in job(root).run(overwrite=overwrite).failed[NAME].reason
    assert sorted(os.listdir(folder)) == ["00000002.png", "holiday.jpg"]
    (folder / "holiday.jpg").unlink()
    assert f"{folder} holds 00000002.png and no manifest.json" in job(root).run(overwrite=overwrite).failed[NAME].reason
    assert (folder / "00000002.png").read_bytes() == b"painted by hand"
    (folder / "00000002.png").unlink()
    assert job(root).run(overwrite=overwrite).is_complete
    assert len(os.listdir(folder)) == 6


def test_what_is_painted_by_hand_is_not_told_of_as_done(got10k, tmp_path, job):
    root, told = got10k(), []
    (tmp_path / "out" / NAME).mkdir(parents=True)
    (tmp_path / "out" / NAME / "00000001.png").write_bytes(b"painted by hand")
    job(root).run(tell=told.append)
    assert told[0]["event"] == "start" and told[0]["done"] == 0


@pytest.mark.parametrize("lost", FILES)
def test_masks_that_have_lost_a_record_of_theirs_are_known_to_be_of_a_run(got10k, tmp_path, job, tree, lost):
    root, out = got10k(), tmp_path / "out"
    job(root).run()
    whole = tree(out)
    (out / NAME / lost).unlink()
    assert job(root).run(overwrite=True).is_complete and tree(out) == whole


def test_a_link_that_leads_nowhere_fails_its_sequence_alone(got10k, tmp_path, job):
    got10k("A", boxes=[BOX])
    root, link = got10k("B", boxes=[BOX]), tmp_path / "out" / "B"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "nowhere" / "B")
    ledger = job(root).run()
    assert sorted(ledger.done) == ["A"] and f"{link} is no folder" in ledger.failed["B"].reason and link.is_symlink()


def test_an_output_that_is_a_file_is_refused(got10k, tmp_path, job):
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="out is a file"):
        job(got10k()).run()


class Killed(BaseException):
    """Stands for whatever ends the run in the middle."""


def dying(after):
    calls = iter(range(1000))

    def segment(image, box):
        if next(calls) == after:
            raise Killed
        return filled_box.segment(image, box)

    return Baseline(segment)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_run_that_dies_leaves_what_was_whole_and_nothing_else(got10k, tmp_path, run_with, job, tree, overwrite,
                                                                monkeypatch):
    monkeypatch.setattr(helpers, "num_processors", lambda: 1)  # so that the fourth call is B's second frame
    got10k("A", boxes=[BOX, BOX])
    root, out = got10k("B", boxes=[BOX, BOX]), tmp_path / "out"
    if overwrite:
        job(root).run()
    whole = tree(out)
    with pytest.raises(Killed):
        run_with(root, dying(3), overwrite=overwrite)
    assert sorted(os.listdir(out)) == ([".boxmask", "A", "B"] if overwrite else [".boxmask", "A"])
    assert not {"claims", "partial", "workers"} & set(os.listdir(out / ".boxmask"))
    if overwrite:
        assert (out / ".boxmask" / "redo" / "B").exists() and not (out / ".boxmask" / "redo" / "A").exists()
    assert job(root).run().is_complete
    assert not overwrite or tree(out) == whole


def test_a_full_disk_ends_the_run_and_keeps_what_is_finished(got10k, tmp_path, job, monkeypatch):
    got10k("A", boxes=[BOX, BOX])
    root, out = got10k("B", boxes=[BOX, BOX, BOX]), tmp_path / "out"
    write_bytes = Path.write_bytes

    def full_in_b(path, data):
        if path.name == "00000003.png":
            write_bytes(path, data[:5])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full_in_b)
        with pytest.raises(OSError, match="No space left") as caught:
            job(root).run()
    assert caught.value.errno == errno.ENOSPC and Path(caught.value.filename).name == "00000003.png"
    assert sorted(os.listdir(out)) == [".boxmask", "A"] and os.listdir(out / ".boxmask") == ["run.json"]
    assert job(root).run().is_complete


def test_poor_masks_are_marked_and_emptied_if_wanted(got10k, tmp_path, run_with):
    """Every second mask fills a corner of its box alone."""
    def segment(image, box):
        mask = filled_box.segment(image, box)
        if image.shape[1] == 64:
            mask[:, 12:] = False
        return mask

    root = got10k(boxes=[BOX] * 4, sizes=[(64, 48), (66, 48)] * 2)
    run_with(root, Baseline(segment), out=tmp_path / "marked", min_quality=0.7)
    run_with(root, Baseline(segment), out=tmp_path / "dropped", min_quality=0.7, drop_poor=True)
    for name, emptied in (("marked", False), ("dropped", True)):
        frames = manifest.read(tmp_path / name / NAME).frames
        assert [frame.poor for frame in frames] == [True, False] * 2
        assert [frame.objects[1] < 0.7 for frame in frames] == [True, False] * 2
        assert {frame.outcome for frame in frames} == {Outcome.OK}
        found = [masks.read(tmp_path / name / NAME / f"{frame.name}.png") for frame in frames]
        assert [mask.any() for mask in found] == ([False, True] * 2 if emptied else [True] * 4)
        assert [mask.shape for mask in found] == [(48, 64), (48, 66)] * 2
    assert "1,0." in (tmp_path / "dropped" / NAME / "quality.csv").read_text()


def test_nothing_of_the_machine_or_the_time_is_in_what_is_written(got10k, tmp_path, job, tree):
    root = got10k()
    job(root).run()
    job(root, out=tmp_path / "later").run()
    assert tree(tmp_path / "out") == tree(tmp_path / "later")
    assert json.loads((tmp_path / "out/.boxmask/run.json").read_text())["sequences"] == [NAME]


def test_pytrackings_loader_reads_what_was_written(got10k, tmp_path, job, monkeypatch):
    from ltr.dataset import Got10kVOS

    got10k("GOT-10k_Train_000001", boxes=[BOX, "0,0,0,0", BOX], absence=[0, 1, 0], cover=[8, 0, 7])
    root = got10k("GOT-10k_Train_000002", boxes=["5,5,30,30"] * 2, absence=[0, 0], cover=[8, 8])
    for name in ("GOT-10k_Train_000001", "GOT-10k_Train_000002"):
        (root / name / "cut_by_image.label").write_text("0\n" * 3)
        (root / name / "meta_info.ini").write_text(
            "[METAINFO]\nurl: x\nbegin: 0\nend: 1\nanno_fps: 10Hz\nobject_class: dog\nmotion_class: run\n"
            "major_class: animal\nroot_class: animal\nmotion_adverb: fast\nresolution: (64, 48)\n")
    job(root, out=tmp_path / "masks").run()
    monkeypatch.setenv("BOXMASK_GOT10K_DIR", str(root))
    dataset = Got10kVOS(anno_path=str(tmp_path / "masks"), split=None)
    assert dataset.get_num_sequences() == 2
    images, annotation, _ = dataset.get_frames(0, [0, 1, 2])
    assert images[0].shape == (48, 64, 3)
    found = [np.asarray(mask) for mask in annotation["mask"]]
    assert [mask.shape for mask in found] == [(48, 64)] * 3
    assert [float(mask.sum()) for mask in found] == [320.0, 0.0, 320.0]
    assert set(np.unique(found[0]).tolist()) == {0.0, 1.0}
    assert dataset.get_sequence_info(0)["visible"].tolist() == [1, 0, 1]


def test_masks_are_palette_pngs_of_the_image_size(got10k, tmp_path, job):
    job(got10k()).run()
    with Image.open(tmp_path / "out" / NAME / "00000003.png") as image:
        assert image.mode == "P" and image.size == (64, 48)
        assert np.unique(np.array(image)).tolist() == [0, 1]


@pytest.mark.parametrize("when", ["while it writes", "before it publishes"])
def test_a_worker_that_lost_its_sequence_drops_it_and_takes_it_up_when_the_other_is_silent(
        got10k, tmp_path, run_with, job, tree, caplog, when):
    root, state, stolen = got10k(boxes=[BOX] * 3), tmp_path / "out" / ".boxmask", []

    def segment(image, box):
        claim = next((state / "claims" / NAME).iterdir())
        if len(stolen) < 3:
            stolen.append(claim)
        if len(stolen) == 3 and claim == stolen[0]:
            claim.rename(claim.with_name(f"{'0' * 16}-1-1-{'0' * 12}"))  # a process on another machine
            stolen.append(claim)
            if when == "while it writes":
                shutil.rmtree(state / "partial" / NAME)
        return filled_box.segment(image, box)

    ledger = run_with(root, Baseline(segment), claim_timeout=1.0)
    assert ledger.is_complete and len(stolen) == 4
    assert "another worker has taken it over" in caplog.text
    job(root, out=tmp_path / "other").run()
    assert tree(tmp_path / "out") == tree(tmp_path / "other")


@pytest.mark.parametrize("when", ["_synchronise", "_take_the_name"])
def test_a_worker_that_is_too_late_to_publish_leaves_what_another_has_made(got10k, tmp_path, job, tree, caplog,
                                                                           monkeypatch, when):
    """It stands still for longer than the timeout: the other finds its claim stale, and makes the sequence."""
    root, late, made = got10k(boxes=[BOX]), getattr(SequenceWriter, when), {}

    def stand_still(writer):
        monkeypatch.setattr(SequenceWriter, when, late)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(Claims, "_is_stale", lambda claims, name, holder: True)
            assert job(root).run().is_complete
        made.update(tree(tmp_path / "out" / NAME))
        late(writer)

    monkeypatch.setattr(SequenceWriter, when, stand_still)
    assert job(root).run().is_complete
    assert tree(tmp_path / "out" / NAME) == made and "another worker has taken it over" in caplog.text


@pytest.mark.parametrize("made", ["failed", "redo", "partial/B", "claims", "workers"])
def test_another_worker_that_ends_and_tidies_up_ends_nothing(got10k, tmp_path, job, monkeypatch, made):
    """It removes what is empty, such as a folder that was made this moment."""
    got10k("A", boxes=[BOX])
    root, out, mkdir, ended = got10k("B", boxes=[BOX]), tmp_path / "out", os.mkdir, []
    job(root).run()
    (root / "A" / "groundtruth.txt").unlink()

    def make(path, *mode, **options):
        mkdir(path, *mode, **options)
        if str(path) == str(out / ".boxmask" / made) and not ended:
            ended.append(path)
            with Claims(OutFolder(out)):
                pass

    monkeypatch.setattr(os, "mkdir", make)
    ledger = job(root).run(overwrite=True)
    assert ended and sorted(ledger.failed) == ["A"] and sorted(ledger.done) == ["B"]
