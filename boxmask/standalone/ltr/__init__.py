"""The training framework of the standalone host: pytracking's `ltr` interfaces, as small as this project needs them."""

from ltr.admin.loading import load_network
from ltr.admin.model_constructor import model_constructor
from ltr.admin.multigpu import MultiGPU

__all__ = ["MultiGPU", "load_network", "model_constructor"]
