"""Stand-in for torchvision: tensors from images, normalisation, and names that are imported and not used."""

from boxmask_standin import refuser

from . import models, ops, transforms

__all__ = ["models", "ops", "transforms"]
__getattr__ = refuser("torchvision")
