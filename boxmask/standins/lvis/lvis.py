"""See `lvis`."""

from boxmask_standin import refuser, unavailable

LVIS = unavailable("lvis", "lvis.lvis.LVIS")
__getattr__ = refuser("lvis", "lvis.lvis")
