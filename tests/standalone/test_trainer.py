"""The trainer: what it writes, how it resumes, and that no failure is hidden."""

import datetime
import errno
import os
import sys

import pytest
import torch

import ltr
from ltr.admin.loading import CheckpointError, CorruptCheckpointError, torch_load_legacy
from ltr.models.toynet import toynet
from ltr.trainers.ltr_trainer import NonFiniteLossError

KEYS = {"epoch", "actor_type", "net_type", "net", "net_info", "constructor", "optimizer", "stats", "settings"}


def weights(trainer):
    return torch.cat([parameter.detach().ravel() for parameter in trainer.actor.net.parameters()])


def history(trainer, name="Loss/total", loader="train"):
    return trainer.stats[loader][name].history


def test_a_checkpoint_has_pytrackings_name_and_keys(settings, checkpoints, toy_trainer):
    toy_trainer(settings).train(2)
    assert sorted(os.listdir(checkpoints)) == ["ToyNet_ep0001.pth.tar", "ToyNet_ep0002.pth.tar"]
    content = torch_load_legacy(checkpoints / "ToyNet_ep0002.pth.tar")
    assert set(content) == KEYS | {"lr_scheduler"}
    assert (content["epoch"], content["actor_type"], content["net_type"]) == (2, "ToyActor", "ToyNet")
    assert content["settings"].project_path == "ltr/toy/plain"
    assert content["settings"].env.workspace_dir == settings.env.workspace_dir
    assert content["stats"]["train"]["Loss/total"].history[1] < content["stats"]["train"]["Loss/total"].history[0]


@pytest.mark.parametrize("workers", [0, 2])
def test_two_epochs_and_two_more_equal_four_without_a_stop(workers, settings, toy_trainer, monkeypatch):
    settings.seed = 3
    toy_trainer(settings, workers=workers).train(2)
    resumed = toy_trainer(settings, workers=workers)
    resumed.train(4, load_latest=True)
    monkeypatch.setenv("BOXMASK_WORKSPACE_DIR", "another")
    settings.env.workspace_dir = "another"
    straight = toy_trainer(settings, workers=workers)
    straight.train(4)
    assert len(history(resumed)) == 4
    assert history(resumed) == history(straight)
    assert history(resumed, "LearningRate/group0") == history(straight, "LearningRate/group0")
    assert torch.equal(weights(resumed), weights(straight))
    assert resumed.lr_scheduler.state_dict() == straight.lr_scheduler.state_dict()


