"""See `timm`."""

from boxmask_standin import refuser

__getattr__ = refuser("timm", "timm.models")
