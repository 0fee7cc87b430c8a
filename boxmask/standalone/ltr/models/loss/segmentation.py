"""Losses of masks; pytracking's path to `LovaszSegLoss`."""

from .lovasz_loss import LovaszSegLoss

__all__ = ["LovaszSegLoss"]
