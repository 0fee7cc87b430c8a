"""Checkpoint files: ours, pytracking's, damaged ones and hostile ones."""

from __future__ import annotations

import os
import pickle
import sys
import types
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ltr.models.boxmask import checkpoint
from ltr.models.boxmask.checkpoint import CheckpointError
from ltr.models.boxmask.config import LITE_INPUT

STA = ("ltr.models.lwl.sta_net", "steepest_descent_resnet50")
LWL = ("ltr.models.lwl.lwl_net", "steepest_descent_resnet50")
# As pytracking's train settings call them, but narrow: widths are read from the file.
UPSTREAM_KEYWORDS = {"filter_size": 3, "num_filters": 2, "optim_iter": 4, "backbone_pretrained": True,
                     "out_feature_dim": 8, "frozen_backbone_layers": ["conv1", "bn1"], "use_bn_in_label_enc": False,
                     "clf_feat_blocks": 0, "final_conv": True, "backbone_type": "mrcnn", "decoder_mdim": 4}


def same_weights(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


@pytest.fixture
def host_class(monkeypatch):
    """(dotted name) -> a class that pickles under that name, as pytracking's does."""
    def make(name: str) -> type:
        module_name, _, class_name = name.rpartition(".")
        module = types.ModuleType(module_name)
        made = type(class_name, (), {"__module__": module_name})
        setattr(module, class_name, made)
        monkeypatch.setitem(sys.modules, module_name, module)
        return made
    return make


@pytest.fixture
def write_ltr(tmp_path, host_class):
    """(state, module, function, keywords) -> the path of a checkpoint as pytracking's trainer writes it."""
    def write(state, module, function, keywords, args=()) -> Path:
        def filled(name, **attributes):
            thing = host_class(name)()
            vars(thing).update(attributes)
            return thing

        settings = filled("ltr.admin.settings.Settings", use_gpu=True,
                          env=filled("ltr.admin.local.EnvironmentSettings", davis_dir=Path("davis")))
        meter = filled("ltr.admin.stats.AverageMeter", avg=np.float64(0.5), history=[np.float32(1.0)])
        content = {"epoch": 3, "actor_type": "Actor", "net_type": "Net", "net": state, "net_info": None,
                   "constructor": filled("ltr.admin.model_constructor.NetConstructor", fun_name=function,
                                         fun_module=module, args=args, kwds=keywords),
                   "optimizer": {"state": {}}, "stats": OrderedDict(train={"Loss/total": meter}), "settings": settings}
        path = tmp_path / "Net_ep0003.pth.tar"
        torch.save(content, path)
        return path
    return write


@pytest.mark.parametrize("maker", ["make_small", "make_small_vos"])
def test_a_saved_network_comes_back(request, tmp_path, maker):
    net = request.getfixturevalue(maker)().train()
    with torch.no_grad():
        for p in net.parameters():
            p.normal_()
    checkpoint.save(net, tmp_path / "net.safetensors")
    loaded = checkpoint.load(tmp_path / "net.safetensors")
    assert same_weights(net, loaded)
    assert loaded.constructor.get().state_dict().keys() == net.state_dict().keys()
    assert not loaded.training
    assert [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


def test_a_network_of_another_crop_size_keeps_it(tmp_path, make_small):
    checkpoint.save(make_small(size=(96, 64)), tmp_path / "net.safetensors")
    assert checkpoint.load(tmp_path / "net.safetensors").input_spec == replace(LITE_INPUT, size=(96, 64))


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, make_small):
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"old")

    def full(self, data):
        with open(self, "wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(make_small(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("maker", "constructor", "ladder"), [("make_small", STA, (2, 3, 4, 5)),
                                                              ("make_small_vos", LWL, (2, 3, 4))])
def test_pytracking_s_checkpoints_load(request, write_ltr, maker, constructor, ladder):
    make = checkpoint.UPSTREAM[".".join(constructor)][0]
    widths = {"feature": 8, "filters": 2, "mask_ladder": ladder[:3], "decoder": (16, 8, 8, 4), "upsampler": 2}
    if len(ladder) == 4:
        widths["box_ladder"] = ladder
    net = checkpoint._OURS[make][0](**widths)
    path = write_ltr(checkpoint.reference_state_dict(net), *constructor,
                     {**UPSTREAM_KEYWORDS, "label_encoder_dims": ladder})
    loaded = checkpoint.load(path)
    assert same_weights(net, loaded)
    assert loaded.iterations == 4


