"""Checkpoints made to do harm, read by the host: nothing is run, written, or unpacked without bound."""

import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch

import ltr
from ltr.admin.loading import CheckpointError, CorruptCheckpointError, UnsafeCheckpointError
from ltr.admin.model_constructor import NetConstructor
from ltr.models import toynet as toynets
from ltr.trainers import checkpoints as files


def save(path, args=(), kwds=None, *, function="toynet", module="ltr.models.toynet", weights=None, **more):
    record = NetConstructor(function, module, args, kwds or {})
    torch.save({"net": toynets.toynet().state_dict() if weights is None else weights, "constructor": record, **more},
               path)
    return path


def test_an_object_that_pretends_to_be_a_network_is_not_written_anywhere(tmp_path):
    """`checkpoint.save` is a public function of `ltr.models`; what it needs of a network an object can have."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    fake = NetConstructor("x", "y", (), {})
    fake.state_dict, fake.constructor = OrderedDict, NetConstructor("x", "y", (), {})
    path = save(tmp_path / "a.pth", (fake, str(victim)), function="save", module="ltr.models.boxmask.checkpoint")
    with pytest.raises(UnsafeCheckpointError, match="would be called with a NetConstructor"):
        ltr.load_network(path)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("value", [torch.zeros(1), NetConstructor("x", "y", (), {}), {"a": [OrderedDict]}, b"bytes"])
def test_a_constructor_gets_plain_values_alone(tmp_path, value):
    with pytest.raises(UnsafeCheckpointError, match="only numbers, texts and lists"):
        ltr.load_network(save(tmp_path / "a.pth", kwds={"scale": value}))


def test_a_value_that_is_short_in_a_file_and_endless_outside_is_refused(tmp_path):
    value = ["lol"]
    for _ in range(60):
        value = [value, value]
    with pytest.raises(UnsafeCheckpointError, match="more than 10000 arguments"):
        ltr.load_network(save(tmp_path / "a.pth", kwds={"scale": value}))


def test_a_network_far_larger_than_its_weights_takes_no_memory(tmp_path):
    with pytest.raises(CheckpointError, match="has the weights of another network than its constructor makes"):
        ltr.load_network(save(tmp_path / "a.pth", kwds={"width": 2 ** 28}))


def test_a_zip_bomb_is_refused_and_no_reason_to_go_back_an_epoch(tmp_path):
    path = save(tmp_path / "Net_ep0002.pth.tar")
    save(tmp_path / "Net_ep0001.pth.tar")
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in records.items():
            archive.writestr(name, bytes(2 ** 26) if name.endswith("data/0") else data)
    for read in (ltr.load_network, lambda _: files.read_newest(tmp_path, "Net")):
        with pytest.raises(UnsafeCheckpointError, match="unpacks to more than its size"):
            read(path)


class Vast:
    """Pickles as an array of eight terabytes."""

    def __reduce__(self):
        return np._core.multiarray._reconstruct, (np.ndarray, (10 ** 12,), b"d")


def test_a_file_that_asks_for_all_memory_is_no_damaged_one(tmp_path):
    """A whole file may ask for too much on a machine that is full, and training must not then go back an epoch."""
    path = save(tmp_path / "Net_ep0001.pth.tar", stats=Vast())
    with pytest.raises(CheckpointError, match="needs more memory than there is") as error:
        ltr.load_network(path)
    assert not isinstance(error.value, CorruptCheckpointError)
