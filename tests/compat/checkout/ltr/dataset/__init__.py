import jpeg4py
import lvis.lvis  # noqa: F401 -- imported and not used, as in pytracking
import pandas
from pycocotools.coco import COCO  # noqa: F401


class Frames:
    """Pickled to a worker, read there."""

    def __init__(self, paths, boxes):
        self.paths, self.boxes = paths, boxes

    def shapes(self):
        boxes = pandas.read_csv(self.boxes, delimiter=",", header=None, dtype="float32", na_filter=False).values
        return [(jpeg4py.JPEG(path).decode().shape, box.tolist()) for path, box in zip(self.paths, boxes, strict=True)]
