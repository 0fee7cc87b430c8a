"""Loading networks: by file, folder and epoch, and never running what a file says."""

import os
import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import ltr
from ltr.admin import model_constructor, stats
from ltr.admin.loading import CheckpointError, CorruptCheckpointError, UnsafeCheckpointError, load_weights
from ltr.admin.settings import Settings
from ltr.models import toynet as toynets


def save(path, net=None, **fields):
    net = toynets.toynet(width=5) if net is None else net
    torch.save({"net": net.state_dict(), "constructor": net.constructor, "epoch": 1, **fields}, path)
    return net


def record(module, name, *args, **kwds):
    return model_constructor.NetConstructor(name, module, args, kwds)


class Command:
    """Pickles as a call of os.system."""

    def __init__(self, line):
        self.line = line

    def __reduce__(self):
        return os.system, (self.line,)


def test_a_network_is_built_as_it_was_and_gets_its_weights(tmp_path):
    net = save(tmp_path / "a.pth.tar", net_info={"classes": 3})
    loaded, content = ltr.load_network(tmp_path / "a.pth.tar")
    assert torch.equal(loaded.layer.weight, net.layer.weight)
    assert loaded.info == {"classes": 3}
    assert loaded.training is True
    assert content["epoch"] == 1
    assert loaded.constructor.kwds == {"width": 5}


def test_a_folder_gives_its_last_file_and_an_epoch_its_own(tmp_path):
    nets = {epoch: save(tmp_path / f"ToyNet_ep{epoch:04d}.pth.tar") for epoch in (1, 2)}
    for checkpoint, epoch in ((None, 2), (1, 1), (str(tmp_path / "ToyNet_ep0001.pth.tar"), 1)):
        loaded, _ = ltr.load_network(tmp_path, checkpoint)
        assert torch.equal(loaded.layer.weight, nets[epoch].layer.weight)
    save(tmp_path / "Other_ep0001.pth.tar")
    with pytest.raises(ValueError, match="2 files match .*Other_ep0001"):
        ltr.load_network(tmp_path, 1)
    with pytest.raises(FileNotFoundError, match="ep0009"):
        ltr.load_network(tmp_path, 9)
    with pytest.raises(FileNotFoundError, match=r"none.pth"):
        ltr.load_network(checkpoint="none.pth")


def test_keywords_replace_those_of_the_file_and_unknown_ones_are_named(tmp_path, caplog):
    save(tmp_path / "a.pth.tar")
    loaded, _ = ltr.load_network(tmp_path / "a.pth.tar", scale=2.0, wings=4)
    assert (loaded.scale, loaded.layer.in_features) == (2.0, 5)
    assert "no argument 'wings'" in caplog.text


def test_weights_alone_are_loaded_into_a_network(tmp_path):
    net = save(tmp_path / "a.pth.tar")
    loaded = load_weights(toynets.toynet(width=5), tmp_path / "a.pth.tar")
    assert torch.equal(loaded.layer.weight, net.layer.weight)


def test_a_record_of_another_class_under_ltr_models_is_read_without_that_class(tmp_path):
    net = save(tmp_path / "a.pth.tar", toynets.own_toynet(width=4))
    loaded, content = ltr.load_network(tmp_path / "a.pth.tar")
    assert torch.equal(loaded.layer.weight, net.layer.weight)
    assert isinstance(loaded.constructor, toynets.OwnRecord)
    assert content["constructor"].get().layer.in_features == 4


def test_the_name_of_the_framework_in_the_oldest_files_is_understood(tmp_path, monkeypatch):
    net = toynets.toynet(width=5)
    old = type("NetConstructor", (), {"__module__": "dlframework.common.utils.model_constructor"})
    module = type(sys)("dlframework.common.utils.model_constructor")
    module.NetConstructor = old
    for name in ("dlframework", "dlframework.common", "dlframework.common.utils", module.__name__):
        monkeypatch.setitem(sys.modules, name, module)
    constructor = old()
    vars(constructor).update(fun_name="toynet", fun_module="dlframework.ltr.models.toynet", args=(), kwds={"width": 5})
    torch.save({"net": net.state_dict(), "constructor": constructor}, tmp_path / "old.pth.tar",
               _use_new_zipfile_serialization=False)
    for name in list(sys.modules):
        if name.startswith("dlframework"):
            monkeypatch.delitem(sys.modules, name)
    loaded, _ = ltr.load_network(tmp_path / "old.pth.tar")
    assert torch.equal(loaded.layer.weight, net.layer.weight)


