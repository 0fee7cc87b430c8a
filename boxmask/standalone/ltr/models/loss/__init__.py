"""Losses."""

from .segmentation import LovaszSegLoss

__all__ = ["LovaszSegLoss"]
