"""See `pycocotools`."""

from boxmask_standin import refuser, unavailable

COCO = unavailable("pycocotools", "pycocotools.coco.COCO")
__getattr__ = refuser("pycocotools", "pycocotools.coco")
