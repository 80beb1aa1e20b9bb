"""LeNet-5 up to its last feature map.

LeCun, Bottou, Bengio and Haffner (1998), with full connections between its maps, average pooling
without weights, and a softmax in place of radial basis functions. With the head
`{pooling: flatten, dense: [84], activation: tanh}` it has the 61,706 parameters of its common form
on one channel (`color_mode: grayscale`), and 62,006 on the three of color images.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from scenery.registry.architectures.base import (
    ACTIVATION,
    INITIALIZER,
    ActivationName,
    InitializerName,
    LayeredArchitecture,
)
from scenery.registry.layers import Layer, Pooling


class LeNet5(LayeredArchitecture):
    """Three convolutions of 5 x 5, two average poolings."""

    native_size: ClassVar[int] = 32
    activation: ActivationName = Field("tanh", description=ACTIVATION)
    kernel_initializer: InitializerName = Field("glorot_uniform", description=INITIALIZER)

    padding: Literal["same", "valid"] = Field(
        "valid", description="same pads the first convolution, for images of 28 pixels"
    )

    def sequence(self) -> Iterator[Layer]:
        """Convolutions of 6, 16 and 120 channels."""
        for number, channels in enumerate((6, 16, 120), start=1):
            padding = self.padding if number == 1 else "valid"
            yield from self.conv(f"conv{number}", channels, 5, padding=padding)
            if number < 3:
                yield Pooling(f"pool{number}", 2, 2, how="average")