def test_our_trainer_s_checkpoints_load(tmp_path, make_small):
    net = make_small()
    torch.save({"net": net.state_dict(), "constructor": net.constructor, "epoch": 1}, tmp_path / "net.pth.tar")
    assert same_weights(net, checkpoint.load(tmp_path / "net.pth.tar"))


def test_weights_alone_load_into_a_network_by_either_names(tmp_path, make_small):
    net = make_small()
    for i, state in enumerate((net.state_dict(), checkpoint.reference_state_dict(net))):
        torch.save(state, tmp_path / f"{i}.pth")
        with pytest.raises(CheckpointError, match="weights alone"):
            checkpoint.load(tmp_path / f"{i}.pth")
        other = make_small()
        torch.nn.init.zeros_(other.decoder.logit.weight)
        checkpoint.load_weights(other, tmp_path / f"{i}.pth")
        assert same_weights(net, other)


@pytest.mark.parametrize("prefix", ["", "feature_extractor.", "backbone."])
def test_a_backbone_loads_from_a_file_of_its_own_or_of_a_network(tmp_path, make_small, prefix):
    state = {f"{prefix}{name}": value + 1 for name, value in make_small().backbone.state_dict().items()
             if not name.endswith("num_batches_tracked")}
    state[f"{prefix}_fc.weight"] = torch.zeros(3)
    if prefix:
        state["decoder.other"] = torch.zeros(1)
    torch.save(state, tmp_path / "backbone.pkl")
    net = make_small()
    checkpoint.load_backbone(net, tmp_path / "backbone.pkl")
    assert torch.equal(net.backbone._conv_stem.weight, state[f"{prefix}_conv_stem.weight"])


@pytest.mark.parametrize(("module", "function", "keywords", "args", "reason"), [
    ("os", "system", {"command": "true"}, (), "names the constructor os.system, which is refused"),
    ("ltr.models.tracking.dimpnet", "dimpnet50", {}, (), "refused; known are ltr.models.boxmask.boxmask_resnet50"),
    ("ltr.models.boxmask", "load_backbone", {}, (), "refused"),
    ("ltr.models.boxmask", "boxmask_lite", {"pretrained": True}, (), "does not take pretrained"),
    ("ltr.models.boxmask", "boxmask_resnet50", {"backbone_weights": "/etc/passwd"}, (), "backbone_weights"),
    ("ltr.models.boxmask", "boxmask_lite", {}, (3,), "positional"),
    ("ltr.models.boxmask", "boxmask_lite", {"feature": "3"}, (), "feature='3'"),
    ("ltr.models.boxmask", "boxmask_lite", {"feature": 10**9}, (), "whole numbers from 1 to"),
    ("ltr.models.boxmask", "boxmask_lite", {"filter_size": 2}, (), "odd filter size"),
    ("ltr.models.boxmask", "boxmask_lite", {"decoder": (8, 8)}, (), "does not take these arguments"),
    ("ltr.models.boxmask", "boxmask_lite", {"size": (4096, 240)}, (), "whole numbers from 1 to 2048"),
    ("ltr.models.boxmask", "boxmask_lite", {"size": (416,)}, (), "expected a crop's width and height"),
    ("ltr.models.boxmask", "boxmask_lite", {"size": 416}, (), "does not take these arguments"),
    ("ltr.models.boxmask", "vos_lite", {"size": (416, 240)}, (), "does not take size"),
    (*STA, {**UPSTREAM_KEYWORDS, "label_encoder_dims": (2, 3, 4, 5), "backbone_type": "imagenet"}, (),
     "backbone_type='imagenet', expected 'mrcnn'"),
    (*STA, {**UPSTREAM_KEYWORDS, "label_encoder_dims": (2, 3)}, (), "label_encoder_dims of 4"),
    (*LWL, {**UPSTREAM_KEYWORDS, "label_encoder_dims": (2, 3, 4), "hook": "x"}, (), "hook"),
])
def test_constructors_outside_the_table_are_refused(write_ltr, module, function, keywords, args, reason):
    path = write_ltr({"a": torch.zeros(1)}, module, function, keywords, args)
    with pytest.raises(CheckpointError) as error:
        checkpoint.load(path)
    assert reason in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


