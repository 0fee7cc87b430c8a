"""`LTRLoader`: the data loader of a training run.

Interface and batch layout of pytracking's `ltr/data/loader.py`. Different on purpose: workers never draw the same
random numbers twice; an initialised process group shares the epoch out; NumPy leaves, dicts and lists can be batched
(in pytracking they fail on today's Python); tensors of shapes that differ are named.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import torch
import torch.distributed
from torch.utils.data import DataLoader, Dataset, DistributedSampler, Sampler

from pytracking import TensorDict, TensorList


def ltr_collate(batch: list) -> Any:
    """Samples to one batch, in the first dimension: see `LTRLoader`."""
    return _collate(batch, 0, "")


def ltr_collate_stack1(batch: list) -> Any:
    """Samples to one batch, in the second dimension: (F, ...) each become (F, B, ...)."""
    return _collate(batch, 1, "")


def _collate(batch: list, stack_dim: int, where: str) -> Any:
    first = batch[0]
    if isinstance(first, (np.ndarray, np.generic)) and first.dtype.kind in "biufc":
        batch = [torch.as_tensor(value) for value in batch]
        first = batch[0]
    if isinstance(first, torch.Tensor):
        return _stack(batch, min(stack_dim, first.dim()), where)
    if isinstance(first, int):
        return torch.tensor(batch, dtype=torch.int64)
    if isinstance(first, float):
        return torch.tensor(batch, dtype=torch.float64)
    if first is None or isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        joined = {key: _collate([sample[key] for sample in batch], stack_dim, f"{where}[{key!r}]") for key in first}
        return TensorDict(joined) if isinstance(first, TensorDict) else joined
    if isinstance(first, Sequence):
        if len({len(sample) for sample in batch}) > 1:
            raise ValueError(f"cannot batch the lists{_at(where)}: their lengths are "
                             f"{[len(s) for s in batch]}")
        joined = [_collate(list(values), stack_dim, f"{where}[{index}]")
                  for index, values in enumerate(zip(*batch, strict=True))]
        return TensorList(joined) if isinstance(first, TensorList) else joined
    raise TypeError(f"cannot batch {type(first).__name__}{_at(where)}: samples hold tensors, arrays, "
                    "numbers, strings, None, dicts or lists of them")


def _stack(batch: list[torch.Tensor], dim: int, where: str) -> torch.Tensor:
    if len({tensor.shape for tensor in batch}) > 1:
        raise ValueError(f"cannot batch the tensors{_at(where)}: their shapes are "
                         f"{[tuple(tensor.shape) for tensor in batch]}")
    return torch.stack(batch, dim)


def _at(where: str) -> str:
    return f" of {where}" if where else ""


class LTRLoader(DataLoader):
    """Batches of a dataset of samples, under a `name`, for training or validation.

    training: whether the trainer learns from it. epoch_interval: it runs in every so many epochs.
    stack_dim: 0 gives (B, ...); 1 gives (F, B, ...) from samples (F, ...). Strings and None become lists, int a
    LongTensor, float a DoubleTensor; dicts and lists keep their form. Numbers are always (B,).

    Workers start anew in every epoch: what they draw follows from it, and not from the epochs before, so that a run
    that was stopped goes on as if it had not been. `random`, NumPy and torch are seeded in each from torch's generator
    in this process, differently for every worker, rank and epoch. If torch.distributed is initialised and no sampler
    is given, a `DistributedSampler` gives each process its part, so that together they go through the dataset once an
    epoch. The other arguments are those of torch's DataLoader.
    """

    def __init__(self, name: str, dataset: Dataset, training: bool = True, batch_size: int | None = 1,
                 shuffle: bool = False, sampler: Sampler | None = None, batch_sampler: Sampler | None = None,
                 num_workers: int = 0, epoch_interval: int = 1, collate_fn: Callable | None = None, stack_dim: int = 0,
                 pin_memory: bool = False, drop_last: bool = False, timeout: float = 0,
                 worker_init_fn: Callable[[int], None] | None = None) -> None:
        if stack_dim not in (0, 1):
            raise ValueError(f"stack_dim is 0 or 1, got {stack_dim!r}")
        if collate_fn is None:
            collate_fn = ltr_collate_stack1 if stack_dim else ltr_collate
        rank = 0
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            rank = torch.distributed.get_rank()
            if sampler is None and batch_sampler is None:
                sampler, shuffle = DistributedSampler(dataset, shuffle=shuffle, drop_last=drop_last), False
        super().__init__(dataset, batch_size=batch_size, shuffle=shuffle, sampler=sampler, batch_sampler=batch_sampler,
                         num_workers=num_workers, collate_fn=collate_fn, pin_memory=pin_memory, drop_last=drop_last,
                         timeout=timeout, worker_init_fn=_WorkerStart(rank, worker_init_fn))
        self.name = name
        self.training = training
        self.epoch_interval = epoch_interval
        self.stack_dim = stack_dim
        self.epochs_started = 0

    def __iter__(self) -> Iterator:
        if isinstance(self.sampler, DistributedSampler):
            self.sampler.set_epoch(self.epochs_started)
        self.worker_init_fn.epoch = self.epochs_started
        self.epochs_started += 1
        return super().__iter__()


class _WorkerStart:
    """Seeds a worker's random numbers, then calls the user's `worker_init_fn`. A class, for spawn to pickle it.

    epoch: in which the workers start; a run that goes on from epoch 7 does not repeat what epoch 1 drew.
    """

    def __init__(self, rank: int, then: Callable[[int], None] | None) -> None:
        self.rank = rank
        self.epoch = 0
        self.then = then

    def __call__(self, worker: int) -> None:
        # torch.initial_seed() is a base seed plus the worker's number: the same on every rank if the processes were
        # seeded alike, and neighbouring numbers, which SeedSequence spreads out.
        source = np.random.SeedSequence((torch.initial_seed(), worker, self.rank, self.epoch))
        words = source.generate_state(4)
        torch.manual_seed(int(words[0]) << 32 | int(words[1]))
        random.seed(int(words[2]))
        np.random.seed(words[3])
        # Each worker is one process among several: OpenCV's own threads would fight for the same cores.
        cv2.setNumThreads(0)
        if self.then is not None:
            self.then(worker)
