"""The trainer: what it gives an actor, what it writes and how it goes on from that."""

import pytest
import torch

from ltr.actors import BaseActor
from ltr.admin import loading, multigpu, stats
from ltr.admin.settings import Settings
from ltr.admin.tensorboard import TensorboardWriter
from ltr.data import LTRLoader
from ltr.models.toynet import toynet
from ltr.trainers import LTRTrainer
from pytracking import TensorDict

KEYS = {"epoch", "actor_type", "net_type", "net", "net_info", "constructor", "optimizer", "stats", "settings"}


class Samples(torch.utils.data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        x = torch.tensor([index, index ** 2 / 8, 1.0]) / 8
        return TensorDict(x=x, y=x.sum(0, keepdim=True), name=f"clip{index}")


@pytest.fixture
def settings(configure, tmp_path):
    configure(workspace_dir=tmp_path / "workspace", tensorboard_dir=tmp_path / "curves")
    settings = Settings()
    settings.module_name, settings.script_name, settings.project_path = "toy", "plain", "ltr/toy/plain"
    settings.use_gpu = False
    return settings


@pytest.fixture
def checkpoints(tmp_path):
    """The folder of the checkpoints of that run."""
    return tmp_path / "workspace/checkpoints/ltr/toy/plain"


@pytest.fixture
def make_trainer(toy, settings):
    def make(actor=toy.ToyActor, loaders=None):
        torch.manual_seed(1)
        net = toynet(width=3)
        loaders = loaders or [LTRLoader("train", Samples(), training=True, batch_size=4)]
        optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [50])
        return LTRTrainer(actor(net, torch.nn.MSELoss()), loaders, optimizer, settings, scheduler)

    yield make
    # A checkout's trainer leaves gradients off after a validation loader.
    torch.set_grad_enabled(True)


def history(trainer, name="Loss/total", loader="train"):
    return trainer.stats[loader][name].history


def test_settings_have_the_environment_of_the_host(settings, tmp_path):
    assert settings.env.workspace_dir == str(tmp_path / "workspace")
    for name in ("davis_dir", "youtubevos_dir", "got10k_dir", "lasot_dir", "trackingnet_dir", "pregenerated_masks",
                 "pretrained_networks", "tensorboard_dir"):
        assert isinstance(getattr(settings.env, name), str), name
    assert Settings().use_gpu is True


def test_every_epoch_has_a_checkpoint_with_pytrackings_name_and_keys(make_trainer, checkpoints):
    make_trainer().train(2, fail_safe=False)
    assert sorted(path.name for path in checkpoints.iterdir()) == ["ToyNet_ep0001.pth.tar", "ToyNet_ep0002.pth.tar"]
    content = loading.torch_load_legacy(str(checkpoints / "ToyNet_ep0002.pth.tar"))
    assert set(content) >= KEYS
    assert (content["epoch"], content["actor_type"], content["net_type"]) == (2, "ToyActor", "ToyNet")
    assert content["settings"].project_path == "ltr/toy/plain"
    assert content["settings"].env.workspace_dir == str(checkpoints.parents[3])
    assert (content["constructor"].fun_module, content["constructor"].fun_name) == ("ltr.models.toynet", "toynet")
    assert len(content["stats"]["train"]["Loss/total"].history) == 2


def test_a_run_goes_on_with_its_weights_its_optimizer_and_its_statistics(make_trainer):
    make_trainer().train(2, fail_safe=False)
    resumed = make_trainer()
    resumed.train(4, load_latest=True, fail_safe=False)
    straight = make_trainer()
    straight.train(4, fail_safe=False)
    assert resumed.epoch == 4
    assert history(resumed) == history(straight) and len(history(resumed)) == 4
    assert torch.equal(resumed.actor.net.layer.weight, straight.actor.net.layer.weight)


def test_an_actor_is_given_the_epoch_and_the_settings_and_its_names_become_statistics(make_trainer, settings):
    given = []

    class Actor(BaseActor):
        def __call__(self, data):
            given.append((type(data), data["epoch"], data["settings"], data["name"], self.net.training,
                          torch.is_grad_enabled()))
            loss = self.objective(self.net(data["x"]), data["y"])
            return loss, {"Loss/total": loss.item(), "Stats/four": 4.0}

    loaders = [LTRLoader("train", Samples(), training=True, batch_size=8),
               LTRLoader("val", Samples(), training=False, batch_size=8, epoch_interval=2)]
    trainer = make_trainer(Actor, loaders)
    trainer.train(2, fail_safe=False)
    names = [f"clip{number}" for number in range(8)]
    assert given == [(TensorDict, 1, settings, names, True, True), (TensorDict, 2, settings, names, True, True),
                     (TensorDict, 2, settings, names, False, False)]
    assert history(trainer, "Stats/four") == [4.0, 4.0] and history(trainer, "Stats/four", "val") == [4.0]
    assert history(trainer, "LearningRate/group0") == [0.1, 0.1]


