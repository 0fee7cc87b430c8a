"""Stand-in for tikzplotlib: `pytracking.analysis.plot_results` imports it and does not use it."""

from boxmask_standin import refuser

__getattr__ = refuser("tikzplotlib")
