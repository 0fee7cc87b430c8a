"""Names that pytracking's backbones import; LWL and STA have blocks of their own."""

from typing import NoReturn

from boxmask_standin import refuse, refuser, unavailable


class _Addresses(dict):
    """Where torchvision's own weights are; unknown here."""

    def __missing__(self, name: str) -> NoReturn:
        refuse("torchvision", f"the address of the weights of {name}")


BasicBlock = unavailable("torchvision", "torchvision.models.resnet.BasicBlock")
Bottleneck = unavailable("torchvision", "torchvision.models.resnet.Bottleneck")
model_urls = _Addresses()
__getattr__ = refuser("torchvision", "torchvision.models.resnet")
