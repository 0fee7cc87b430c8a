"""Stand-in for lvis: `ltr.dataset` imports it, the LVIS dataset alone uses it."""

from boxmask_standin import refuser

__getattr__ = refuser("lvis")
