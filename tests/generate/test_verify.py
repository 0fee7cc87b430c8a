"""`verify` finds whatever is not as the manifests say, writes nothing, and repairs just that."""

import errno
import json
import os
import shutil
from dataclasses import replace

import pytest

from boxmask.cli import main
from boxmask.generate import manifest
from boxmask.generate.claims import Claims
from boxmask.generate.outfolder import OutFolder, OutputError
from boxmask.generate.source import Source
from boxmask.generate.verify import verify

BOX = "10,8,20,16"


def flip(path, place=-20):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


@pytest.fixture
def out(got10k, tmp_path, job):
    for name in "ABCD":
        root = got10k(name, boxes=[BOX, "0,0,0,0", BOX])
    job(root).run()
    return tmp_path / "out"


DAMAGE = {
    "a mask with another bit": (lambda out: flip(out / "B" / "00000001.png"), "damaged", "B/00000001.png"),
    "a longer mask": (lambda out: (out / "B" / "00000001.png").write_bytes(bytes(999)), "damaged", "B/00000001.png"),
    "an empty mask file": (lambda out: (out / "B" / "00000001.png").write_bytes(b""), "damaged", "B/00000001.png"),
    "a missing mask": (lambda out: (out / "B" / "00000002.png").unlink(), "missing", "B/00000002.png"),
    "a missing quality": (lambda out: (out / "B" / "quality.csv").unlink(), "missing", "B/quality.csv"),
    "another quality": (lambda out: flip(out / "B" / "quality.csv"), "damaged", "B/quality.csv"),
    "a mask too many": (lambda out: shutil.copy(out / "B" / "00000002.png", out / "B" / "4.png"), "surplus", "B/4.png"),
    "a missing manifest": (lambda out: (out / "B" / "manifest.json").unlink(), "unknown", "B"),
    "a manifest cut short": (lambda out: os.truncate(out / "B" / "manifest.json", 300), "damaged", "B"),
    "a manifest with another bit": (lambda out: flip(out / "B" / "manifest.json", 150), "damaged", "B"),
    "a sequence under another's name": (lambda out: (shutil.rmtree(out / "B"), shutil.copytree(out / "A", out / "B")),
                                        "damaged", "B"),
    "a missing sequence": (lambda out: shutil.rmtree(out / "B"), "missing", "B"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_and_repaired(out, tree, capsys, damage):
    spoil, kind, place = DAMAGE[damage]
    whole = tree(out)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.png") if path.parent.name != "B"}
    assert verify(out).faults == ()
    spoil(out)
    spoiled = tree(out)
    fault, = verify(out).faults
    assert (fault.kind, fault.path, fault.sequence) == (kind, str(out / place), "B")
    assert tree(out) == spoiled
    assert main(["verify", str(out)]) == 1
    printed = capsys.readouterr()
    assert str(out / place) in printed.out and "1 fault in 1 sequence; --repair" in printed.err
    assert main(["verify", str(out), "--repair"]) == 0
    assert tree(out) == whole
    assert {path: path.stat().st_mtime_ns for path in times} == times  # the others are not written again


def test_a_folder_that_cannot_be_looked_into_is_a_fault_among_the_others(out, capsys):
    (out / "B" / "manifest.json").unlink()
    (out / "B" / "manifest.json").mkdir()
    (out / "C" / "00000001.png").unlink()
    assert main(["verify", str(out)]) == 1
    printed = capsys.readouterr().out
    assert "B: the manifest is damaged (it cannot be read: Is a directory)" in printed and "C/00000001.png" in printed
    assert "3 done, 1 failed" in printed


def test_no_masks_are_called_damaged_for_want_of_a_file_to_open(out, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("builtins.open", full)
    with pytest.raises(OSError, match="Too many"):
        manifest.read(out / "B")


def test_quick_sees_sizes_alone(out, capsys):
    flip(out / "B" / "00000001.png")
    assert main(["verify", str(out), "--quick"]) == 0
    assert "no fault, by the sizes of the files" in capsys.readouterr().out
    (out / "B" / "00000001.png").write_bytes(b"")
    assert main(["verify", str(out), "--quick"]) == 1


def test_what_is_not_of_a_run_is_reported_and_left_alone(out, capsys):
    (out / "holiday").mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "C" / "notes.txt").write_text("mine")
    faults = {(fault.kind, fault.path) for fault in verify(out).faults}
    assert faults == {("unknown", str(out / "holiday")), ("surplus", str(out / "notes.txt")),
                      ("surplus", str(out / "C" / "notes.txt"))}
    assert main(["verify", str(out), "--repair"]) == 1
    assert (out / "holiday").is_dir() and (out / "notes.txt").is_file() and (out / "C" / "notes.txt").is_file()
    assert "3 faults" in capsys.readouterr().err


def test_half_sequences_and_working_workers_are_told_apart(out):
    shutil.rmtree(out / "B")
    folder = OutFolder(out)
    with Claims(folder) as claims:
        claims.claim("B")
        kinds = {fault.kind for fault in verify(out).faults}
        assert kinds == {"running", "missing"}
    (folder.claims / "B").mkdir(parents=True)
    (folder.claims / "B" / "nobody").touch()
    assert {fault.kind for fault in verify(out).faults} == {"half", "missing"}


def test_the_state_is_not_listed_for_each_sequence_that_is_open(out, monkeypatch):
    listings, marked = [], OutFolder.marked
    monkeypatch.setattr(OutFolder, "marked", lambda self, folder: listings.append(folder) or marked(self, folder))
    verify(out)
    number = len(listings)
    for name in "ABCD":
        shutil.rmtree(out / name)
    assert len(verify(out).faults) == 4
    assert len(listings) == 2 * number


def test_a_failed_sequence_is_a_fault_and_repaired_when_it_can_be(got10k, tmp_path, job, capsys):
    got10k("A")
    root = got10k("B")
    text = (root / "B" / "groundtruth.txt").read_text()
    (root / "B" / "groundtruth.txt").unlink()
    job(root).run()
    out = tmp_path / "out"
    fault, = verify(out).faults
    assert fault.kind == "failed" and "groundtruth.txt" in fault.problem
    assert main(["verify", str(out), "--repair"]) == 1
    (root / "B" / "groundtruth.txt").write_text(text)
    assert main(["verify", str(out), "--repair"]) == 0
    assert os.listdir(out / ".boxmask") == ["run.json"]


def test_a_repair_finds_a_dataset_that_has_moved_when_it_is_told(got10k, tmp_path, job, tree):
    root, out = got10k("A"), tmp_path / "out"
    job(root).run()
    whole = tree(out / "A")
    (out / "A" / "00000001.png").unlink()
    root.rename(tmp_path / "moved")
    assert main(["verify", str(out), "--repair"]) == 1
    assert main(["verify", str(out), "--repair", "--root", str(tmp_path / "moved")]) == 0
    assert tree(out / "A") == whole


def test_a_repair_knows_the_places_that_a_dataset_has_left(got10k, tmp_path, job, tree):
    got10k("A")
    root, out = got10k("B"), tmp_path / "out"
    job(root, sequences=("A",)).run()
    moved = root.rename(tmp_path / "moved")
    job(moved).run()
    whole = tree(out)
    for name in "AB":
        (out / name / "00000001.png").unlink()
    assert main(["verify", str(out), "--repair"]) == 0
    assert tree(out) == whole


def test_a_sequence_that_two_datasets_have_is_repaired_when_the_right_one_is_named(got10k, tmp_path, job, tree, caplog):
    got10k("A")
    root, other, out = got10k("B"), tmp_path / "other", tmp_path / "out"
    shutil.copytree(root, other)
    for path in other.rglob("groundtruth.txt"):
        path.write_text("1,1,9,9\n")
    job(root, sequences=("A",)).run()
    job(other, sequences=("B",)).run()
    whole = tree(out)
    (out / "B" / "00000001.png").unlink()
    damaged = tree(out)
    assert main(["verify", str(out), "--repair"]) == 1
    assert f"it is in {root} and in {other}" in caplog.text or f"it is in {other} and in {root}" in caplog.text
    assert "--root" in caplog.text and tree(out) == damaged
    assert main(["verify", str(out), "--repair", "--root", str(other)]) == 0
    assert tree(out) == whole


def test_the_report_as_json(out, tmp_path):
    (out / "B" / "00000002.png").unlink()
    main(["verify", str(out), "--json", str(tmp_path / "report.json")])
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["sequences"] == {"done": 4, "failed": 0, "open": 0}
    assert report["frames"] == {"ok": 8, "absent": 4, "invalid_box": 0, "bad_image": 0, "failed": 0}
    assert [(fault["kind"], fault["sequence"]) for fault in report["faults"]] == [("missing", "B")]


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    with pytest.raises(OutputError, match=r"no \.boxmask/run\.json"):
        verify(tmp_path)
    assert main(["verify", str(tmp_path / "nowhere")]) == 1
    (tmp_path / ".boxmask").mkdir()
    (tmp_path / ".boxmask" / "run.json").write_text("{")
    assert main(["verify", str(tmp_path)]) == 1
    assert "run.json: the record of the run cannot be read" in capsys.readouterr().err


@pytest.fixture
def videos(files, tmp_path, job):
    """Masks of the videos `one` and `two`, in folders of one name, whose boxes lie beside them."""
    for number, name in enumerate(("one", "two")):
        files.image(tmp_path / "here" / name / "img" / "f0.jpg", files.picture(number))
        (tmp_path / "here" / name / "boxes.txt").write_text(f"{10 + number},8,20,16\n")
        place = tmp_path / "here" / name
        source = Source("folder", {"frames": str(place / "img"), "boxes": str(place / "boxes.txt"), "name": name})
        replace(job("-"), source=source).run()
    return tmp_path / "here"


def lose_masks(out):
    for name in ("one", "two"):
        (out / name / "f0.png").unlink()


@pytest.mark.parametrize("named", ["one", "two"])
def test_videos_that_have_moved_together_are_found_by_the_place_of_one(videos, tmp_path, tree, named):
    out, there = tmp_path / "out", tmp_path / "there"
    whole = {name: tree(out / name) for name in ("one", "two")}
    videos.rename(there)
    assert main(["export", str(out), "--to", "youtubevos", "--out", str(tmp_path / "vos"), "--link-frames", "--root",
                 str(there / named / "img")]) == 0
    for name in whole:
        assert (tmp_path / "vos" / "JPEGImages" / name / "f0.jpg").resolve() == there / name / "img" / "f0.jpg"
    lose_masks(out)
    assert main(["verify", str(out), "--repair", "--root", str(there / named / "img")]) == 0
    assert {name: tree(out / name) for name in whole} == whole


def test_of_several_videos_those_that_are_where_they_were_stay(videos, tmp_path, tree):
    out = tmp_path / "out"
    whole = {name: tree(out / name) for name in ("one", "two")}
    (videos / "two").rename(tmp_path / "alone")
    lose_masks(out)
    assert main(["verify", str(out), "--repair", "--root", str(tmp_path / "alone" / "img")]) == 0
    assert {name: tree(out / name) for name in whole} == whole


@pytest.mark.parametrize("root", ["there/img", "there"])
def test_a_place_that_may_be_that_of_several_videos_is_refused(videos, tmp_path, tree, capsys, root):
    out = tmp_path / "out"
    lose_masks(out)
    before = tree(out)
    shutil.copytree(videos / "one", tmp_path / "there")
    shutil.rmtree(videos)
    assert main(["verify", str(out), "--repair", "--root", str(tmp_path / root)]) == 1
    gone = f"{videos / 'one' / 'img'}, {videos / 'two' / 'img'}, which are all gone"
    assert f"may be any of {gone}" in capsys.readouterr().err
    assert tree(out) == before


def test_a_root_is_refused_where_nothing_has_moved_and_it_is_none_of_several(videos, tmp_path, capsys):
    lose_masks(tmp_path / "out")
    assert main(["verify", str(tmp_path / "out"), "--repair", "--root", str(tmp_path / "else")]) == 1
    assert "nothing has moved" in capsys.readouterr().err


OTHERS = {
    "more frames": lambda files, folder: files.image(folder / "00000004.jpg", files.picture(3)),
    "another size": lambda files, folder: files.image(folder / "00000001.jpg", files.picture(0, (32, 24))),
}


@pytest.mark.parametrize("change", OTHERS)
def test_no_masks_are_made_again_from_other_frames(got10k, files, tmp_path, job, tree, caplog, change):
    root, out = got10k("A", boxes=[BOX] * 3), tmp_path / "out"
    job(root).run()
    (out / "A" / "00000001.png").unlink()
    before = tree(out)
    OTHERS[change](files, root.rename(tmp_path / "other") / "A")
    (tmp_path / "other" / "A" / "groundtruth.txt").open("a").write(f"{BOX}\n" * (change == "more frames"))
    assert main(["verify", str(out), "--repair", "--root", str(tmp_path / "other")]) == 1
    assert f"its masks are of other frames than there are in {tmp_path / 'other'}; name the right" in caplog.text
    assert tree(out) == before
