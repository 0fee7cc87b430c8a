"""The command line: what the commands print, and one line for every kind of bad input."""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import boxmask
from boxmask import masks
from boxmask.cli import build_parser, main
from boxmask.evaluate.baselines import Baseline
from boxmask.generate import manifest
from ltr.models.boxmask import boxmask_lite, vos_lite
from ltr.models.boxmask import checkpoint as checkpoints

NAME = "GOT-10k_Train_000001"
BOX = "10,8,20,16"
PROJECT = Path(boxmask.__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A new boxmask_lite in a file."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("nets") / "lite.safetensors"
    checkpoints.save(boxmask_lite(), path)
    return path


@pytest.fixture
def fails(capsys):
    """fails(arguments, *parts): the command exits with 1 and one line that holds all parts."""
    def check(arguments, *parts):
        assert main([str(each) for each in arguments]) == 1
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("boxmask: error: ")]
        assert len(lines) == 1, lines
        for part in parts:
            assert str(part) in lines[0]
    return check


def folder(tmp_path, files, boxes, count=3):
    for index in range(count):
        files.image(tmp_path / "video" / f"f{index}.png", files.picture(index))
    (tmp_path / "boxes.txt").write_text("".join(f"{box}\n" for box in boxes))
    return ["generate", "folder", "--frames", tmp_path / "video", "--boxes", tmp_path / "boxes.txt", "--out",
            tmp_path / "out"]


def texts(arguments):
    return [str(each) for each in arguments]


def test_got10k_with_a_real_network(got10k, tmp_path, checkpoint, capsys):
    root = got10k(boxes=[BOX, "0,0,0,0"])
    assert main(texts(["generate", "got10k", "--root", root, "--out", tmp_path / "out", "--checkpoint", checkpoint,
                       "--device", "cpu", "--iterations", 2, "--search-factor", 2])) == 0
    assert ("sequences: 1 done, 0 failed\n"
            "frames: 2 = 1 ok, 1 absent, 0 invalid box, 0 bad image, 0 failed\n") in capsys.readouterr().out
    with Image.open(tmp_path / "out" / NAME / "00000001.png") as image:
        assert image.size == (64, 48) and set(np.unique(np.array(image))) <= {0, 1}


def test_masks_reach_beyond_their_boxes_where_they_may_and_a_repair_knows_it(got10k, tmp_path, checkpoint, tree):
    everything = checkpoints.load(checkpoint)
    everything.decoder.logit.bias.data.fill_(1e3)
    checkpoints.save(everything, tmp_path / "everything.safetensors")
    out = tmp_path / "out"
    arguments = texts(["generate", "got10k", "--root", got10k(boxes=["20,10,20,16"]), "--out", out, "--checkpoint",
                       tmp_path / "everything.safetensors", "--device", "cpu", "--iterations", 1])
    assert main(arguments) == 0
    assert masks.read(out / NAME / "00000001.png").sum() == 20 * 16
    assert main([*arguments, "--box-margin", "0.1"]) == 1
    assert main([*arguments, "--box-margin", "0.1", "--overwrite"]) == 0
    found = masks.read(out / NAME / "00000001.png")
    assert (found[8:28, 18:42] == 1).all() and found.sum() == 24 * 20  # of 1.6 rows more all that are touched
    whole = tree(out)
    (out / NAME / "00000001.png").unlink()
    assert main(["verify", str(out), "--repair"]) == 0
    assert tree(out) == whole


@pytest.mark.parametrize("option", ["refinements", "smoothing"])
def test_what_is_done_to_masks_is_on_record_and_a_repair_does_as_much(got10k, tmp_path, checkpoint, tree, option):
    out = tmp_path / "out"
    arguments = texts(["generate", "got10k", "--root", got10k(), "--out", out, "--checkpoint", checkpoint, "--device",
                       "cpu", "--iterations", 1])
    assert main([*arguments, f"--{option}", "3"]) == 0
    assert json.loads((out / ".boxmask/run.json").read_text())["settings"][option] == 3
    assert main(arguments) == 1
    whole = tree(out)
    (out / NAME / "00000001.png").unlink()
    assert main(["verify", str(out), "--repair"]) == 0
    assert tree(out) == whole


