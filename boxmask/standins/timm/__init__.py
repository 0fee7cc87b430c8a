"""Stand-in for timm: names that pytracking's Swin backbone imports."""

from boxmask_standin import refuser

__getattr__ = refuser("timm")
