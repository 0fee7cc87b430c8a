"""Names that pytracking's Swin backbone imports and uses once such a network is made."""

from boxmask_standin import refuser, unavailable

DropPath, to_2tuple, trunc_normal_ = (
    unavailable("timm", f"timm.models.layers.{name}") for name in ("DropPath", "to_2tuple", "trunc_normal_"))
__getattr__ = refuser("timm", "timm.models.layers")
