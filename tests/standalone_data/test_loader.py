"""Random numbers, processes and leaves of LTRLoader."""

import random

import numpy as np
import pytest
import torch
import torch.distributed
from torch.utils.data import DistributedSampler

from ltr.data import LTRLoader
from pytracking import TensorDict, TensorList


class Draws(torch.utils.data.Dataset):
    """Samples that ignore their index and draw from all three generators."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return {"draw": torch.tensor([random.random(), np.random.rand(), torch.rand(1).item()]), "index": index,
                "worker": torch.utils.data.get_worker_info().id}


def epoch_of(loader):
    return [tuple(sample["draw"][0].tolist()) for sample in loader]


def as_rank(monkeypatch, rank, world_size=2):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda group=None: rank)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda group=None: world_size)


def test_draws_differ_by_worker_epoch_and_rank_and_repeat_for_a_seed(monkeypatch):
    draws = []
    for rank in (0, 1):
        as_rank(monkeypatch, rank)
        torch.manual_seed(3)
        loader = LTRLoader("train", Draws(), num_workers=2)
        draws += [epoch_of(loader), epoch_of(loader)]
    everything = [draw for epoch in draws for draw in epoch]
    for generator in zip(*everything, strict=True):
        assert len(set(generator)) == len(everything) == 12
    torch.manual_seed(3)
    assert epoch_of(LTRLoader("train", Draws(), num_workers=2)) == draws[2]


def test_a_run_that_goes_on_does_not_repeat_its_first_epoch():
    torch.manual_seed(3)
    first = epoch_of(LTRLoader("train", Draws(), num_workers=1))
    torch.manual_seed(3)
    resumed = LTRLoader("train", Draws(), num_workers=1)
    resumed.epochs_started = 5
    assert not set(first) & set(epoch_of(resumed))


def test_processes_share_an_epoch_out(monkeypatch):
    shares = []
    for rank in (0, 1, 2):
        as_rank(monkeypatch, rank, world_size=3)
        loader = LTRLoader("train", range(9), batch_size=2, shuffle=True)
        assert isinstance(loader.sampler, DistributedSampler)
        shares.append([number for batch in loader for number in batch.tolist()])
        assert shares[-1] != [number for batch in loader for number in batch.tolist()]
    assert sorted(number for share in shares for number in share) == list(range(9))


def remember_worker(worker):
    random.seed(1000 + worker)


def test_the_users_worker_function_has_the_last_word():
    draws = epoch_of(LTRLoader("train", Draws(), num_workers=1, worker_init_fn=remember_worker))
    assert draws[0][0] == pytest.approx(random.Random(1000).random())


@pytest.mark.parametrize("stack_dim", [0, 1])
def test_numpy_dict_and_list_leaves_are_batched(stack_dim):
    sample = {"array": np.ones((3, 2), np.float32), "scalar": np.float64(2), "flag": np.int32(1),
              "single": torch.tensor(4.0), "nested": TensorDict(a=torch.zeros(3)), "boxes": [torch.zeros(3), "name"],
              "list": TensorList([torch.ones(3)])}
    batch = next(iter(LTRLoader("val", [sample, sample], batch_size=2, stack_dim=stack_dim)))
    assert batch["array"].shape == ((2, 3, 2), (3, 2, 2))[stack_dim]
    assert [batch[key].tolist() for key in ("scalar", "flag", "single")] == [[2, 2], [1, 1], [4, 4]]
    assert isinstance(batch["nested"], TensorDict) and batch["nested"]["a"].shape == ((2, 3), (3, 2))[stack_dim]
    assert batch["boxes"][0].shape == ((2, 3), (3, 2))[stack_dim] and batch["boxes"][1] == ["name", "name"]
    assert isinstance(batch["list"], TensorList)


@pytest.mark.parametrize(("samples", "complaint"), [
    ([{"a": {"b": torch.zeros(3)}}, {"a": {"b": torch.zeros(4)}}],
     r"\['a'\]\['b'\]: their shapes are \[\(3,\), \(4,\)\]"),
    ([[1, 2], [1]], r"lengths are \[2, 1\]")])
def test_what_cannot_be_batched_is_named(samples, complaint):
    with pytest.raises(ValueError, match=complaint):
        next(iter(LTRLoader("val", samples, batch_size=2)))


def test_objects_cannot_be_batched():
    with pytest.raises(TypeError, match="cannot batch object"):
        next(iter(LTRLoader("val", [{"a": object()}] * 2, batch_size=2)))
