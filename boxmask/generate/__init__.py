"""Generation: plan (which frames are solved together) -> engine (their masks) -> writer (files), run by `run`."""
