"""Data loading for training: transforms, processing, samplers and the loader."""

from .loader import LTRLoader

__all__ = ["LTRLoader"]