@pytest.mark.parametrize("threads", ["", "2,1", "many"])
def test_workers_take_whatever_openmp_takes_for_a_number_of_threads(got10k, tmp_path, monkeypatch, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert main(texts(["generate", "got10k", "--root", got10k(), "--out", tmp_path / "out", "--method", "box",
                       "--workers", 2])) == 0


def test_a_folder_may_be_called_otherwise(files, tmp_path):
    assert main(texts([*folder(tmp_path, files, [BOX] * 3), "--name", "car", "--method", "box"])) == 0
    assert (tmp_path / "out" / "car" / "manifest.json").is_file() and not (tmp_path / "out" / "video").exists()


def test_folder_keeps_the_names_of_the_images(files, tmp_path):
    arguments = folder(tmp_path, files, [BOX, "0 0 0 0", "1\t1\t5\t5"])
    assert main(texts([*arguments, "--method", "box"])) == 0
    assert {path.name: int(masks.read(path).sum()) for path in (tmp_path / "out" / "video").glob("*.png")} == {
        "f0.png": 320, "f1.png": 0, "f2.png": 25}


def test_davis_generate_then_evaluate_then_overlay(davis, tmp_path, capsys):
    label = np.zeros((48, 64), np.uint8)
    label[10:30, 20:40] = 1
    root, out = davis("dog", [label, label]), tmp_path / "out"
    davis("cat", [label])
    assert main(texts(["generate", "davis", "--root", root, "--split", "val", "--sequences", "dog", "--out", out,
                       "--method", "box"])) == 0
    assert sorted(os.listdir(out)) == [".boxmask", "dog"]
    scores = tmp_path / "scores.json"
    assert main(texts(["evaluate", "masks", "--masks", out, "--truth", root, "--json", scores])) == 0
    assert re.search(r"^dog +2 +1\.000 +1\.000 ", capsys.readouterr().out, re.MULTILINE)
    assert json.loads(scores.read_text())["sequences"]["dog"]["J_mean"] == 1.0
    picture = tmp_path / "dog.png"
    assert main(texts(["overlay", "--frames", root / "JPEGImages/480p/dog", "--masks", out / "dog", "--out", picture,
                       "--count", 2])) == 0
    with Image.open(picture) as image:
        assert capsys.readouterr().out == f"{picture}: {image.size[0]}x{image.size[1]}\n"


def test_limit_and_a_second_run(got10k, tmp_path, capsys):
    for name in "ABC":
        root = got10k(name, boxes=[BOX])
    arguments = texts(["generate", "got10k", "--root", root, "--out", tmp_path / "out", "--method", "box"])
    assert main([*arguments, "--limit", "2"]) == 0
    assert sorted(os.listdir(tmp_path / "out")) == [".boxmask", "A", "B"]
    assert main(arguments) == 0
    assert "sequences: 3 done, 0 failed" in capsys.readouterr().out


def test_a_failed_sequence_is_listed_at_the_end_with_exit_code_1(got10k, tmp_path, fails, capsys):
    got10k("A", boxes=[BOX])
    root = got10k("B", boxes=[BOX])
    (root / "B" / "groundtruth.txt").unlink()
    arguments = ["generate", "got10k", "--root", root, "--out", tmp_path / "out", "--method", "box"]
    fails(arguments, "GOT-10k", "sequence B", root / "B" / "groundtruth.txt")
    assert sorted(os.listdir(tmp_path / "out")) == [".boxmask", "A"]
    (root / "B" / "groundtruth.txt").write_text(f"{BOX}\n")
    assert main(texts(arguments)) == 0


@pytest.mark.parametrize(("boxes", "outcomes"), [
    ([BOX, BOX], {"ok": 2, "invalid_box": 1}),
    ([BOX, "nan,nan,nan,nan", BOX], {"ok": 2, "invalid_box": 1}),
    ([BOX, BOX, "1,1,-4,4"], {"ok": 2, "invalid_box": 1}),
    ([BOX, "x", BOX], {"ok": 2, "invalid_box": 1}),
    (["0,0,0,0", "-1,-1,-1,-1", "500,500,9,9"], {"absent": 2, "invalid_box": 1}),
])
def test_bad_boxes_cost_their_frames_alone(files, tmp_path, boxes, outcomes):
    assert main(texts([*folder(tmp_path, files, boxes), "--method", "box"])) == 0
    assert manifest.read_header(tmp_path / "out" / "video").counts == outcomes
    assert len(list((tmp_path / "out" / "video").glob("*.png"))) == 3


@pytest.mark.parametrize(("damage", "problem"), [
    (lambda data: data[:-30], "truncated"),
    (lambda data: b"", "empty"),
    (lambda data: b"no image at all", "not an image"),
])
def test_bad_images_cost_their_frames_alone_and_are_told(files, tmp_path, caplog, damage, problem):
    arguments = folder(tmp_path, files, [BOX] * 3)
    path = tmp_path / "video" / "f2.png"
    path.write_bytes(damage(path.read_bytes()))
    with caplog.at_level("INFO"):
        assert main(texts([*arguments, "--method", "box"])) == 0
    assert "2 ok, 1 bad image (frame f2: " in caplog.text and problem in caplog.text
    assert masks.read(tmp_path / "out" / "video" / "f2.png").shape == (48, 64)


@pytest.mark.parametrize("name", ["..", ".hidden", "../B", "a/b", "a\\b", "/etc"])
def test_names_that_lead_elsewhere_are_refused(got10k, tmp_path, fails, name):
    root = got10k("A")
    (root / "list.txt").write_text(f"A\n{name}\n")
    fails(["generate", "got10k", "--root", root, "--out", tmp_path / "out", "--method", "box"], "not the name of",
          "list.txt")
    assert sorted(os.listdir(tmp_path)) == ["got10k"]


def test_missing_folders_splits_and_sequences_are_one_line(got10k, davis, tmp_path, fails):
    out = ["--out", tmp_path / "out", "--method", "box"]
    fails(["generate", "got10k", "--root", tmp_path / "nowhere", *out], "GOT-10k", tmp_path / "nowhere", "not exist")
    fails(["generate", "davis", "--root", tmp_path / "nowhere", *out], "DAVIS", tmp_path / "nowhere", "not exist")
    fails(["generate", "folder", "--frames", tmp_path / "nowhere", "--boxes", "b.txt", *out], "nowhere", "not exist")
    fails(["generate", "got10k", "--root", got10k(), "--sequences", "other", *out], "no sequence other", NAME)
    root = davis("dog", [np.ones((48, 64), np.uint8)])
    fails(["generate", "davis", "--root", root, "--split", "test", *out], "ImageSets/2017/test.txt")
    fails(["evaluate", "masks", "--masks", tmp_path / "nowhere", "--truth", root], "nowhere: no such folder")
    fails(["overlay", "--frames", tmp_path / "nowhere", "--masks", root, "--out", "x.png"], "nowhere", "not exist")


def test_masks_never_replace_what_they_are_made_from(files, davis, tmp_path, fails):
    arguments = folder(tmp_path, files, [BOX] * 3)
    fails([*arguments[:-1], tmp_path / "video", "--method", "box", "--overwrite"], "video is in", "choose an --out")
    root = davis("dog", [np.ones((48, 64), np.uint8)])
    fails(["generate", "davis", "--root", root, "--out", root / "Annotations" / "480p", "--method", "box",
           "--overwrite"], "Annotations/480p is in", "choose an --out")


def test_bad_checkpoints_and_devices_are_one_line(got10k, tmp_path, checkpoint, fails):
    arguments = ["generate", "got10k", "--root", got10k(), "--out", tmp_path / "out"]
    fails([*arguments, "--checkpoint", tmp_path / "none.safetensors"], "none.safetensors")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    fails([*arguments, "--checkpoint", tmp_path / "junk.safetensors"], "junk.safetensors")
    checkpoints.save(vos_lite(), tmp_path / "vos.safetensors")
    fails([*arguments, "--checkpoint", tmp_path / "vos.safetensors"], "vos.safetensors", "vos_lite", "boxmask_lite")
    fails([*arguments, "--checkpoint", checkpoint, "--device", "toaster"], "no device 'toaster'")
    fails([*arguments, "--checkpoint", checkpoint, "--device", "cuda:99"], "no device 'cuda:99'")
    assert not (tmp_path / "out").exists()


def test_options_that_do_not_go_together_are_wrong_usage(tmp_path, capsys):
    assert main(texts(["generate", "got10k", "--root", "r", "--out", tmp_path / "out", "--drop-poor"])) == 2
    assert "--drop-poor needs --min-quality" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--box-margin", "0.1"], ["--windows", "sliding", "--overlap", "2"],
                                     ["--iterations", "3"], ["--checkpoint", "c"]])
