"""Networks: none, but the names that pytracking's backbones import."""

from boxmask_standin import refuser

from . import resnet

__all__ = ["resnet"]
__getattr__ = refuser("torchvision", "torchvision.models")
