"""Datasets and folders of masks made to do harm: names that lead elsewhere, links, records of other values."""

import errno
import itertools
import json
import os
import zlib

import cv2
import pytest

from boxmask.cli import main
from boxmask.export import archive, youtubevos
from boxmask.export.masks import ExportError
from boxmask.generate import manifest, settings, verify
from boxmask.generate.manifest import ManifestError
from boxmask.generate.outcomes import Outcome
from boxmask.generate.outfolder import OutFolder
from boxmask.generate.settings import SettingsError
from boxmask.readers import folder, images
from boxmask.readers.annotations import read_boxes
from boxmask.readers.sequence import DatasetError

BOX = "10,8,20,16"
LEADING_OUT = ["../victim", "/tmp/victim", "..", ".", "", "a/../../victim", "a\\b", ".hidden", "a\nb", "a\x00b",
               "\udc80", "x" * 201, "\u202efdp"]
NO_NAMES = [7, None, ["a"]]


@pytest.fixture
def out(got10k, tmp_path, job):
    for name in "AB":
        root = got10k(name, boxes=[BOX, "0,0,0,0"])
    job(root).run()
    return tmp_path / "out"


def rewrite(path, change):
    """Changes the JSON of a manifest, and gives it the right checksum again."""
    record = json.loads(path.read_text())
    del record["crc32"]
    change(record)
    frames = ",\n".join(json.dumps(frame) for frame in record.pop("frames"))
    body = json.dumps(record)[:-1] + f',"frames":[\n{frames}\n],\n"crc32": '
    path.write_text(f"{body}{zlib.crc32(body.encode())}}}\n")


def names_of(kind, name):
    def change(record):
        if kind == "frame":
            record["frames"][0]["name"] = name
        elif kind == "sequence":
            record["sequence"] = name
        else:
            record["files"] = {name: record["files"]["quality.csv"]}
    return change


@pytest.mark.parametrize(("kind", "name"), [*itertools.product(["frame", "sequence", "file"], LEADING_OUT),
                                            *itertools.product(["frame", "sequence"], NO_NAMES)], ids=ascii)
def test_no_name_in_a_manifest_leads_out_of_its_folder(out, tmp_path, kind, name):
    """The checksum is right: it tells of damage, not of who wrote it."""
    victim = tmp_path / "victim.png"
    victim.write_bytes(b"secret")
    rewrite(out / "A" / "manifest.json", names_of(kind, name))
    with pytest.raises(ManifestError, match=r"A/manifest\.json: the manifest is damaged"):
        manifest.read(out / "A")
    assert {fault.sequence for fault in verify.verify(out).faults} == {"A"}
    for export in (archive.export, youtubevos.export):
        with pytest.raises(ExportError, match="the manifest is damaged"):
            export(out, tmp_path / "target")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["got10k", "out", "victim.png"]
    assert victim.read_bytes() == b"secret"


@pytest.mark.parametrize("change", [
    lambda record: record["frames"][0].update(outcome="fine"), lambda record: record["frames"][0].update(width=-1),
    lambda record: record["frames"][0].update(width=10 ** 400), lambda record: record["frames"][0].update(height=0),
    lambda record: record["frames"][0].update(bytes="9"), lambda record: record["frames"][0].update(more=1),
    lambda record: record["frames"][0].update(objects={"0": 1.0}), lambda record: record["frames"][0].update(poor=1),
    lambda record: record["frames"][0].update(objects={"1": 7}), lambda record: record["frames"].append([]),
    lambda record: record["frames"].append(record["frames"][0]) or record["counts"].update(ok=2),
    lambda record: record.update(object_ids=[1, 1]), lambda record: record.update(object_ids=[256]),
    lambda record: record.update(files=[]), lambda record: record.update(files={"a": {"bytes": 1}}),
    lambda record: record.update(counts={"ok": 1e9}), lambda record: record.update(counts={"ok": -1}),
    lambda record: record.update(settings="none"), lambda record: record.update(best={"x": 1}),
    lambda record: record.update(best={"1": float("nan")}), lambda record: record.update(format=None),
    lambda record: record.pop("sequence"), lambda record: record.update(dataset=json.loads("[" * 300 + "]" * 300)),
])
def test_a_manifest_of_other_values_than_runs_write_is_damaged(out, change):
    rewrite(out / "A" / "manifest.json", change)
    with pytest.raises(ManifestError):
        manifest.read(out / "A")
    assert {fault.sequence for fault in verify.verify(out).faults} == {"A"}
    assert main(["verify", str(out), "--repair"]) == 0
    assert not verify.verify(out).faults


