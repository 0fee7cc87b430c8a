"""Networks that turn boxes into masks, and masks into masks.

Importing torch and itself alone, this package runs under any host. The constructors' place and names are part of the
checkpoint format: do not move them.
"""

from __future__ import annotations

from .blocks import for_inference
from .boxmasknet import BoxMaskNet, FrameCode
from .config import Constructor, InputSpec, Widths
from .constructors import boxmask_lite, boxmask_resnet50, vos_lite, vos_resnet50
from .vosnet import VosNet

__all__ = ["BoxMaskNet", "Constructor", "FrameCode", "InputSpec", "VosNet", "Widths",
           "boxmask_lite", "boxmask_resnet50", "for_inference", "vos_lite", "vos_resnet50"]
