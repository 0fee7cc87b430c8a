"""Stand-in for jpeg4py on OpenCV."""

import os

import cv2
import numpy as np
from boxmask_standin import refuse, refuser

__getattr__ = refuser("jpeg4py")


class JPEG:
    """A JPEG file: `JPEG(path).decode()` is the image, (H, W, 3) uint8 RGB."""

    def __init__(self, source: str | os.PathLike[str]) -> None:
        if not isinstance(source, str | os.PathLike):
            refuse("jpeg4py", f"JPEG of a {type(source).__name__}")
        self.source = os.fspath(source)

    def decode(self) -> np.ndarray:
        """Raises OSError for a file that is not there or is no image."""
        # Like libjpeg-turbo: pixels as they are stored, whatever the camera's orientation.
        image = cv2.imread(self.source, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            reason = "is no image that OpenCV can read" if os.path.isfile(self.source) else "does not exist"
            raise OSError(f"{self.source} {reason}")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
