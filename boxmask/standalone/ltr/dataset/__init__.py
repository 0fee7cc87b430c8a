"""Datasets of videos with boxes or masks."""

from .davis import Davis
from .got10k import Got10k
from .got10kvos import Got10kVOS
from .lasot import Lasot
from .lasotvos import LasotVOS
from .tracking_net import TrackingNet
from .youtubevos import YouTubeVOS

__all__ = ["Davis", "Got10k", "Got10kVOS", "Lasot", "LasotVOS", "TrackingNet", "YouTubeVOS"]
