"""Large datasets open by names alone, and a sequence is read in one pass."""

import builtins
import io
import os
from pathlib import Path

import pytest

from boxmask.doctor.layouts import GOT10K, LASOT, nearby
from boxmask.readers import davis, got10k, lasot, tracking_folders, trackingnet, youtubevos
from boxmask.readers.sequence import DatasetError


@pytest.fixture
def opened(monkeypatch):
    """The files opened and folders listed since the start of the test, by name."""
    seen = []

    def watch(module, name):
        original = getattr(module, name)

        def call(path=".", *args, **kwargs):
            seen.append(Path(os.fspath(path)).name if not isinstance(path, int) else path)
            return original(path, *args, **kwargs)
        monkeypatch.setattr(module, name, call)

    for module, name in ((io, "open"), (builtins, "open"), (os, "listdir"), (os, "scandir")):
        watch(module, name)
    return seen


def test_opening_lasot_reads_no_annotation(tmp_path, opened):
    for group in range(70):
        for number in range(1, 21):
            (tmp_path / f"class{group}" / f"class{group}-{number}" / "img").mkdir(parents=True)
    opened.clear()
    assert len(lasot.open_dataset(tmp_path).sequences) == 1400
    assert len(opened) == 71  # the root and its classes


def test_opening_trackingnet_reads_no_annotation(tmp_path, files, opened):
    for part in range(3):
        folder = tmp_path / f"TRAIN_{part}"
        (folder / "frames").mkdir(parents=True)
        (folder / "anno").mkdir()
        for number in range(1000):
            (folder / "anno" / f"v{part}_{number}.txt").touch()
    opened.clear()
    assert len(trackingnet.open_dataset(tmp_path).sequences) == 3000
    assert sorted(opened) == sorted([tmp_path.name, *["anno", "frames"] * 3])


def test_a_sequence_is_one_pass_over_its_files_and_one_listing_of_its_frames(tmp_path, files, opened):
    names = [f"{number:08d}.jpg" for number in range(1, 9)]
    for name in names:
        for folder in ("got10k/s", "lasot/a/a-1/img", "otb/s/img"):
            files.write(tmp_path / folder / name, b"")
        files.write(tmp_path / "net/TRAIN_0/frames/s" / f"{int(name[:8]) - 1}.jpg", b"")
    boxes, flags = ["1,2,3,4"] * 8, ["0"] * 8
    for file, content in (("got10k/s/groundtruth.txt", boxes), ("got10k/s/absence.label", flags),
                          ("lasot/a/a-1/groundtruth.txt", boxes), ("lasot/a/a-1/out_of_view.txt", flags),
                          ("net/TRAIN_0/anno/s.txt", boxes), ("otb/s/groundtruth_rect.txt", boxes)):
        files.write(tmp_path / file, content)
    for reader, root, name, expected in (
            (got10k, "got10k", "s", ["s", "groundtruth.txt", "absence.label"]),
            (lasot, "lasot", "a-1", ["img", "groundtruth.txt", "out_of_view.txt"]),
            (trackingnet, "net", "s", ["s", "s.txt"]),
            (tracking_folders, "otb", "s", ["s", "img", "groundtruth_rect.txt"])):
        dataset = reader.open_dataset(tmp_path / root)
        opened.clear()
        dataset.read(name)
        assert sorted(opened) == sorted(expected)


@pytest.mark.parametrize(("reader", "folders", "expected"), [
    (got10k, ["train/GOT-10k_Train_000001"], r"<sequence>/groundtruth\.txt, as in the folder of a split"),
    (lasot, ["LaSOT/airplane/airplane-1"], "<class>/<class>-<n>"),
    (trackingnet, ["anno", "frames"], r"anno/<sequence>\.txt and frames/<sequence>"),
    (tracking_folders, [], r"<sequence>/groundtruth_rect\.txt"),
    (davis, ["JPEGImages/480p", "Annotations/480p"], "a folder of frames for each sequence"),
    (youtubevos, ["JPEGImages", "Annotations"], "a folder of masks for each video"),
])
def test_a_root_without_sequences_is_told_what_belongs_there(tmp_path, reader, folders, expected):
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(DatasetError, match=f"no sequences in it; expected .*{expected}"):
        reader.open_dataset(tmp_path)


@pytest.mark.parametrize(("reader", "file", "layout"), [(got10k, "train/a/groundtruth.txt", GOT10K),
                                                        (lasot, "LaSOT/a/a-1/groundtruth.txt", LASOT)])
def test_a_root_that_is_a_level_too_high_leads_to_the_doctor_who_knows_the_right_one(tmp_path, files, reader, file,
                                                                                     layout):
    files.write(tmp_path / file, ["1,2,3,4"])
    with pytest.raises(DatasetError) as error:
        reader.open_dataset(tmp_path)
    assert f"`BOXMASK_{layout.attribute.upper()}={tmp_path} boxmask doctor`" in str(error.value)
    assert nearby(tmp_path, layout.recognise) == tmp_path / Path(file).parts[0]