@pytest.mark.parametrize("change", [
    *({"sequences": [name]} for name in [*LEADING_OUT, *NO_NAMES]),
    {"sequences": 7}, {"sources": ["x"]}, {"sources": [{}]},
    {"sources": [{"layout": 7}]}, {"sources": [{"layout": "got10k", "arguments": []}]}, {"checkpoint": 7},
    {"sources": [{"layout": "got10k", "hook": "os.system"}]}, {"settings": []},
    *({"settings": {"dataset": "D", **values}} for values in (
        {"dataset": 7}, {"method": None}, {"window": "abc"}, {"window": True}, {"first": -1}, {"every": 2.5},
        {"search_factor": "2"}, {"search_factor": float("nan")}, {"box_margin": float("inf")}, {"drop_poor": 1},
        {"iterations": 10 ** 30}, {"windows": "chunk"})),
    *({"sources": [{"layout": "got10k", "arguments": {"root": "/x"}, **values}]} for values in (
        {"first": "x"}, {"every": 1.5}, {"sequence": 7}, {"arguments": {"root": 5}}, {"arguments": {"root": None}},
        {"arguments": {"root": ["/x"]}}, {"arguments": {"root": "/x", "sets": [7]}},
        {"arguments": {"root": "/x", "split": {}}})),
], ids=ascii)
def test_a_record_of_a_run_of_other_values_is_refused(out, change, capsys):
    path = out / ".boxmask" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(SettingsError, match=r"run\.json: the record of the run cannot be read"):
        settings.read_record(OutFolder(out))
    for command in (["verify", str(out), "--repair"], ["review", str(out)]):
        assert main(command) == 1
        assert capsys.readouterr().err.count("\n") == 1


def test_a_record_with_a_setting_that_is_not_known_is_of_a_newer_version(out, capsys):
    path = out / ".boxmask" / "run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "settings": {**record["settings"], "depth": 3}}))
    assert main(["verify", str(out)]) == 1
    said = capsys.readouterr().err
    assert "a newer boxmask made these masks, with a setting 'depth'" in said and "update boxmask" in said
    assert said.count("\n") == 1 and "remove the file" not in said


@pytest.mark.parametrize(("source", "said"), [
    ({"layout": "os", "arguments": {}}, "there is no layout 'os'"),
    ({"layout": "got10k", "arguments": {"path": "/"}}, "the layout got10k is not read so"),
])
def test_a_repair_opens_the_layouts_that_there_are_and_calls_nothing_else(out, source, said, capsys):
    path = out / ".boxmask" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "sources": [source]}))
    (out / "A" / "00000001.png").unlink()
    assert main(["verify", str(out), "--repair"]) == 1
    assert said in capsys.readouterr().err


def test_a_repair_has_the_methods_that_there_are(out, capsys):
    path = out / ".boxmask" / "run.json"
    path.write_text(path.read_text().replace('"method": "box"', '"method": "magic"'))
    assert main(["verify", str(out), "--repair"]) == 1
    assert "boxmask: error: there is no method 'magic'; there are network, box, grabcut" in capsys.readouterr().err


def test_links_that_lead_nowhere_or_to_themselves_are_no_folders(out, got10k, tmp_path, job):
    root = got10k("A")
    (root / "list.txt").unlink()
    for place in (root, root / "A", out):
        (place / "loop").symlink_to("loop")
        (place / "gone.jpg").symlink_to("nowhere")
    (root / "A" / "00000003.jpg").unlink()
    (root / "A" / "00000003.jpg").symlink_to("00000003.jpg")
    found = job(root, tmp_path / "other").run()
    assert sorted(found.done) == ["A", "B"] and found.counts[Outcome.BAD_IMAGE] == 1
    assert verify.verify(tmp_path / "other").faults == ()
    assert {fault.kind for fault in verify.verify(out).faults} == {"surplus"}
    assert folder.read_sequence(root / "A", root / "A" / "groundtruth.txt").name == "A"