@pytest.mark.parametrize(("use_amp", "is_on"), [("bfloat16", True), (True, False), (False, False)])
def test_mixed_precision_is_for_the_forward_pass_alone(settings, toy_trainer, use_amp, is_on):
    """On a CPU only where its type is named: True means what a GPU is good at."""
    settings.use_amp = use_amp
    seen = []
    trainer = toy_trainer(settings, before_batch=lambda epoch, batch: seen.append(
        torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu")))
    trainer.train(2)
    assert set(seen) == ({torch.bfloat16} if is_on else {False})
    assert not torch.is_autocast_enabled("cpu") and trainer.scaler is None
    assert all(parameter.dtype == torch.float32 for parameter in trainer.actor.net.parameters())
    assert history(trainer)[1] < history(trainer)[0]


def test_an_unknown_precision_is_refused(settings, toy_trainer):
    settings.use_amp = "half"
    with pytest.raises(ValueError, match="use_amp is 'half'; set it to True, False or 'bfloat16'"):
        toy_trainer(settings)


def test_every_epoch_draws_its_own_random_numbers_and_another_seed_draws_others(settings, toy_trainer):
    losses = []
    for seed in (3, 3, 4):
        settings.seed = seed
        trainer = toy_trainer(settings, scheduler=False)
        trainer.optimizer.param_groups[0]["lr"] = 0.0
        trainer.train(2)
        losses.append(history(trainer))
    assert losses[0] == losses[1] != losses[2]
    assert losses[0][0] != losses[0][1]


def test_the_noted_learning_rate_is_the_one_the_epoch_was_trained_with(settings, toy_trainer):
    trainer = toy_trainer(settings)
    trainer.train(4)
    assert history(trainer, "LearningRate/group0") == pytest.approx([0.1, 0.1, 0.01, 0.001])


def test_training_works_without_a_scheduler(settings, checkpoints, toy_trainer):
    toy_trainer(settings, scheduler=False).train(1)
    trainer = toy_trainer(settings, scheduler=False)
    trainer.train(2, load_latest=True)
    assert trainer.epoch == 2
    assert "lr_scheduler" not in torch_load_legacy(checkpoints / "ToyNet_ep0002.pth.tar")


def test_a_checkpoint_of_pytracking_without_scheduler_state_resumes_at_its_epoch(settings, checkpoints, toy_trainer):
    toy_trainer(settings).train(2)
    path = checkpoints / "ToyNet_ep0002.pth.tar"
    content = torch_load_legacy(path)
    del content["lr_scheduler"]
    torch.save(content, path)
    trainer = toy_trainer(settings)
    trainer.train(4, load_latest=True)
    assert history(trainer, "LearningRate/group0") == pytest.approx([0.1, 0.1, 0.01, 0.001])


def test_a_run_that_is_complete_says_so_and_leaves_everything_as_it_is(settings, checkpoints, toy_trainer, caplog):
    toy_trainer(settings).train(2)
    before = (checkpoints / "ToyNet_ep0002.pth.tar").stat().st_mtime_ns
    trainer = toy_trainer(settings)
    with caplog.at_level("INFO"):
        trainer.train(2, load_latest=True)
    assert "nothing to do" in caplog.text
    assert "2 of 2 epochs" in caplog.text
    assert (checkpoints / "ToyNet_ep0002.pth.tar").stat().st_mtime_ns == before


def test_a_loss_that_is_not_finite_stops_with_epoch_and_batch_and_no_checkpoint(settings, checkpoints, toy_trainer,
                                                                              toy_actor):
    toy_actor.nan_at = (2, 3)
    trainer = toy_trainer(settings)
    with pytest.raises(NonFiniteLossError, match="nan in epoch 2, train batch 3"):
        trainer.train(3)
    assert os.listdir(checkpoints) == ["ToyNet_ep0001.pth.tar"]
    assert torch.isfinite(weights(trainer)).all()


def test_weights_that_are_not_finite_are_not_written(settings, checkpoints, toy_trainer):
    trainer = toy_trainer(settings)
    with torch.no_grad():
        trainer.actor.net.layer.bias.fill_(float("inf"))
    with pytest.raises(ValueError, match=r"not finite after epoch 0 \(first: layer.bias\)"):
        trainer.save_checkpoint()
    assert not checkpoints.exists()


@pytest.mark.parametrize("fail_safe", [True, False])
def test_an_error_is_raised_at_once_whatever_fail_safe_says(fail_safe, settings, checkpoints, toy_trainer):
    calls = []

    def fail(epoch, batch):
        calls.append((epoch, batch))
        if epoch == 2:
            raise RuntimeError("a batch that cannot be used")

    with pytest.raises(RuntimeError, match="cannot be used"):
        toy_trainer(settings, before_batch=fail).train(3, fail_safe=fail_safe)
    assert calls == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1)]
    assert os.listdir(checkpoints) == ["ToyNet_ep0001.pth.tar"]


def test_an_interrupt_says_what_is_kept_and_how_to_go_on(settings, toy_trainer, caplog):
    def interrupt(epoch, batch):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toy_trainer(settings, before_batch=interrupt).train(3)
    assert "interrupted in epoch 2. 1 epochs are kept; the same command goes on" in caplog.text


