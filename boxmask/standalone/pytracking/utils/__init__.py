"""Small things that trackers and the evaluation share."""

from pytracking.utils.params import TrackerParams

__all__ = ["TrackerParams"]
