"""Statistics of a training run, kept by epoch. Pickled into checkpoints, so names and attributes stay as they are."""

from __future__ import annotations


class StatValue:
    """A value that is set once an epoch, such as a learning rate."""

    def __init__(self) -> None:
        self.clear()

    def reset(self) -> None:
        """Forgets the current value."""
        self.val = 0

    def clear(self) -> None:
        """Forgets everything."""
        self.reset()
        self.history: list[float] = []

    def update(self, val: float) -> None:
        """Sets the value of this epoch."""
        self.val = val
        self.history.append(val)


class AverageMeter:
    """The weighted mean of the values of an epoch.

    `avg`, `val`, `sum`, `count` belong to the epoch that is running; `history` holds the means of the finished epochs
    that had any values; `has_new_data` is true if the last finished epoch was one of them.
    """

    def __init__(self) -> None:
        self.clear()
        self.has_new_data = False

    def reset(self) -> None:
        """Forgets the values of the running epoch."""
        self.avg = 0
        self.val = 0
        self.sum = 0
        self.count = 0

    def clear(self) -> None:
        """Forgets everything."""
        self.reset()
        self.history: list[float] = []

    def update(self, val: float, n: int = 1) -> None:
        """Adds `val`, itself a mean of `n` values."""
        self.val = val
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count

    def new_epoch(self) -> None:
        """Ends the running epoch."""
        self.has_new_data = self.count > 0
        if self.has_new_data:
            self.history.append(self.avg)
            self.reset()
