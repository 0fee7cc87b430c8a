"""Generation from end to end: every frame gets a mask, a sequence appears whole or not at all, failures are listed."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxmask import masks
from boxmask.evaluate.baselines import filled_box
from boxmask.generate.engine import NetworkMasker
from boxmask.generate.run import Windows, generate_dataset, generate_sequence
from boxmask.generate.writer import OutputError, SequenceWriter
from boxmask.readers import got10k as got10k_reader

NAME = "GOT-10k_Train_000001"
BOX = "10,8,20,16"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def run(root, out, masker=filled_box, **options):
    dataset = got10k_reader.open_dataset(root)
    return generate_dataset(dataset, dataset.sequences, masker, out, **options)


def test_every_frame_has_a_mask_and_absent_ones_an_empty_one_of_their_size(got10k, tmp_path):
    sizes = [(64, 48), (50, 40), (64, 48), (70, 30), (64, 48)]
    root = got10k(boxes=[BOX, "-1,-1,-1,-1", "200,200,9,9", BOX, "60,40,900,900"], sizes=sizes)
    summary = run(root, tmp_path / "out", windows=Windows(2, 1))
    folder = tmp_path / "out" / NAME
    assert sorted(path.name for path in folder.iterdir()) == [f"{number:08d}.png" for number in range(1, 6)]
    read = [masks.read(folder / f"{number:08d}.png") for number in range(1, 6)]
    assert [mask.shape[::-1] for mask in read] == sizes
    assert [int(mask.sum()) for mask in read] == [320, 0, 0, 320, 4 * 8]
    done, = summary.done
    assert (done.frames, done.absent, done.outside, done.kept) == (5, 1, 1, False)
    assert not summary.failed


def test_the_masker_gets_windows_of_visible_frames_in_order(got10k, tmp_path):
    seen = []

    def masker(images, boxes):
        seen.append((len(images), boxes[:, 0].tolist()))
        return filled_box(images, boxes)

    root = got10k(boxes=[f"{index},8,9,9" for index in range(7)], absence=[0, 0, 1, 0, 0, 0, 0])
    run(root, tmp_path / "out", masker, windows=Windows(3, 2))
    assert seen == [(3, [0, 3, 5]), (3, [1, 4, 6])]


def test_the_network_and_a_sequence_of_one_frame(got10k, tmp_path, inside_net):
    root = got10k(boxes=[BOX])
    run(root, tmp_path / "out", NetworkMasker(inside_net()))
    assert masks.read(tmp_path / "out" / NAME / "00000001.png").sum() == 320


def test_a_sequence_without_its_target_is_all_empty(got10k, tmp_path):
    summary = run(got10k(absence=[1, 1, 1, 1]), tmp_path / "out")
    assert summary.done[0].absent == 4
    assert not masks.read(tmp_path / "out" / NAME / "00000004.png").any()


def test_a_bad_sequence_fails_and_the_others_are_done(got10k, tmp_path):
    got10k("A", boxes=[BOX, BOX])
    got10k("B", boxes=[BOX, "nan,1,1,1"])
    got10k("C", boxes=[BOX, BOX, BOX])
    root = got10k("D", boxes=[BOX])
    truncated = root / "C" / "00000003.jpg"
    truncated.write_bytes(truncated.read_bytes()[:-40])
    summary = run(root, tmp_path / "out")
    assert [done.name for done in summary.done] == ["A", "D"]
    assert sorted(summary.failed) == ["B", "C"]
    assert "sequence C, frame 00000003" in summary.failed["C"] and "truncated" in summary.failed["C"]
    assert sorted(os.listdir(tmp_path / "out")) == ["A", "D"]
    assert "sequences: 2 done, 0 kept, 2 failed\nframes: 3, each with a mask; 0 masks are empty" in str(summary)


def test_a_finished_sequence_is_kept_and_redone_only_when_asked(got10k, tmp_path):
    root, out = got10k(), tmp_path / "out"
    run(root, out)
    before = tree(out)

    def nothing(images, boxes):
        return [np.zeros(image.shape[:2], bool) for image in images]

    assert run(root, out, nothing).done[0].kept
    assert tree(out) == before
    assert not run(root, out, nothing, overwrite=True).done[0].kept
    assert tree(out).keys() == before.keys() and not masks.read(out / NAME / "00000001.png").any()
    assert os.listdir(out) == [NAME]


def test_a_folder_that_is_not_a_whole_result_is_neither_taken_nor_removed(got10k, tmp_path):
    root, out = got10k(), tmp_path / "out"
    run(root, out)
    (out / NAME / "00000002.png").unlink()
    before = tree(out)
    assert "holds no mask 00000002.png" in run(root, out).failed[NAME]
    (out / NAME / "holiday.jpg").write_bytes(b"dear")
    assert "also holds holiday.jpg" in run(root, out, overwrite=True).failed[NAME]
    assert tree(out).keys() == before.keys() | {f"{NAME}/holiday.jpg"}
    (out / NAME / "holiday.jpg").unlink()
    assert not run(root, out, overwrite=True).failed


def test_an_output_that_is_a_file_is_refused(got10k, tmp_path):
    sequence = got10k_reader.open_dataset(got10k()).read(NAME)
    (tmp_path / "out").write_text("")
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="out is a file"):
            generate_sequence(sequence, filled_box, tmp_path / "out", overwrite=overwrite)


class Killed(BaseException):
    """Stands for whatever ends the run in the middle."""


def dying(after):
    calls = iter(range(1000))

    def masker(images, boxes):
        if next(calls) == after:
            raise Killed
        return filled_box(images, boxes)

    return masker


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_run_that_dies_leaves_what_was_whole_and_nothing_else(got10k, tmp_path, overwrite):
    root, out = got10k("A"), tmp_path / "out"
    if overwrite:
        run(root, out)
    before = tree(out)
    with pytest.raises(Killed):
        run(root, out, dying(1), windows=Windows(2, 1), overwrite=overwrite)
    assert tree(out) == before
    assert not run(root, out, overwrite=overwrite).failed
    assert os.listdir(out) == ["A"] and len(tree(out)) == 4


def test_what_a_killed_run_left_is_removed_by_the_next(got10k, tmp_path):
    root, out = got10k(), tmp_path / "out"
    writer = SequenceWriter(out / NAME)
    writer.partial.mkdir(parents=True)
    (writer.partial / "00000009.png").write_bytes(b"half")
    run(root, out)
    assert os.listdir(out) == [NAME] and len(tree(out)) == 4


def test_killed_between_the_renames_the_old_masks_come_back(tmp_path):
    old = tmp_path / ".A.old"
    old.mkdir()
    (old / "1.png").write_bytes(b"whole")
    with pytest.raises(Killed), SequenceWriter(tmp_path / "A"):
        raise Killed
    assert tree(tmp_path) == {"A/1.png": b"whole"}


def test_a_full_disk_ends_the_run_and_keeps_what_is_finished(got10k, tmp_path, monkeypatch):
    got10k("A", boxes=[BOX, BOX])
    root, out = got10k("B", boxes=[BOX, BOX, BOX]), tmp_path / "out"
    write_bytes, written = Path.write_bytes, []

    def full_after_three(path, data):
        written.append(path)
        if len(written) > 3:
            write_bytes(path, data[:5])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_after_three)
    with pytest.raises(OSError, match="No space left") as caught:
        run(root, out)
    assert caught.value.errno == errno.ENOSPC and Path(caught.value.filename).name == "00000002.png"
    assert os.listdir(out) == ["A"] and len(tree(out)) == 2


def test_pytrackings_loader_reads_what_was_written(got10k, tmp_path, monkeypatch):
    from ltr.dataset import Got10kVOS

    got10k("GOT-10k_Train_000001", boxes=[BOX, "0,0,0,0", BOX], absence=[0, 1, 0], cover=[8, 0, 7])
    root = got10k("GOT-10k_Train_000002", boxes=["5,5,30,30"] * 2, absence=[0, 0], cover=[8, 8])
    for name in ("GOT-10k_Train_000001", "GOT-10k_Train_000002"):
        (root / name / "cut_by_image.label").write_text("0\n" * 3)
        (root / name / "meta_info.ini").write_text(
            "[METAINFO]\nurl: x\nbegin: 0\nend: 1\nanno_fps: 10Hz\nobject_class: dog\nmotion_class: run\n"
            "major_class: animal\nroot_class: animal\nmotion_adverb: fast\nresolution: (64, 48)\n")
    run(root, tmp_path / "masks")
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


def test_masks_are_palette_pngs_of_the_image_size(got10k, tmp_path):
    run(got10k(), tmp_path / "out")
    with Image.open(tmp_path / "out" / NAME / "00000003.png") as image:
        assert image.mode == "P" and image.size == (64, 48)
        assert np.unique(np.array(image)).tolist() == [0, 1]
