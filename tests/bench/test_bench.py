"""The benchmark: what the limit is, that the procedures compared make the same masks, and the command line."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from boxmask import boxes, cli, masks, weights
from boxmask.bench import measure, samples
from boxmask.bench.measure import STEPS, Spent
from boxmask.bench.report import Report, Round, Setting, limit
from boxmask.bench.run import Options, _job, _known_network
from boxmask.generate.plan import WindowOptions
from boxmask.readers import got10k


def steps(**seconds):
    return {step: seconds.get(step, 0.0) for step in STEPS}


@pytest.mark.parametrize(("seconds", "processors", "on_processors", "rate", "binding"), [
    ({"decode": 0.01, "png": 0.03, "network": 0.005}, 4, False, 100, "processors"),
    ({"decode": 0.01, "png": 0.03, "network": 0.02}, 4, False, 50, "device"),
    ({"decode": 0.01, "png": 0.03, "network": 0.02, "disk": 0.1}, 4, False, 10, "disk"),
    ({"decode": 0.02, "network": 0.09}, 2, True, 10, "processors"),
    ({"crop": 0.02, "compose": 0.01, "quality": 0.01, "network": 0.05}, 1, True, 1 / 0.09, "processors"),
])
def test_the_limit_is_the_least_of_processors_device_and_disk(seconds, processors, on_processors, rate, binding):
    found = limit(steps(**seconds), processors, on_processors=on_processors)
    assert found.rate == pytest.approx(rate) and found.binding == binding


def test_the_report_has_medians_spreads_and_ratios_of_each_round():
    setting = Setting(60, (64, 48), "drawn", "boxmask_lite", "cpu", "chunk", 2, 2, "2")
    rounds = tuple(Round(steps(network=seconds), Spent(seconds * 1.25, seconds), 5e8 * seconds,
                         Spent(seconds * 10, seconds * 9), 0.001, 0.009)
                   for seconds in (0.1, 0.2, 0.4))
    report = Report(setting, rounds)
    found = report.to_json()
    assert found["pipeline / limit"] == pytest.approx({"median": 0.8, "lowest": 0.8, "highest": 0.8})
    assert found["pipeline / steps in turn"]["median"] == pytest.approx(0.8)
    assert found["pipeline / reference"]["median"] == pytest.approx(8)
    assert found["the same in processor time"]["median"] == pytest.approx(9)
    assert found["rounds"][0]["pipeline"] == {"seconds": 0.125, "processors": 0.1}
    assert found["limit"] == pytest.approx({"median": 5, "lowest": 2.5, "highest": 10})
    assert len(found["rounds"]) == 3 and found["binding"] == "processors"
    text = str(report)
    assert "(50 to 200)" in text
    assert "200.0  (100.0 to 400.0)" in text and "what binds: the processors" in text and "64x48" in text
    assert "reference" not in Report(setting, (replace(rounds[0], reference=None),)).to_json()


def test_drawn_frames_have_the_boxes_of_their_targets(tmp_path):
    samples.write(tmp_path, (160, 96), 7, 2)
    dataset = got10k.open_dataset(tmp_path)
    sequences = [dataset.read(name) for name in dataset.sequences]
    assert [len(sequence) for sequence in sequences] == [4, 3]
    for sequence, start in zip(sequences, (0, 4), strict=True):
        for index in range(len(sequence)):
            assert sequence.frames.load(index).shape == (96, 160, 3)
            np.testing.assert_allclose(sequence.boxes[index, 0], boxes.from_mask(samples.target((160, 96),
                                                                                                start + index)))


def test_both_mask_files_are_timed_and_pillows_takes_longer():
    ours, pillow = measure.mask_files((1280, 720), 3)
    assert 0 < ours < pillow


def test_weights_are_random_only_where_none_come_with_boxmask():
    assert _known_network(Options()) == weights.default_checkpoint()
    assert _known_network(Options(network="boxmask_resnet50")) is None
    assert _known_network(Options(checkpoint=Path("own.pth.tar"))) == Path("own.pth.tar")


def test_the_reference_procedure_makes_the_masks_of_sliding_windows(tmp_path):
    options = Options(size=(160, 96), num_frames=4, windows=WindowOptions("sliding"))
    prepared = replace(_job(options, tmp_path), smoothing=0).prepare()
    assert min(measure.Reference(prepared, 2)(tmp_path / "reference")) > 0
    measure.pipeline(prepared, tmp_path / "sliding")
    found = sorted((tmp_path / "reference").glob("*.png"))
    assert [path.stem for path in found] == ["0", "3"]
    for path in found:
        mask = masks.read(tmp_path / "sliding" / prepared.names[0] / f"{int(path.stem) + 1:08d}.png")
        assert np.count_nonzero(mask != masks.read(path)) <= 0.001 * mask.size


def test_steps_alone_leave_opencvs_threads_as_they_were(tmp_path):
    before = cv2.getNumThreads()
    found = measure.alone(_job(Options(size=(64, 48), num_frames=2), tmp_path).prepare(), tmp_path / "alone")
    assert cv2.getNumThreads() == before
    assert set(found) == set(STEPS) and all(seconds > 0 for seconds in found.values())
    assert len(list((tmp_path / "alone").glob("*.png"))) == 2


def test_the_command_measures_frames_of_ones_own_and_leaves_nothing_behind(tmp_path, capsys):
    frames, out = tmp_path / "frames", tmp_path / "out"
    samples.write(tmp_path / "data", (64, 48), 3, 1)
    (tmp_path / "data" / "Bench_000001").rename(frames)
    (frames / "groundtruth.txt").rename(tmp_path / "boxes.txt")
    out.mkdir()
    code = cli.main(["bench", "--frames", str(frames), "--boxes", str(tmp_path / "boxes.txt"), "--num-frames", "2",
                     "--rounds", "1", "--device", "cpu", "--out", str(out), "--json", str(tmp_path / "bench.json")])
    assert code == 0 and not list(out.iterdir())
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["setting"]["frames"] == 2 and found["setting"]["size"] == [64, 48]
    assert found["setting"]["source"] == "folder" and len(found["rounds"]) == 1
    assert found["setting"]["network"].startswith("boxmask_lite (boxmask_lite.safetensors, ")
    assert found["rounds"][0]["memory"] > 1e7
    assert f"{found['pipeline']['median']:.2f}" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "message"), [
    (["--layout", "davis"], "--layout and --root belong together"),
    (["--frames", "x"], "--frames and --boxes belong together"),
    (["--layout", "davis", "--root", "x", "--frames", "x", "--boxes", "y"], "either"),
])
def test_options_that_do_not_go_together_are_wrong_usage(arguments, message, capsys):
    assert cli.main(["bench", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_an_error(capsys):
    assert cli.main(["bench", "--out", "/no/such/folder"]) == 1
    assert "no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["1920", "x", "8x8", "1920x1080x3", "1x-5", "99999x20"])
def test_a_size_is_width_x_height(size, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["bench", "--size", size])
    assert left.value.code == 2 and "such as 1920x1080" in capsys.readouterr().err
