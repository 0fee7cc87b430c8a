"""The small networks, for CPUs: `python run_tracker.py boxmask lite --dataset_name <name>`."""

from __future__ import annotations

from pytracking.parameter.boxmask import default
from pytracking.utils.params import TrackerParams


def parameters() -> TrackerParams:
    """Parameters of `pytracking.tracker.boxmask`."""
    params = default.parameters()
    params.box_network = "boxmask_lite"
    params.box_network_training = "lite"
    params.vos_network = "vos_lite"
    params.vos_network_training = "weak_vos_lite"
    params.memory_size = 16
    return params
