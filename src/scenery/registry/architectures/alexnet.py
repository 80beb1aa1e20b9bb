"""AlexNet up to its last feature map.

Krizhevsky, Sutskever and Hinton (2012), in one path instead of two that shared two GPUs, and
without local response normalization. Its head is `{pooling: flatten, dense: [4096, 4096],
dropout: 0.5}`. Made for 227 pixels, it takes images from 67 pixels up with the same layers.
"""

from collections.abc import Iterator
from typing import ClassVar

from scenery.registry.architectures.base import LayeredArchitecture
from scenery.registry.layers import Layer, Pooling


class AlexNet(LayeredArchitecture):
    """Five convolutions, three of them with overlapping max pooling behind."""

    native_size: ClassVar[int] = 227

    def sequence(self) -> Iterator[Layer]:
        """Convolutions of 11 x 11, 5 x 5 and three of 3 x 3."""
        yield from self.conv("conv1", 96, 11, stride=4, padding="valid")
        yield Pooling("pool1", 3, 2)
        yield from self.conv("conv2", 256, 5)
        yield Pooling("pool2", 3, 2)
        for number, channels in ((3, 384), (4, 384), (5, 256)):
            yield from self.conv(f"conv{number}", channels, 3)
        yield Pooling("pool5", 3, 2)
