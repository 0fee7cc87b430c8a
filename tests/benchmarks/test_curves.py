"""The curves of a training, from what its checkpoints keep and from what it has printed."""

import pytest
import torch

from benchmarks import curves
from boxmask import host


@pytest.fixture
def folder(tmp_path):
    """Checkpoints of a run of three epochs, in the second of which there was no validation."""
    host.activate()
    from ltr.admin.stats import AverageMeter, StatValue

    meters = {"train": {"Loss/total": AverageMeter(), "LearningRate/group0": StatValue()},
              "val": {"Loss/total": AverageMeter(), "Stats/J": AverageMeter()}, "unused": None}
    for epoch, (loss, val_loss, jaccard) in enumerate([(2.0, 1.5, 0.5), (1.0, None, None), (0.5, 1.0, 0.75)], 1):
        meters["train"]["Loss/total"].update(loss)
        meters["train"]["LearningRate/group0"].update(1e-3)
        if jaccard is not None:
            meters["val"]["Loss/total"].update(val_loss)
            meters["val"]["Stats/J"].update(jaccard)
        for meter in (meters["train"]["Loss/total"], *meters["val"].values()):
            meter.new_epoch()
        torch.save({"stats": meters}, tmp_path / f"Net_ep{epoch:04d}.pth.tar")
    return tmp_path


def test_a_table_per_loader_of_the_newest_checkpoint(folder, capsys):
    assert curves.main([str(folder)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["train", "Loss/total"], ["1", "2.000"], ["2", "1.000"], ["3", "0.500"], [],
                     ["val", "Loss/total", "Stats/J"], ["2", "1.500", "0.500"], ["3", "1.000", "0.750"]]


def test_a_picture_of_them(folder, tmp_path):
    assert curves.main([str(folder / "Net_ep0001.pth.tar"), "--out", str(tmp_path / "curves.png")]) == 0
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_what_a_training_printed_gives_the_same_and_an_epoch_counts_as_it_was_done_last(tmp_path, capsys):
    (tmp_path / "train.log").write_text("""Training:  boxmask  lite
[train: 1, 10 / 20] FPS: 1.0 (1.0)  ,  Loss/total: 9.00000  ,  Stats/J: 0.90000
[train: 1, 20 / 20] FPS: 1.0 (1.0)  ,  Loss/total: 2.00000  ,  Stats/J: 0.50000  ,  ETA: 0:00:00
[val: 1, 2 / 2] FPS: 5.0 (5.0)  ,  Loss/total: 1.50000  ,  Stats/J: 0.60000
[train: 2, 20 / 20] FPS: 1.0 (1.0)  ,  Loss/total: 1.90000  ,  Stats/J: 0.51000
resumed from BoxMaskNet_ep0001.pth.tar (epoch 1)
[train: 2, 20 / 20] FPS: 1.0 (1.0)  ,  Loss/total: 1.00000  ,  Stats/J: 0.55000
""")
    assert curves.main([str(tmp_path / "train.log")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["train", "Loss/total", "Stats/J"], ["1", "2.000", "0.500"], ["2", "1.000", "0.550"], [],
                     ["val", "Loss/total", "Stats/J"], ["1", "1.500", "0.600"]]


def test_epochs_of_a_log_that_begins_later_keep_their_numbers(tmp_path, capsys):
    (tmp_path / "train.log").write_text("""[train: 5, 20 / 20] FPS: 1.0 (1.0)  ,  Loss/total: 2.00000
[train: 6, 20 / 20] FPS: 1.0 (1.0)  ,  Loss/total: 1.00000
[val: 6, 2 / 2] FPS: 5.0 (5.0)  ,  Loss/total: 1.50000
""")
    assert curves.main([str(tmp_path / "train.log")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["train", "Loss/total"], ["5", "2.000"], ["6", "1.000"], [], ["val", "Loss/total"],
                     ["6", "1.500"]]


def test_values_that_are_not_finite_or_missing_are_shown_as_they_are(tmp_path, capsys):
    (tmp_path / "train.log").write_text("""[train: 1, 20 / 20] FPS: 1.0 (1.0)  ,  Loss/total: nan  ,  Loss/stage1: -inf
[train: 2, 20 / 20] FPS: 1.0 (1.0)  ,  Loss/total: inf  ,  Loss/stage1: 1.90000  ,  Stats/J: 0.50000
[train: 3, 20 / 20] FPS: 1.0 (1.0)  ,  Loss/total: 1.00000  ,  Loss/stage1: -1.00000  ,  Stats/J: nan
""")
    assert curves.main([str(tmp_path / "train.log"), "--out", str(tmp_path / "curves.png")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[:4] == [["train", "Loss/total", "Loss/stage1", "Stats/J"], ["1", "nan", "-inf", "nan"],
                         ["2", "inf", "1.900", "0.500"], ["3", "1.000", "-1.000", "nan"]]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_no_training_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint \(\*_ep\*.pth.tar\)"):
        curves.main([str(tmp_path)])
    torch.save({"stats": {}}, tmp_path / "a.pth.tar")
    with pytest.raises(ValueError, match="no statistics of epochs"):
        curves.main([str(tmp_path / "a.pth.tar")])
    (tmp_path / "a.log").write_text("Training:  boxmask  lite\n")
    with pytest.raises(ValueError, match="no statistics of epochs"):
        curves.main([str(tmp_path / "a.log")])
