"""Parameters of trackers: `pytracking/parameter/<tracker>/<name>.py` with a function `parameters()`."""
