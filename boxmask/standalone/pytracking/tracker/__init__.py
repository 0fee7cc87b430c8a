"""Trackers: packages `pytracking/tracker/<name>` with a function `get_tracker_class()`."""