def test_options_that_would_change_nothing_are_wrong_usage(tmp_path, capsys, options):
    given = ["generate", "got10k", "--root", "r", "--out", str(tmp_path / "out"), "--method", "box", *options]
    assert main(given) == 2
    assert f"{', '.join(options[::2])} would change nothing" in capsys.readouterr().err
    assert main(["verify", str(tmp_path), "--root", "r", "--device", "cpu"]) == 2
    assert "--root, --device says how to make sequences again; give --repair too" in capsys.readouterr().err


def test_a_place_for_figures_is_made_or_refused_before_the_work(got10k, tmp_path, capsys):
    given = texts(["generate", "got10k", "--root", got10k(), "--out", tmp_path / "out", "--method", "box", "--json"])
    assert main([*given, str(tmp_path)]) == 2
    assert f"{tmp_path}: no file can be written there" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main([*given, str(tmp_path / "file" / "figures.json")]) == 1
    assert not (tmp_path / "out").exists()
    assert main([*given, str(tmp_path / "new" / "figures.json")]) == 0
    assert json.loads((tmp_path / "new" / "figures.json").read_text())["sequences"]["done"] == 1


def test_failures_are_told_even_where_the_figures_cannot_be_written(got10k, tmp_path, capsys):
    root = got10k("A")
    (root / "A" / "groundtruth.txt").unlink()
    assert main(texts(["generate", "got10k", "--root", root, "--out", tmp_path / "out", "--method", "box", "--json",
                       "/dev/full"])) == 1
    assert "groundtruth.txt" in capsys.readouterr().err


