"""Training in several processes, as torchrun starts them. In a single process every function here is trivial."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist


def is_distributed() -> bool:
    """True within a process group."""
    return dist.is_available() and dist.is_initialized()


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if is_distributed() else 0


def world_size() -> int:
    """The number of processes."""
    return dist.get_world_size() if is_distributed() else 1


def local_rank() -> int:
    """The number of this process on its machine, from 0: the GPU it uses."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def gather(value: Any) -> list[Any]:
    """`value` of every process, in order of rank. Every process must call it."""
    if not is_distributed():
        return [value]
    values: list[Any] = [None] * world_size()
    dist.all_gather_object(values, value)
    return values


@contextmanager
def process_group() -> Iterator[None]:
    """Joins the process group that torchrun describes in the environment, if it does, for the length of the block.

    NCCL where there are GPUs, gloo otherwise. After an error the group is left as it is: the others may wait in it for
    ever, and torchrun ends them once this process has ended.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or is_distributed():
        yield
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(local_rank())
    dist.init_process_group("nccl" if on_gpu else "gloo")
    yield
    dist.destroy_process_group()
