"""Imported by `ltr.models.transformer.heads` for a network that is none of ours."""

from boxmask_standin import refuser

__getattr__ = refuser("torchvision", "torchvision.ops")
