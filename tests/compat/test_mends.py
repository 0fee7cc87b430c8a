"""One test a break: what is broken with today's packages, and that the mend mends it.

Each has a small module with the fault, and first shows that the fault is there. Where that first half fails, the
packages have changed and the mend can go.
"""

import collections
import pickle
import sys
import warnings
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from boxmask.compat import applied, arrays, checkpoints, containers, devices, libraries, training
from boxmask.compat.mend import Mend, run


def module_of(**names):
    module = ModuleType("a_module_of_pytracking")
    vars(module).update(names)
    return module


class TensorList(list):
    """Answers for everything that a tensor has."""

    def __getattr__(self, name):
        if not hasattr(torch.Tensor, name):
            raise AttributeError(name)
        return lambda *args: [getattr(element, name)(*args) for element in self]


def test_b1_lists_of_tensors_in_autograd():
    class Fresh(TensorList):
        __getattr__ = TensorList.__getattr__

    def gradient():
        x = torch.ones(2, requires_grad=True)
        return torch.autograd.grad(Fresh([(x * 3).sum()]), Fresh([x]))[0].tolist()

    with pytest.raises(TypeError, match="no implementation found for 'torch.autograd.grad'"):
        gradient()
    assert containers.containers_are_not_tensors(module_of(TensorList=Fresh))
    assert gradient() == [3, 3]
    assert Fresh([torch.ones(2)]).sum() == [2]
    assert not containers.containers_are_not_tensors(module_of(TensorList=Fresh)), "it is mended"


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint as pytracking's trainer writes it, in both of torch's formats."""
    from ltr.admin.model_constructor import NetConstructor
    from ltr.admin.settings import Settings
    from ltr.admin.stats import AverageMeter
    meter = AverageMeter()
    meter.update(np.float64(0.5), 2)
    content = {"net": {"weight": torch.ones(2)}, "settings": Settings(), "stats": {"train": meter},
               "constructor": NetConstructor("lwl", "ltr.models.lwl.lwl_net", (), {"levels": 3}), "extra": np.arange(3)}
    for name, zipped in (("new.pth.tar", True), ("old.pth", False)):
        torch.save(content, tmp_path / name, _use_new_zipfile_serialization=zipped)
    return tmp_path


@pytest.mark.parametrize("name", ["new.pth.tar", "old.pth"])
def test_b2_checkpoints_with_settings_in_them(checkpoint, name):
    with pytest.raises(pickle.UnpicklingError, match="Unsupported global"):
        torch.load(checkpoint / name)
    loading = module_of(torch=torch)
    assert checkpoints.checkpoints_with_settings(loading)
    content = loading.torch_load_legacy(checkpoint / name)
    assert content["constructor"].kwds == {"levels": 3} and type(content["constructor"]).__name__ == "NetConstructor"
    assert content["stats"]["train"].avg == 0.5 and content["settings"].use_gpu is True
    assert content["extra"].tolist() == [0, 1, 2]
    net = torch.nn.Module()
    net.weight = torch.nn.Parameter(torch.zeros(2))
    assert loading.load_weights(net, checkpoint / name).weight.tolist() == [1, 1]
    with pytest.raises(pickle.UnpicklingError):
        torch.load(checkpoint / name)


def test_b2_classes_of_users_become_attributes_and_other_code_is_refused(tmp_path, monkeypatch):
    mine = ModuleType("ltr.actors.mine")
    exec("class Weights:\n    pass\n", vars(mine))
    monkeypatch.setitem(sys.modules, "ltr.actors.mine", mine)
    weights = mine.Weights()
    weights.segm = 100
    torch.save({"net": {}, "settings": weights}, tmp_path / "mine.pth")
    assert checkpoints.read(tmp_path / "mine.pth")["settings"].segm == 100
    torch.save({"net": {}, "hook": pytest.importorskip}, tmp_path / "hook.pth")
    with pytest.raises(pickle.UnpicklingError, match="refused to load .*hook.pth: .*importorskip.*if you trust"):
        checkpoints.read(tmp_path / "hook.pth")


def test_b2_a_constructor_outside_ltr_is_not_called(tmp_path):
    from ltr.admin.model_constructor import NetConstructor
    torch.save({"net": {}, "constructor": NetConstructor("system", "os", ("true",), {})}, tmp_path / "x.pth")
    with pytest.raises(ValueError, match=r"names os.system as the function that makes its network"):
        checkpoints.read(tmp_path / "x.pth")


def test_b2_a_constructor_gets_plain_values_alone(tmp_path):
    """An object may pretend to be a network, and a function of `ltr.models` may write one to a file."""
    from ltr.admin.model_constructor import NetConstructor
    fake = NetConstructor("x", "y", (), {})
    endless = ["lol"]
    for _ in range(60):
        endless = [endless, endless]
    for values in ((fake, "victim"), ({"a": [torch.zeros(1)]},), (endless,)):
        torch.save({"net": {}, "constructor": NetConstructor("save", "ltr.models.boxmask.checkpoint", values, {})},
                   tmp_path / "x.pth")
        with pytest.raises(ValueError, match="would be called with more than numbers, texts and lists"):
            checkpoints.read(tmp_path / "x.pth")
    plain = NetConstructor("net", "ltr.models.a", (1, "b", [2.0, None], {"c": True}), {"d": ()})
    torch.save({"net": {}, "constructor": plain}, tmp_path / "x.pth")
    assert checkpoints.read(tmp_path / "x.pth")["constructor"].args == plain.args


def test_b2_weights_that_train_settings_load_themselves(tmp_path):
    settings = module_of(torch=torch)
    torch.save(collections.OrderedDict(a=torch.ones(2)), tmp_path / "r50.pkl", _use_new_zipfile_serialization=False)
    assert checkpoints.weights_of_mask_rcnn(settings)
    assert settings.torch.load(str(tmp_path / "r50.pkl"))["a"].tolist() == [1, 1]
    assert settings.torch.nn is torch.nn and torch.load is not settings.torch.load


def test_b3_addresses_of_weights():
    entry = SimpleNamespace(IMAGENET1K_V1=SimpleNamespace(url="there/resnet50.pth"))
    resnet = module_of(ResNet50_Weights=entry, WeightsEnum=object)
    assert libraries.addresses_of_weights(resnet)
    assert resnet.model_urls == {"resnet50": "there/resnet50.pth"}
    assert not libraries.addresses_of_weights(resnet)


def test_b6_jpeg4py_without_its_library():
    def initialize():
        raise OSError("Could not load libjpeg-turbo library")

    installed = module_of(initialize=initialize, __file__="jpeg4py.py")
    loader = module_of(jpeg4py=installed)
    sys.path.append(str(libraries.STANDINS))
    try:
        assert libraries.jpegs_without_libturbojpeg(loader)
    finally:
        sys.path.remove(str(libraries.STANDINS))
    assert loader.jpeg4py is not installed and hasattr(loader.jpeg4py, "JPEG")
    whole = module_of(jpeg4py=module_of(initialize=lambda: None, __file__="jpeg4py.py"))
    assert not libraries.jpegs_without_libturbojpeg(whole)


def test_b8_int_of_numpy():
    assert not hasattr(np, "int")
    module = module_of(np=np)
    exec("def levels(values):\n    return np.asarray(values).astype(np.int).tolist()\n", vars(module))
    with pytest.raises(AttributeError, match="no attribute 'int'"):
        module.levels([1.5])
    assert arrays.numpy_has_int_and_bool(module)
    assert module.levels([1.5]) == [1]
    assert not hasattr(np, "int") and module.np.float32 is np.float32
    assert not arrays.numpy_has_int_and_bool(module)


def test_b9_mappings_of_collections():
    assert not hasattr(collections, "Mapping")
    module = module_of(collections=collections)
    assert arrays.collections_has_mapping(module)
    assert isinstance({}, module.collections.Mapping) and isinstance([], module.collections.Sequence)
    assert module.collections.OrderedDict is collections.OrderedDict and not hasattr(collections, "Mapping")


def test_b10_numpy_values_in_a_batch(monkeypatch):
    dataloader = torch.utils.data.dataloader
    for name in ("re", "numpy_type_map"):
        monkeypatch.delattr(dataloader, name, raising=False)
    assert arrays.batches_of_numpy_values(module_of())
    assert dataloader.re.search("[SaUO]", "<U3") and dataloader.numpy_type_map["float32"]([1.5]).tolist() == [1.5]
    assert not arrays.batches_of_numpy_values(module_of())
    for name in ("re", "numpy_type_map"):
        delattr(dataloader, name)


def test_b11_warnings_of_collation_in_workers(recwarn):
    def collate():
        element = torch.ones(2)
        storage = element.storage()._new_shared(2)
        return torch.stack([element], 0, out=element.new(storage))

    warnings.simplefilter("always")
    torch.set_warn_always(True)  # not each of them once in a process
    try:
        collate()
        assert {str(warning.message).split(" ")[0] for warning in recwarn} == {"TypedStorage", "An"}
        recwarn.clear()
        assert arrays.quiet_collation(module_of(_check_use_shared_memory=None))
        assert collate().tolist() == [[1, 1]] and not recwarn
    finally:
        torch.set_warn_always(False)


def test_b15_the_rate_at_a_milestone():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [1], gamma=0.2)
    optimizer.step()
    scheduler.step()
    with pytest.warns(UserWarning, match="get_last_lr"):
        assert scheduler.get_lr() == pytest.approx([0.04]), "gamma applied twice"

    class LTRTrainer:
        def _stats_new_epoch(self):
            self.recorded = self.lr_scheduler.get_lr()

    assert training.the_learning_rate_that_was_used(module_of(LTRTrainer=LTRTrainer))
    for used in (scheduler, None):
        trainer = LTRTrainer()
        trainer.lr_scheduler, trainer.optimizer = used, optimizer
        trainer._stats_new_epoch()
        assert trainer.recorded == [0.2] and trainer.lr_scheduler is used


def test_b16_norms_of_channels_last():
    class InstanceL2Norm(torch.nn.Module):
        def forward(self, features):
            return features / features.view(features.shape[0], -1).norm(dim=1).view(-1, 1, 1, 1)

    features = torch.ones(1, 2, 2, 2).contiguous(memory_format=torch.channels_last)
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        InstanceL2Norm()(features)
    assert training.normalization_of_channels_last(module_of(InstanceL2Norm=InstanceL2Norm))
    assert InstanceL2Norm()(features).norm() == pytest.approx(1)
    assert not training.normalization_of_channels_last(module_of(InstanceL2Norm=InstanceL2Norm))


@pytest.mark.parametrize("name", ["TrackerParams", "NetWrapper"])
def test_use_gpu_without_a_gpu(name, monkeypatch, caplog):
    def fresh():
        return type(name, (), {})

    monkeypatch.setattr(devices, "_warned", False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert not devices.trackers_on_the_cpu(module_of(**{name: fresh()}))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    module = module_of(**{name: fresh()})
    assert devices.trackers_on_the_cpu(module)
    for _ in range(2):
        holder = getattr(module, name)()
        holder.use_gpu, holder.mode = True, "var"
        assert holder.use_gpu is False and holder.mode == "var"
    assert [record.message for record in caplog.records] == [
        "use_gpu is on and this machine has no CUDA device: the tracker runs on the CPU"]


def test_what_was_mended_is_listed_once_and_only_if_it_was_needed(monkeypatch):
    monkeypatch.setattr("boxmask.compat.mend._applied", [])
    module = module_of(np=np)
    mend = Mend("B8", "pytracking.some.module", arrays.numpy_has_int_and_bool)
    run(mend, module)
    run(mend, module_of(np=np))
    run(Mend("B8", "another", arrays.numpy_has_int_and_bool), module)
    assert applied() == ["B8 pytracking.some.module: numpy has int and bool"]
