"""A tracker that is started by a box and gives masks: `python run_tracker.py boxmask lite --dataset_name <name>`."""

from __future__ import annotations

from boxmask import host

# For a checkout's own run_tracker.py, where our folders are linked into it.
host.activate_linked()


def get_tracker_class() -> type:
    """The class that pytracking's `Tracker('boxmask', ...)` makes."""
    from pytracking.tracker.boxmask.boxmask import BoxMaskTracker
    return BoxMaskTracker
