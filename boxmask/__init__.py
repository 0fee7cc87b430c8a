"""boxmask: masks from boxes for tracking videos, as a plugin to pytracking."""

__version__ = "0.1.0"
