"""As `lite`, but started by the box alone, also where the sequence has a first mask."""

from __future__ import annotations

from pytracking.parameter.boxmask import lite
from pytracking.utils.params import TrackerParams


def parameters() -> TrackerParams:
    """Parameters of `pytracking.tracker.boxmask`."""
    params = lite.parameters()
    params.ignore_init_mask = True
    return params
