"""Stand-in for pycocotools: `ltr.dataset` imports it, the COCO datasets alone use it."""

from boxmask_standin import refuser

__getattr__ = refuser("pycocotools")
