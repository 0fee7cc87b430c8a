"""The tracking framework of the standalone host: pytracking's interfaces, as small as this project needs them."""

from pytracking.libs import TensorDict, TensorList

__all__ = ["TensorDict", "TensorList"]
