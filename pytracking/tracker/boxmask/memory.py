"""The frames that a target model is learned from: so many at most, each with its share of the loss."""

from __future__ import annotations

import torch
from torch import Tensor

from ltr.models.boxmask.vosnet import Memory


class FrameMemory:
    """A bounded memory. The shares sum to 1 and are those of a running mean, in which a new frame counts `rate`.

    So a frame's share falls with its age, but that of the first, whose mask is the surest, never below `first_share`.
    When the memory is full, the oldest frame goes; the first stays, and in a memory of one it is all there is.
    """

    def __init__(self, first: Memory, *, size: int, rate: float, first_share: float) -> None:
        """first: the features and encodings of the first frame, T = 1."""
        if size < 1 or not 0 < rate < 1 or not 0 <= first_share < 1:
            raise ValueError("expected a memory of one frame or more and shares between 0 and 1, got memory_size "
                             f"{size}, learning_rate {rate}, first_share {first_share}")
        self._frames = first
        self._size = size
        self._rate = rate
        self._first_share = first_share
        self._added = 0

    def __len__(self) -> int:
        return len(self._frames.features)

    @property
    def ages(self) -> Tensor:
        """How many frames were added after each (T,); the first frame comes first, then they get younger."""
        return torch.cat((torch.tensor([self._added]), torch.arange(len(self) - 2, -1, -1)))

    @property
    def shares(self) -> Tensor:
        """The share of each frame in the loss (T,)."""
        shares = (1 - self._rate) ** self.ages.double()
        shares[1:] *= self._rate
        shares /= shares.sum()
        if shares[0] < self._first_share:
            shares[1:] *= (1 - self._first_share) / shares[1:].sum()
            shares[0] = self._first_share
        return shares

    def add(self, newer: Memory) -> None:
        """Adds one frame (T = 1), if there is room for more than the first."""
        if self._size == 1:
            return
        self._added += 1
        if len(self) == self._size:
            self._frames = Memory(*(torch.cat((part[:1], part[2:])) for part in self._frames))
        self._frames = self._frames.extend(newer)

    def weighted(self) -> Memory:
        """The frames with their shares in the weights, which the loss squares."""
        root = self.shares.sqrt().to(self._frames.weights)
        return self._frames._replace(weights=self._frames.weights * root[:, None, None, None, None])
