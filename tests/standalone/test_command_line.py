"""`run_training` as a process: exit codes, signals, full disks, several processes."""

import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ltr import run_training
from ltr.admin.loading import torch_load_legacy

SECONDS = 300  # a process takes a few; a machine may be busy


def files(workspace="workspace"):
    return sorted(os.listdir(Path(workspace, "checkpoints/ltr/toy/plain")))


@pytest.fixture
def train(command):
    """Runs `run_training toy plain` with the given environment; `wait_for` returns at that line, with the process."""
    start, environment = command

    def run(*, wait_for=None, prefix=(), before=None, **variables):
        process = subprocess.Popen([*(prefix or start[:1]), start[1], "ltr.run_training", "toy", "plain"], text=True,
                                   env={**environment, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   preexec_fn=before)
        if wait_for is None:
            out, err = process.communicate(timeout=SECONDS)
            return process.returncode, out, err
        assert any(wait_for in line for line in process.stdout), process.stderr.read()
        return process

    return run


def test_a_run_killed_in_mid_epoch_goes_on_from_its_last_checkpoint_and_ends_as_if_never_stopped(train, settings,
                                                                                               toy_trainer):
    process = train(wait_for="HANGING", TOY_HANG_IN="2")
    process.send_signal(signal.SIGKILL)
    assert process.wait(SECONDS) == -signal.SIGKILL
    assert files() == ["ToyNet_ep0001.pth.tar"]
    code, out, err = train()
    assert (code, err) == (0, "")
    assert "ToyNet_ep0001.pth.tar (epoch 1)" in out
    assert "[train: 1," not in out
    settings.seed, settings.env.workspace_dir = 5, "straight"
    straight = toy_trainer(settings)
    straight.train(3)
    stopped = torch_load_legacy("workspace/checkpoints/ltr/toy/plain/ToyNet_ep0003.pth.tar")
    assert all(torch.equal(value, stopped["net"][name]) for name, value in straight.actor.net.state_dict().items())
    assert stopped["stats"]["train"]["Loss/total"].history == straight.stats["train"]["Loss/total"].history


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(train):
    process = train(wait_for="HANGING", TOY_HANG_IN="2")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "interrupted in epoch 2. 1 epochs are kept; the same command goes on" in out
    assert "Traceback" not in err
    assert files() == ["ToyNet_ep0001.pth.tar"]


def test_a_loss_that_is_not_finite_is_one_line_and_exit_code_1(train):
    code, _, err = train(TOY_NAN="1")
    assert code == 1
    assert len(err.splitlines()) == 1
    assert err.startswith("error: the loss is nan in epoch 2, train batch 3 of ltr/toy/plain")
    assert files() == ["ToyNet_ep0001.pth.tar"]


def test_a_disk_that_takes_no_more_is_one_line_and_leaves_nothing_half_written(train):
    def small_files_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    code, _, err = train(before=small_files_only)
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "ToyNet_ep0001.pth.tar" in err
    assert files() == []


def test_two_processes_train_one_network_on_their_parts_of_the_data(train, tmp_path):
    code, out, err = train(prefix=(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"),
                           TOY_DUMP=str(tmp_path / "rank"), TOY_EPOCHS="2")
    assert code == 0, err
    ranks = [torch.load(tmp_path / f"rank{rank}.pt") for rank in (0, 1)]
    assert all(torch.equal(value, ranks[1]["net"][name]) for name, value in ranks[0]["net"].items())
    assert ranks[0]["stats"] == ranks[1]["stats"]
    assert len(ranks[0]["stats"]["Loss/total"]) == 2
    assert files() == ["ToyNet_ep0001.pth.tar", "ToyNet_ep0002.pth.tar"]
    # 16 samples in batches of 4 are 4 batches for one process and 2 for each of two; one of them prints.
    assert [line.split("]")[0] for line in out.splitlines() if line.startswith("[train")] == ["[train: 1, 2 / 2",
                                                                                            "[train: 2, 2 / 2"]
    trained = torch_load_legacy("workspace/checkpoints/ltr/toy/plain/ToyNet_ep0002.pth.tar")
    assert torch.equal(trained["net"]["layer.weight"], ranks[0]["net"]["layer.weight"])


@pytest.mark.parametrize(("arguments", "message"), [
    (["tiy", "plain"], "there are no train settings 'tiy'; there are: .*toy"),
    (["toy", "plan"], "'toy' has no train settings 'plan'; it has: plain"),
])
def test_unknown_settings_are_answered_with_those_that_exist(arguments, message, capsys):
    assert run_training.main(arguments) == 1
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1
    assert re.search(message, err)


def test_debug_shows_where_an_error_comes_from():
    with pytest.raises(ValueError, match="there are no train settings"):
        run_training.main(["nothing", "here", "--debug"])


@pytest.mark.parametrize("flag", ["maybe", "2"])
def test_a_flag_is_0_or_1(flag, capsys):
    with pytest.raises(SystemExit) as stop:
        run_training.main(["toy", "plain", "--cudnn_benchmark", flag])
    assert stop.value.code == 2
    assert "neither 0 nor 1" in capsys.readouterr().err
