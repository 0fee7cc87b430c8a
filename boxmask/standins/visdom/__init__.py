"""Stand-in for visdom: imported with every tracker, used where a tracker runs with debug above 0."""

from boxmask_standin import refuser, unavailable

from . import server

__all__ = ["Visdom", "server"]
Visdom = unavailable("visdom", "visdom.Visdom")
__getattr__ = refuser("visdom")
