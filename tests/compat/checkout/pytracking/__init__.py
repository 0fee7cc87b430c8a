from pytracking.run_tracker import run_tracker  # noqa: F401 -- a function in the place of the module, as in pytracking