def test_a_sequence_that_is_a_link_is_replaced_and_what_it_leads_to_is_left(out, tmp_path, tree):
    whole = tree(out)
    (out / "A").rename(tmp_path / "elsewhere")
    (out / "A").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "00000001.png").write_bytes(b"spoiled")
    assert main(["verify", str(out), "--repair"]) == 0
    assert tree(out) == whole and not (out / "A").is_symlink()
    assert (tmp_path / "elsewhere" / "00000001.png").read_bytes() == b"spoiled"


def test_files_that_are_links_to_what_is_no_file_are_not_read(tmp_path):
    """Reading from them would never end."""
    for name, target in (("zero.txt", "/dev/zero"), ("zero.jpg", "/dev/zero"), ("fd.jpg", "/proc/self/fd/0")):
        (tmp_path / name).symlink_to(target)
    with pytest.raises(DatasetError, match="this is no file"):
        read_boxes(tmp_path / "zero.txt", dataset="D", sequence="s")
    with pytest.raises(images.ImageError, match="this is no file"):
        images.read(tmp_path / "zero.jpg")


@pytest.mark.parametrize("name", ["../victim", "a/b", ".boxmask", "\x1b[2J", "a\u2028b"])
def test_names_in_lists_lead_nowhere(got10k, name, tmp_path):
    from boxmask.readers import got10k as reader

    root = got10k("A")
    (root / "list.txt").write_text(f"A\n{name}\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"list\.txt: .* is not the name of a sequence") as error:
        reader.open_dataset(root)
    assert str(error.value).isprintable()


def test_a_folder_whose_name_is_no_text_is_named_and_no_crash(got10k):
    from boxmask.readers import got10k as reader

    root = got10k("A")
    (root / "list.txt").unlink()
    odd = os.fsencode(root) + b"/\xff\xfe"
    os.mkdir(odd)
    open(odd + b"/groundtruth.txt", "w").close()
    with pytest.raises(DatasetError, match="is not the name of a sequence"):
        reader.open_dataset(root)


def test_a_file_of_millions_of_lines_is_refused_at_once(tmp_path):
    (tmp_path / "boxes.txt").write_bytes(b"1,1,9,9\n" * (2 ** 20 + 1))
    with pytest.raises(DatasetError, match="more than 1048576 lines"):
        read_boxes(tmp_path / "boxes.txt", dataset="D", sequence="s")


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENOMEM, errno.ESTALE])
def test_a_fault_that_is_not_of_the_frame_ends_the_run_and_marks_no_frame(got10k, tmp_path, job, monkeypatch, tree,
                                                                           error):
    root = got10k("A")
    job(root, tmp_path / "truth").run()
    whole = images.Path.read_bytes

    def fail(path):
        if path.name == "00000003.jpg":
            raise OSError(error, os.strerror(error), str(path))
        return whole(path)

    monkeypatch.setattr(images.Path, "read_bytes", fail)
    with pytest.raises(OSError, match=os.strerror(error)):
        job(root).run()
    monkeypatch.undo()
    assert not (tmp_path / "out" / "A").exists()
    job(root).run()
    assert tree(tmp_path / "out" / "A") == tree(tmp_path / "truth" / "A")


def test_a_frame_for_which_there_is_no_memory_is_no_bad_image(got10k, tmp_path, monkeypatch, capsys):
    root = got10k("A")

    def full(*arguments):
        error = cv2.error("Insufficient memory")
        error.code = cv2.Error.StsNoMem
        raise error

    monkeypatch.setattr(cv2, "imdecode", full)
    with pytest.raises(MemoryError, match="no memory to decode"):
        images.read(root / "A" / "00000001.jpg")
    out = tmp_path / "out"
    assert main(["generate", "got10k", "--root", str(root), "--out", str(out), "--method", "box"]) == 1
    assert "out of memory (" in capsys.readouterr().err and not (out / "A").exists()
