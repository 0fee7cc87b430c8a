"""See `visdom`."""

from boxmask_standin import refuser

__getattr__ = refuser("visdom", "visdom.server")