def test_a_path_that_is_no_text_is_named(tmp_path, capsys):
    root = tmp_path / "caf\udce9"
    assert main(["generate", "got10k", "--root", str(root), "--out", str(tmp_path / "out"), "--method", "box"]) == 2
    assert "caf\\udce9': the path is not UTF-8" in capsys.readouterr().err


def test_under_torchrun_a_failed_sequence_is_the_error_of_the_process_that_speaks(got10k, tmp_path, monkeypatch):
    root = got10k("A")
    (root / "A" / "groundtruth.txt").unlink()
    codes = {}
    for rank in "10":
        monkeypatch.setenv("RANK", rank)
        codes[rank] = main(texts(["generate", "got10k", "--root", root, "--out", tmp_path / "out", "--method", "box"]))
    assert codes == {"1": 0, "0": 1}


def test_a_full_disk_is_one_line(got10k, tmp_path, fails, monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    root = got10k()
    monkeypatch.setattr(Path, "write_bytes", full)
    fails(["generate", "got10k", "--root", root, "--out", tmp_path / "out", "--method", "box"],
          "00000001.png: the disk is full; free some space", "what is finished stays")
    assert os.listdir(tmp_path / "out") == [".boxmask"]


@pytest.mark.parametrize("arguments", [
    [], ["generate"], ["generate", "got10k"], ["generate", "nonsense"], ["evaluate"], ["verify"],
    ["evaluate", "masks"], ["overlay"],
    ["generate", "got10k", "--root", "r", "--out", "o", "--window", "0"],
    ["generate", "got10k", "--root", "r", "--out", "o", "--stride", "-1"],
    ["generate", "got10k", "--root", "r", "--out", "o", "--search-factor", "0.5"],
    ["generate", "got10k", "--root", "r", "--out", "o", "--box-margin", "0.2"],
    ["generate", "got10k", "--root", "r", "--out", "o", "--method", "magic"],
    ["generate", "got10k", "--root", "r", "--out", "o", "--overlap", "-1"],
    ["generate", "got10k", "--root", "r", "--out", "o", "--min-quality", "2"],
    ["generate", "got10k", "--root", "r", "--out", "o", "--claim-timeout", "0"],
    ["generate", "got10k", "--root", "r", "--out", "o", "--workers", "0"],
    ["generate", "coco", "--root", "r", "--out", "o"], ["generate", "video", "--video", "v", "--out", "o"],
])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: boxmask" in capsys.readouterr().err


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(ValueError, match="not exist"):
        main(["--debug", "generate", "got10k", "--root", str(tmp_path / "x"), "--out", "o", "--method", "box"])


def test_ctrl_c_exits_with_130(got10k, tmp_path, monkeypatch, capsys):
    def interrupted(image, box):
        raise KeyboardInterrupt

    monkeypatch.setattr("boxmask.evaluate.baselines.filled_box", Baseline(interrupted))
    assert main(texts(["generate", "got10k", "--root", got10k(), "--out", tmp_path / "out", "--method", "box"])) == 130
    assert "interrupted" in capsys.readouterr().err
    assert os.listdir(tmp_path / "out") == [".boxmask"]


def test_help_names_the_commands_and_loads_nothing_heavy():
    code = ("import sys\nfrom boxmask.cli import build_parser\nbuild_parser().print_help()\n"
            "assert not {'torch', 'cv2', 'numpy', 'ltr'} & set(sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    for word in ("generate", "verify", "evaluate", "overlay", "demo", "--pytracking", "examples:", "exit codes:",
                 "synthetic"):
        assert word in done.stdout


def test_the_examples_in_the_help_parse():
    examples = re.findall(r"^  boxmask (.+)$", build_parser().format_help(), re.MULTILINE)
    assert len(examples) == 8
    for example in examples:
        assert callable(build_parser().parse_args(example.split()).run)


def test_python_m_boxmask_runs_and_returns_the_exit_code(tmp_path):
    done = subprocess.run([sys.executable, "-m", "boxmask", "evaluate", "masks", "--masks", str(tmp_path / "x"),
                           "--truth", "y"], capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 1
    assert done.stderr.strip() == (f"boxmask: error: {tmp_path / 'x'}: no such folder; expected folders of masks, "
                                   "<sequence>/<frame>.png")


def test_a_host_that_is_none_is_one_line(got10k, tmp_path, checkpoint):
    done = subprocess.run([sys.executable, "-m", "boxmask", "--pytracking", str(tmp_path), "generate", "got10k",
                           "--root", str(got10k()), "--out", str(tmp_path / "out"), "--checkpoint", str(checkpoint)],
                          capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 1
    assert "is not a pytracking checkout" in done.stderr and len(done.stderr.splitlines()) == 1


def test_the_demo_goes_the_whole_way_on_a_given_network(tmp_path, checkpoint, monkeypatch, capsys):
    monkeypatch.setattr("boxmask.samples.NUM_FRAMES", 2)
    out = tmp_path / "demo"
    assert main(texts(["demo", "--checkpoint", checkpoint, "--num-sequences", 1, "--out", out])) == 0
    printed = capsys.readouterr().out
    table = printed[printed.index("J mean"):].splitlines()
    assert re.split(r"\s{2,}", table[0]) == ["J mean", "boxmask", "GrabCut", "filled box"]
    assert [line.split()[0] for line in table[1:3]] == ["Sample_000001", "all"]
    assert all(0 <= float(value) <= 1 for value in table[1].split()[1:])
    assert (out / "Sample_000001.png").is_file()
    assert sorted(os.listdir(out / "masks")) == ["boxmask", "filled_box", "grabcut"]
    truth = masks.read(out / "samples" / "truth" / "Sample_000001" / "00000002.png")
    assert truth.shape == (270, 480) and truth.any()
