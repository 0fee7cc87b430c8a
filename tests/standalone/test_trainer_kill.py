"""Training that is killed, or whose disk fails, at each step of writing its checkpoints, and started again."""

import errno
import shutil

import pytest
import torch


@pytest.fixture
def train(settings, toy_trainer):
    """train() -> weights after three epochs, of which two checkpoints are kept; it goes on where it was stopped."""
    settings.seed, settings.keep_checkpoints = 3, 2

    def train():
        trainer = toy_trainer(settings)
        trainer.train(3, load_latest=True)
        return torch.cat([parameter.detach().ravel() for parameter in trainer.actor.net.parameters()])
    return train


@pytest.mark.parametrize("fault", ["kill", errno.ENOSPC, errno.EIO])
def test_at_any_step_of_a_checkpoint_no_finished_epoch_is_lost(fault, train, checkpoints, faults):
    truth = train()
    shutil.rmtree(checkpoints)
    struck = 0
    prepare = lambda: shutil.rmtree(checkpoints, ignore_errors=True)  # noqa: E731
    for step, ended in faults.at_every_step(train, checkpoints, prepare, error=None if fault == "kill" else fault,
                                            lasts=fault == errno.ENOSPC):
        assert ended.is_foreseen, f"step {step}: {ended.reason}"
        assert ended.was_killed == (fault == "kill")
        assert ended.was_killed or ended.had_os_error or step == 2 or step > 4, "the folder need be made but once"
        whole = sorted(path.name for path in checkpoints.glob("*.pth.tar"))
        for name in whole:
            assert "net" in torch.load(checkpoints / name, weights_only=False), f"step {step}: {name}"
        assert torch.equal(train(), truth), f"step {step}"
        left = sorted(path.name for path in checkpoints.iterdir())  # an old one too, if it was to be removed last
        assert left[-2:] == ["ToyNet_ep0002.pth.tar", "ToyNet_ep0003.pth.tar"] and len(left) <= 3, f"step {step}"
        struck += 1
    assert struck > 10