def test_what_pytracking_puts_into_its_checkpoints_is_read(tmp_path):
    meter = stats.AverageMeter()
    meter.update(np.float64(2.5))
    meter.update(np.float32(1.5))
    meter.new_epoch()
    save(tmp_path / "a.pth.tar", stats={"train": {"Loss": meter}}, settings=Settings(), folder=Path("/data"),
         rates=np.arange(3, dtype=np.int64))
    _, content = ltr.load_network(tmp_path / "a.pth.tar")
    assert content["stats"]["train"]["Loss"].history == [2.0]
    assert content["settings"].env.davis_dir == ""
    assert content["folder"] == Path("/data")
    assert content["rates"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("old_format", [False, True])
def test_a_file_that_asks_for_a_command_is_refused_and_the_command_does_not_run(old_format, tmp_path):
    trap = tmp_path / "ran"
    torch.save({"net": {}, "constructor": Command(f"touch {trap}")}, tmp_path / "evil.pth.tar",
               _use_new_zipfile_serialization=not old_format)
    with pytest.raises(UnsafeCheckpointError, match=r"refused to load .*evil.*system"):
        ltr.load_network(tmp_path / "evil.pth.tar")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Command(f"touch {trap}"), protocol=2))
    with pytest.raises(CheckpointError):
        ltr.load_network(tmp_path / "plain.pth")
    assert not trap.exists()


@pytest.mark.parametrize(("module", "name"), [
    ("os", "system"), ("subprocess", "getoutput"), ("ltr.models.toynet", "system"), ("ltr.models_evil", "run"),
    ("ltr.admin.loading", "load_network"), ("ltr.models.toynet", "ToyNet"),
])
def test_a_constructor_that_is_no_function_of_a_network_module_is_not_called(module, name, tmp_path):
    trap = tmp_path / "ran"
    save(tmp_path / "evil.pth.tar", constructor=record(module, name, f"touch {trap}"))
    with pytest.raises(UnsafeCheckpointError, match=f"refused to call {module}.{name}"):
        ltr.load_network(tmp_path / "evil.pth.tar")
    assert not trap.exists()


def test_a_constructor_that_the_caller_names_is_trusted(tmp_path):
    net = save(tmp_path / "a.pth.tar", constructor=record("gone.module", "gone", width=5))
    loaded, _ = ltr.load_network(tmp_path / "a.pth.tar", constructor_module="ltr.models.toynet",
                                 constructor_fun_name="toynet")
    assert torch.equal(loaded.layer.weight, net.layer.weight)


def test_a_constructor_that_is_not_there_is_named(tmp_path):
    save(tmp_path / "a.pth.tar", constructor=record("ltr.models.toynet", "gone"))
    with pytest.raises(CheckpointError, match="needs the constructor ltr.models.toynet.gone"):
        ltr.load_network(tmp_path / "a.pth.tar")


@pytest.mark.parametrize(("content", "message"), [({"net": {}}, "has no constructor"), ([1], "holds a list"),
                                                  ({"net": {}, "constructor": "text"}, "without 'fun_name'")])
def test_a_file_that_is_no_checkpoint_says_what_it_lacks(content, message, tmp_path):
    torch.save(content, tmp_path / "a.pth.tar")
    with pytest.raises(CheckpointError, match=message):
        ltr.load_network(tmp_path / "a.pth.tar")


def test_an_archive_that_says_it_spans_several_disks_is_named_as_damaged(tmp_path):
    path = tmp_path / "a.pth.tar"
    path.write_bytes(b"PK\x03\x04" + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 2) + b"PK\x05\x06" + bytes(18))
    with pytest.raises(CorruptCheckpointError, match="a.pth.tar is damaged"):
        ltr.load_network(path)


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("old_format", [False, True])
def test_a_truncated_file_is_named_as_damaged(keep, old_format, tmp_path):
    path = tmp_path / "a.pth.tar"
    net = toynets.toynet(width=5)
    torch.save({"net": net.state_dict(), "constructor": net.constructor}, path,
               _use_new_zipfile_serialization=not old_format)
    whole = path.read_bytes()
    path.write_bytes(whole[:int(len(whole) * keep)])
    with pytest.raises(CorruptCheckpointError, match="a.pth.tar is damaged"):
        ltr.load_network(path)