def full_disk(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("where", ["torch.save", "os.fsync", "os.replace"])
def test_a_full_disk_is_an_error_and_leaves_nothing_under_the_final_name(where, settings, checkpoints, toy_trainer,
                                                                       monkeypatch):
    toy_trainer(settings).train(1)
    monkeypatch.setattr(where, full_disk)
    with pytest.raises(OSError, match="No space left") as error:
        toy_trainer(settings).train(2, load_latest=True)
    assert error.value.errno == errno.ENOSPC
    assert os.listdir(checkpoints) == ["ToyNet_ep0001.pth.tar"]


def with_zeroed_weights(whole, trainer):
    """A checkpoint as a disk may leave it that has lost a block: torch reads it like any other."""
    weight = trainer.actor.net.layer.weight.detach().numpy().tobytes()
    assert whole.count(weight) == 1
    return whole.replace(weight, bytes(len(weight)))


@pytest.mark.parametrize("damage", ["truncated", "empty", "zeros", "text", "weights"])
def test_a_damaged_newest_checkpoint_is_named_and_the_one_before_is_used(damage, settings, checkpoints, toy_trainer,
                                                                       caplog):
    settings.seed = 3
    first = toy_trainer(settings)
    first.train(3)
    newest = checkpoints / "ToyNet_ep0003.pth.tar"
    whole = newest.read_bytes()
    newest.write_bytes({"truncated": whole[:len(whole) // 2], "empty": b"", "zeros": bytes(len(whole)),
                        "text": b"<html>no such page</html>", "weights": with_zeroed_weights(whole, first)}[damage])
    trainer = toy_trainer(settings)
    trainer.train(3, load_latest=True)
    assert f"{newest} is damaged" in caplog.text
    assert len(history(trainer)) == 3
    assert torch.equal(weights(trainer), weights(first))
    assert torch_load_legacy(newest)["epoch"] == 3


def test_training_does_not_start_anew_over_checkpoints_that_are_all_damaged(settings, checkpoints, toy_trainer):
    toy_trainer(settings).train(1)
    (checkpoints / "ToyNet_ep0001.pth.tar").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(CorruptCheckpointError, match="all 1 checkpoints"):
        toy_trainer(settings).train(2, load_latest=True)


def test_older_checkpoints_are_removed_only_if_the_settings_say_so(settings, checkpoints, toy_trainer):
    settings.keep_checkpoints = 2
    toy_trainer(settings).train(4)
    assert sorted(os.listdir(checkpoints)) == ["ToyNet_ep0003.pth.tar", "ToyNet_ep0004.pth.tar"]


def test_the_newest_checkpoint_is_that_of_the_highest_epoch_and_others_are_none(settings, checkpoints, toy_trainer):
    trainer = toy_trainer(settings)
    for trainer.epoch in (9999, 10000):
        trainer.save_checkpoint()
    (checkpoints / "ToyNet_ep_best.pth.tar").write_bytes(b"a copy of the user's")
    resumed = toy_trainer(settings)
    resumed.load_checkpoint()
    assert resumed.epoch == 10000
    settings.keep_checkpoints = 1
    resumed.train(10001)
    assert sorted(os.listdir(checkpoints)) == ["ToyNet_ep10001.pth.tar", "ToyNet_ep_best.pth.tar"]


def test_a_checkpoint_of_another_network_is_refused_by_name(settings, checkpoints, toy_trainer):
    toy_trainer(settings).train(1)
    trainer = toy_trainer(settings)
    trainer.actor.net = torch.nn.Linear(3, 1)
    with pytest.raises(CheckpointError, match="ToyNet_ep0001.*holds a ToyNet, and the network is a Linear"):
        trainer.load_checkpoint(str(checkpoints / "ToyNet_ep0001.pth.tar"))


def test_going_on_with_other_widths_is_refused_in_one_line_that_says_what_to_do(settings, checkpoints, toy_trainer):
    toy_trainer(settings).train(1)
    trainer = toy_trainer(settings)
    trainer.actor.net = toynet(width=5)
    with pytest.raises(CheckpointError) as error:
        trainer.train(2, load_latest=True)
    assert str(error.value) == (
        f"{checkpoints}/ToyNet_ep0001.pth.tar is of a ToyNet of other widths or layers; move the folder {checkpoints} "
        "away, or name another workspace with BOXMASK_WORKSPACE_DIR")


def test_going_on_with_other_learning_rates_says_that_they_have_no_effect(settings, toy_trainer, caplog):
    toy_trainer(settings).train(1)
    toy_trainer(settings).train(2, load_latest=True)
    assert "no effect" not in caplog.text
    trainer = toy_trainer(settings, learning_rate=0.03)
    trainer.train(3, load_latest=True)
    assert ("ToyNet_ep0002.pth.tar goes on with its own learning rates, 0.1: those of the settings, 0.03, have no "
            "effect") in caplog.text
    assert history(trainer, "LearningRate/group0")[0] == 0.1


def test_going_on_with_other_parameters_to_train_is_refused_in_one_line(settings, checkpoints, toy_trainer):
    toy_trainer(settings).train(1)
    trainer = toy_trainer(settings)
    trainer.optimizer = torch.optim.Adam([trainer.actor.net.layer.bias])
    with pytest.raises(CheckpointError, match="ep0001.pth.tar was trained with an optimizer of other parameters"):
        trainer.train(2, load_latest=True)


@pytest.mark.parametrize(("name", "variable"), [("workspace_dir", "BOXMASK_WORKSPACE_DIR"),
                                                ("tensorboard_dir", "BOXMASK_TENSORBOARD_DIR")])
def test_a_place_that_cannot_be_written_is_an_error_before_the_first_batch(name, variable, settings, toy_trainer,
                                                                           tmp_path):
    (tmp_path / "file").touch()
    setattr(settings.env, name, str(tmp_path / "file" / "folder"))
    trainer = toy_trainer(settings)
    with pytest.raises(OSError, match=f"cannot be written there .*name another place with {variable}: '{tmp_path}/fil"):
        trainer.train(1)
    assert trainer.actor.seen == []


def test_curves_that_cannot_be_written_cost_no_epoch(settings, checkpoints, toy_trainer, tmp_path, monkeypatch):
    settings.env.tensorboard_dir = str(tmp_path / "curves")
    trainer = toy_trainer(settings)
    monkeypatch.setattr(trainer.tensorboard_writer, "write_epoch", full_disk)
    with pytest.raises(OSError, match="No space left"):
        trainer.train(2)
    assert os.listdir(checkpoints) == ["ToyNet_ep0001.pth.tar"]


def test_a_seed_is_no_negative_number(settings, toy_trainer):
    settings.seed = -1
    with pytest.raises(ValueError, match="settings.seed is -1; set it to 0 or more"):
        toy_trainer(settings)


def test_a_mean_is_over_samples_also_where_the_last_batch_is_smaller(settings, toy_trainer):
    trainer = toy_trainer(settings, samples=6)
    trainer.train(1)
    assert history(trainer, "Stats/size") == [pytest.approx((4 * 4 + 2 * 2) / 6)]


def test_a_checkpoint_can_be_loaded_by_epoch_and_in_part(settings, toy_trainer):
    first = toy_trainer(settings)
    first.train(2)
    trainer = toy_trainer(settings)
    assert trainer.load_checkpoint(1) is True
    assert trainer.epoch == 1
    trainer = toy_trainer(settings)
    trainer.load_checkpoint(2, fields=["net"])
    assert trainer.epoch == 0
    assert torch.equal(weights(trainer), weights(first))
    with pytest.raises(FileNotFoundError, match="ToyNet_ep0007"):
        trainer.load_checkpoint(7)


def test_validation_runs_at_its_interval_without_gradients(settings, toy_trainer):
    trainer = toy_trainer(settings, validation=True)
    trainer.train(3)
    assert trainer.actor.seen == [(1, True)] * 4 + [(2, True)] * 4 + [(2, False)] * 2 + [(3, True)] * 4
    assert len(history(trainer, loader="val")) == 1
    assert "LearningRate/group0" not in trainer.stats["val"]
    assert trainer.stats["val"]["Loss/total"].has_new_data is False
    assert torch.is_grad_enabled()


def test_gradients_are_clipped_to_the_norm_of_the_settings(settings, toy_trainer):
    norms = []
    settings.grad_clip_max_norm = 1e-3
    trainer = toy_trainer(settings)
    trainer.optimizer.register_step_pre_hook(lambda *_: norms.append(
        torch.cat([parameter.grad.ravel() for parameter in trainer.actor.net.parameters()]).norm().item()))
    trainer.train(1)
    assert norms == pytest.approx([1e-3] * 4, rel=1e-2)


def test_mixed_precision_on_a_cpu_changes_nothing_and_says_so(settings, toy_trainer, caplog):
    settings.use_amp, settings.use_gpu = True, False
    with caplog.at_level("INFO"):
        trainer = toy_trainer(settings)
    trainer.train(1)
    assert "use_amp has no effect on cpu" in caplog.text
    settings.use_amp = False
    plain = toy_trainer(settings)
    plain.train(1)
    assert torch.equal(weights(trainer), weights(plain))


def test_the_forward_pass_of_mixed_precision_is_low_and_the_scaler_is_kept_in_the_checkpoint(settings, checkpoints,
                                                                                            toy_trainer):
    dtypes = []

    def with_scaler():
        # What a GPU without bfloat16 gets; torch has the same scaler for the CPU.
        trainer = toy_trainer(settings, scheduler=False)
        trainer._amp_dtype, trainer.scaler = torch.bfloat16, torch.amp.GradScaler("cpu", init_scale=8.0)
        trainer.actor.net.register_forward_hook(lambda net, given, output: dtypes.append(output.dtype))
        return trainer

    settings.grad_clip_max_norm = 10.0
    first = with_scaler()
    start = weights(first)
    first.train(1)
    assert set(dtypes) == {torch.bfloat16}
    assert weights(first).dtype == torch.float32
    assert not torch.equal(weights(first), start)
    kept = torch_load_legacy(checkpoints / "ToyNet_ep0001.pth.tar")["scaler"]
    assert (kept["scale"], kept["_growth_tracker"]) == (8.0, 4)
    second = with_scaler()
    second.train(2, load_latest=True)
    assert second.scaler.state_dict()["_growth_tracker"] == 8


def test_progress_has_pytrackings_form_with_rate_and_time_left(settings, toy_trainer, capsys):
    settings.print_interval, settings.print_stats = 3, ["Loss/total"]
    toy_trainer(settings).train(1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("]")[0] for line in lines] == ["[train: 1, 3 / 4", "[train: 1, 4 / 4"]
    assert "FPS: " in lines[0]
    assert "Loss/total: " in lines[0]
    assert "Stats/size" not in lines[0]
    assert "ETA: 0:00:0" in lines[0]


def test_a_long_pass_prints_few_lines_into_a_file(settings, toy_trainer, capsys):
    settings.print_interval = 1
    toy_trainer(settings, samples=1000).train(1)
    lines = capsys.readouterr().out.splitlines()
    assert 10 <= len(lines) <= 20
    assert lines[-1].startswith("[train: 1, 250 / 250]")


def test_curves_are_written_for_every_loader_and_a_missing_tensorboard_is_a_warning(settings, toy_trainer, tmp_path,
                                                                                   monkeypatch, caplog):
    settings.env.tensorboard_dir = str(tmp_path / "curves")
    toy_trainer(settings, validation=True).train(2)
    folder = tmp_path / "curves/ltr/toy/plain"
    assert sorted(os.listdir(folder)) == ["info", "train", "val"]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    trainer = toy_trainer(settings)
    trainer.train(1)
    assert "tensorboard is missing" in caplog.text
    assert len(history(trainer)) == 1


def test_settings_with_objects_in_them_are_kept_as_text_so_that_the_run_can_resume(settings, checkpoints, toy_trainer):
    settings.schedule = lambda epoch: epoch
    settings.crop = {"size": (416, 240), "device": torch.device("cpu")}
    toy_trainer(settings).train(1)
    kept = torch_load_legacy(checkpoints / "ToyNet_ep0001.pth.tar")["settings"]
    assert kept.crop == {"size": (416, 240), "device": "cpu"}
    assert "lambda" in kept.schedule
    assert callable(settings.schedule)
    toy_trainer(settings).train(2, load_latest=True)


def test_what_could_not_be_read_back_is_not_written(settings, checkpoints, toy_trainer):
    trainer = toy_trainer(settings)
    trainer.actor.net.info = {"when": datetime.date(2026, 1, 1)}
    with pytest.raises(CheckpointError, match="datetime.date"):
        trainer.train(1)
    assert not checkpoints.exists() or os.listdir(checkpoints) == []


def test_batch_norms_of_the_backbone_can_be_frozen(settings, toy_trainer):
    trainer = toy_trainer(settings)
    norm = torch.nn.BatchNorm2d(1)
    trainer.actor.net.feature_extractor = torch.nn.Sequential(norm)
    trainer.freeze_backbone_bn_layers = True
    trainer.train(1)
    assert trainer.actor.net.training is True
    assert norm.training is False


def test_a_trained_network_is_loaded_by_the_name_of_its_settings(settings, toy_trainer):
    trainer = toy_trainer(settings)
    trainer.train(1)
    net, content = ltr.admin.loading.load_pretrained("toy", "plain")
    assert content["epoch"] == 1
    assert torch.equal(net.layer.weight, trainer.actor.net.layer.weight)
