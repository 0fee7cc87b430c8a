"""A backbone: four plain convolution layers, and a box-to-mask network on it."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ltr.models.boxmask.backbone import Backbone, Levels
from ltr.models.boxmask.boxmasknet import BoxMaskNet
from ltr.models.boxmask.config import BoxMaskWidths, InputSpec, records_constructor

INPUT = InputSpec(size=(208, 120), mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0), bgr=False)
WIDTHS = BoxMaskWidths(feature=32, filters=4, filter_size=3, mask_ladder=(4, 8, 16), box_ladder=(4, 8, 16, 32),
                       decoder=(32, 24, 16, 8), upsampler=8)


class PlainBackbone(Backbone):
    """`channels` of its levels, and `_levels`, which makes them: features at strides 4, 8, 16 and 32.

    classifier: how the names of those weights start that a published file has and this has not.
    """

    channels = (16, 24, 32, 48)
    classifier = ()

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=4, padding=1)
        self.layers = nn.ModuleList(nn.Conv2d(before, after, 3, stride=2, padding=1)
                                    for before, after in zip(self.channels, self.channels[1:], strict=False))
        self.freeze()

    def _levels(self, images: Tensor) -> Levels:
        levels = [F.relu(self.stem(images))]
        for layer in self.layers:
            levels.append(F.relu(layer(levels[-1])))
        return Levels(*levels)


@records_constructor(forget=())
def boxmask_plain(*, iterations: int = 5) -> BoxMaskNet:
    """Box-to-mask network, 208x120, with weights drawn at random."""
    return BoxMaskNet(PlainBackbone(), WIDTHS, INPUT, iterations=iterations)
