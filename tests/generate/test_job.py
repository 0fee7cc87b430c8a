"""What a job makes of what it is asked for."""

import os
import shutil
from dataclasses import replace

import pytest

from boxmask.cli import main
from boxmask.generate import manifest
from boxmask.generate.ledger import read_failure
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.plan import WindowOptions
from boxmask.generate.settings import SettingsError, read_record
from boxmask.generate.source import Source

BOX = "10,8,20,16"


@pytest.mark.parametrize("asked", [{"first": 0}, {"every": 1}, {"first": 0, "every": 1}])
def test_all_frames_are_all_frames_however_they_are_asked_for(got10k, job, asked):
    root = got10k("A")
    job(root).run()
    assert replace(job(root), source=Source("got10k", {"root": str(root)}, **asked)).run().is_complete


def test_the_overlap_of_chunks_does_not_concern_sliding_windows(got10k, job):
    root = got10k("A")
    one, other = (job(root, method="network", device="cpu", windows=WindowOptions("sliding", overlap=overlap))
                  .prepare().record.settings for overlap in (0, 3))
    assert one == other


@pytest.mark.parametrize(("asked", "count"), [({}, 9), ({"first": 5}, 5), ({"every": 2}, 5),
                                              ({"first": 4, "every": 3}, 2), ({"first": 90}, 9)])
def test_of_a_sequence_that_fails_those_frames_are_counted_that_were_asked_for(got10k, tmp_path, job, asked, count):
    got10k("A", boxes=[BOX] * 9)
    root = got10k("B", boxes=[BOX] * 9)
    (root / "B" / "groundtruth.txt").unlink()
    replace(job(root), source=Source("got10k", {"root": str(root)}, **asked)).run()
    assert read_failure(OutFolder(tmp_path / "out"), "B").frames == count
    assert manifest.read_header(tmp_path / "out" / "A").num_frames == count


@pytest.mark.parametrize(("device", "rank", "taken"), [(None, "3", "cuda:1"), ("cuda", "3", "cuda:1"),
                                                       (None, None, None), ("cuda", None, "cuda"),
                                                       ("cuda:0", "3", "cuda:0"), ("cpu", "3", "cpu")])
def test_workers_take_gpus_in_turn_unless_one_is_named(job, monkeypatch, device, rank, taken):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("LOCAL_RANK", rank)
    assert job("root", device=device)._device() == taken


def test_a_sequence_that_failed_and_is_taken_out_of_the_dataset_is_no_longer_to_be_made(got10k, tmp_path, job):
    for name in "ABC":
        root = got10k(name)
    (root / "C" / "groundtruth.txt").unlink()
    out = tmp_path / "out"
    job(root, sequences=("B", "C")).run()
    shutil.rmtree(root / "C")
    (root / "list.txt").write_text("A\nB\n")
    assert job(root, sequences=("A",)).run().is_complete
    assert read_record(OutFolder(out)).sequences == ("A", "B") and os.listdir(out / ".boxmask") == ["run.json"]
    assert main(["verify", str(out)]) == 0


def test_what_another_dataset_may_have_stays_to_be_made(got10k, tmp_path, job):
    root = got10k("A")
    other = tmp_path / "other"
    shutil.copytree(root, other)
    (other / "A").rename(other / "B")
    (other / "list.txt").write_text("B\n")
    (other / "B" / "groundtruth.txt").unlink()
    job(other).run()
    job(root).run()
    other.rename(tmp_path / "moved")
    job(root).run()
    assert read_record(OutFolder(tmp_path / "out")).sequences == ("A", "B")


def test_another_dataset_is_known_by_any_of_its_sequences(got10k, tmp_path, job):
    for name in "ABC":
        root = got10k(name)
    shutil.copytree(root, tmp_path / "other")
    (tmp_path / "other" / "C" / "groundtruth.txt").write_text("1,1,9,9\n" * 4)
    job(root).run()
    with pytest.raises(SettingsError, match="out/C is for masks of"):
        job(tmp_path / "other").run()
