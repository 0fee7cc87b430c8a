"""The networks of the paper, 832x480: `python run_tracker.py boxmask default --dataset_name <name>`."""

from __future__ import annotations

from pytracking.utils.params import TrackerParams


def parameters() -> TrackerParams:
    """Parameters of `pytracking.tracker.boxmask`."""
    params = TrackerParams()
    params.debug = 0
    params.visualization = False
    params.device = None  # as torch names it; None: a GPU if there is one

    # Checkpoints: names in network_path, or absolute paths; BOXMASK_BOX_NETWORK and BOXMASK_VOS_NETWORK win over them.
    params.box_network = "boxmask_resnet50"
    params.box_network_training = "default"
    params.vos_network = "vos_resnet50"
    params.vos_network_training = "weak_vos"

    # The first mask. It is made from the box where the sequence has no mask; with ignore_init_mask, always.
    params.ignore_init_mask = False
    params.box_search_factor = None  # as the network was trained
    params.box_iterations = 15

    # Where to look: square root of the area looked at over that of the box; without the target, growing by each frame.
    params.search_factor = 5.0
    params.search_growth = 1.2
    params.max_scale_change = 1.3

    # The target model: steps of steepest descent on the first mask, and every so many remembered frames.
    params.init_iterations = 20
    params.update_iterations = 3
    params.update_interval = 1

    # What it is learned from: frames kept, share of the loss of a new frame, least share of the first.
    params.memory_size = 32
    params.learning_rate = 0.1
    params.first_share = 0.25
    params.least_score_to_learn = 0.7

    # A target is told as present (OxUvA) above this score; a mask's is never below.
    params.object_presence_score_threshold = 0.5
    return params