def test_an_error_is_raised_where_the_settings_ask_for_it(make_trainer):
    class Failing(BaseActor):
        def __call__(self, data):
            raise RuntimeError("a batch that cannot be used")

    with pytest.raises(RuntimeError, match="cannot be used"):
        make_trainer(Failing).train(1, fail_safe=False)


def test_gradients_are_clipped_to_the_norm_of_the_settings(make_trainer, settings):
    settings.grad_clip_max_norm = 1e-3
    trainer, norms = make_trainer(), []
    trainer.optimizer.register_step_pre_hook(lambda *_: norms.append(
        torch.cat([parameter.grad.ravel() for parameter in trainer.actor.net.parameters()]).norm().item()))
    trainer.train(1, fail_safe=False)
    assert norms == pytest.approx([1e-3] * 2, rel=1e-2)


def test_curves_lie_in_a_folder_for_every_loader(make_trainer, tmp_path):
    make_trainer().train(1, fail_safe=False)
    assert sorted(path.name for path in (tmp_path / "curves/ltr/toy/plain").iterdir()) == ["info", "train"]
    assert TensorboardWriter(str(tmp_path / "more"), ["train"]).directory == str(tmp_path / "more")


def test_a_network_is_found_by_file_by_folder_by_epoch_and_by_the_name_of_its_settings(make_trainer, checkpoints):
    trainer = make_trainer()
    trainer.train(1, fail_safe=False)
    first = trainer.actor.net.layer.weight.detach().clone()
    trainer.train(2, fail_safe=False)
    last = trainer.actor.net.layer.weight
    for arguments, weight in (((str(checkpoints),), last), ((str(checkpoints), 1), first),
                              ((str(checkpoints / "ToyNet_ep0001.pth.tar"),), first),
                              ((None, str(checkpoints / "ToyNet_ep0002.pth.tar")), last)):
        net, content = loading.load_network(*arguments)
        assert torch.equal(net.layer.weight, weight)
        assert net.training and net.constructor.kwds == {"width": 3} and set(content) >= KEYS
    net, _ = loading.load_pretrained("toy", "plain", scale=3.0, wings=2)
    assert (net.scale, net.layer.in_features) == (3.0, 3)


def test_a_file_without_a_constructor_is_refused(tmp_path):
    torch.save({"net": {}}, tmp_path / "a.pth.tar")
    with pytest.raises((RuntimeError, ValueError), match="constructor"):
        loading.load_network(str(tmp_path / "a.pth.tar"))


@pytest.mark.parametrize("make", ["make_boxmask", "make_vos"])
def test_our_networks_go_through_checkpoints_of_the_host(make, make_trainer, checkpoints):
    from ltr.models.boxmask import boxmask_lite, vos_lite

    widths = {"feature": 16, "filters": 4, "mask_ladder": (4, 6, 8), "decoder": (16, 12, 8, 8), "upsampler": 4}
    net = vos_lite(**widths) if make == "make_vos" else boxmask_lite(box_ladder=(4, 6, 8, 12), **widths)
    trainer = make_trainer()
    trainer.actor.net = net
    trainer.epoch = 7
    trainer.save_checkpoint()
    loaded, _ = loading.load_network(str(checkpoints), 7)
    assert type(loaded) is type(net)
    assert all(torch.equal(a, b) for a, b in zip(loaded.state_dict().values(), net.state_dict().values(), strict=True))


def test_an_actor_moves_and_switches_its_network():
    actor = BaseActor(torch.nn.Linear(2, 1), torch.nn.MSELoss())
    actor.eval()
    assert not actor.net.training
    actor.train()
    assert actor.net.training
    actor.to("meta")
    assert actor.net.weight.device.type == "meta"
    with pytest.raises(NotImplementedError):
        actor(TensorDict())


def test_a_wrapper_for_several_gpus_answers_for_its_network():
    net = toynet(width=3)
    wrapped = multigpu.MultiGPU(net, dim=1)
    assert multigpu.is_multi_gpu(wrapped) and not multigpu.is_multi_gpu(net)
    assert wrapped.module is net and wrapped.layer is net.layer and wrapped.scale == 1.0
    assert torch.equal(wrapped(torch.ones(1, 3)), net(torch.ones(1, 3)))


def test_meters_weigh_their_values_and_keep_a_history():
    meter, value = stats.AverageMeter(), stats.StatValue()
    for number, weight in ((1.0, 3), (5.0, 1)):
        meter.update(number, weight)
        value.update(number)
    assert (meter.avg, meter.count, meter.history) == (2.0, 4, [])
    meter.new_epoch()
    assert (meter.history, meter.has_new_data, meter.count) == ([2.0], True, 0)
    meter.new_epoch()
    assert (meter.history, meter.has_new_data) == ([2.0], False)
    assert (value.val, value.history) == (5.0, [1.0, 5.0])