class _Runs:
    """Pickles as a call that leaves a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("place", ["constructor", "settings", "net"])
def test_a_pickle_that_runs_something_is_refused_and_runs_nothing(tmp_path, place):
    trace = tmp_path / "trace"
    content = {"net": {"a": torch.zeros(1)}, "constructor": None, place: _Runs(trace)}
    torch.save(content, tmp_path / "evil.pth.tar")
    with pytest.raises(CheckpointError, match=r"refused, because reading it would run \w+\.system"):
        checkpoint.load(tmp_path / "evil.pth.tar")
    assert not trace.exists()


def test_a_plain_pickle_that_runs_something_is_refused_too(tmp_path):
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(_Runs(tmp_path / "trace"), protocol=2))
    with pytest.raises(CheckpointError):
        checkpoint.load(tmp_path / "evil.pkl")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("kept", [0, 5, 9, 200, 0.5, 0.99])
@pytest.mark.parametrize("form", ["safetensors", "pth.tar"])
def test_truncated_files_say_so_in_one_line(tmp_path, make_small, form, kept):
    net, path = make_small(), tmp_path / f"net.{form}"
    if form == "safetensors":
        checkpoint.save(net, path)
    else:
        torch.save({"net": net.state_dict(), "constructor": net.constructor}, path)
    data = path.read_bytes()
    path.write_bytes(data[:kept if isinstance(kept, int) else int(kept * len(data))])
    with pytest.raises(CheckpointError, match=r"(damaged|neither a \.safetensors)") as error:
        checkpoint.load(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_weights_that_a_disk_has_lost_are_not_weights(tmp_path, make_small):
    net, path = make_small(), tmp_path / "net.pth.tar"
    torch.save({"net": net.state_dict(), "constructor": net.constructor}, path)
    data = bytearray(path.read_bytes())
    weight = net.decoder.upsample.weight.detach().numpy().tobytes()
    place = data.index(weight)
    data[place:place + len(weight)] = bytes(len(weight))
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"net\.pth\.tar: damaged.*checksum of \S+ is wrong.*download it"):
        checkpoint.load(path)


@pytest.mark.parametrize(("content", "reason"), [
    ([1, 2], "holds a list"),
    ({"model": {"a": torch.zeros(1)}, "epoch": 3}, "its keys are model, epoch"),
    ({"net": {}}, "neither a network"),
    ({"net": {"a": torch.zeros(1)}, "constructor": "boxmask_lite"}, "its constructor is a str"),
])
def test_other_contents_are_described(tmp_path, content, reason):
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(CheckpointError, match=reason):
        checkpoint.load(tmp_path / "odd.pth")


def test_a_text_file_is_no_checkpoint(tmp_path):
    (tmp_path / "net.safetensors").write_text("<html>not found</html>")
    with pytest.raises(CheckpointError, match="check the download"):
        checkpoint.load(tmp_path / "net.safetensors")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        checkpoint.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("record", ["{", "[]", '{"module": "m"}'])
def test_a_broken_record_of_the_constructor_is_reported(tmp_path, record):
    save_file({"a": torch.zeros(1)}, tmp_path / "net.safetensors", {"constructor": record})
    with pytest.raises(CheckpointError, match="record of the constructor cannot be read"):
        checkpoint.load(tmp_path / "net.safetensors")


def test_weights_of_another_network_are_refused_by_name(tmp_path, make_small, make_small_vos):
    checkpoint.save(make_small_vos(), tmp_path / "vos.safetensors")
    with pytest.raises(CheckpointError, match="vos.safetensors: weights of another network than this BoxMaskNet: "
                                              r"\d+ missing: box_encoder"):
        checkpoint.load_weights(make_small(), tmp_path / "vos.safetensors")


def test_pytracking_s_classes_need_not_be_there(tmp_path, make_small, monkeypatch, write_ltr):
    net = make_small()
    path = write_ltr(net.state_dict(), "ltr.models.boxmask", "boxmask_lite", dict(net.constructor.kwds))
    for name in [n for n in sys.modules if n.startswith("ltr.admin")]:
        monkeypatch.setitem(sys.modules, name, None)
    assert same_weights(net, checkpoint.load(path))
