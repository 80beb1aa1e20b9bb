"""DenseBlockNet: stages of dense blocks (Huang et al. 2017), with bottlenecks or without."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from scenery.registry.architectures.base import BATCH_NORM, DropoutArchitecture
from scenery.registry.architectures.convnet import STAGES, Stages
from scenery.registry.layers import Branches, Layer, Pooling
from scenery.registry.options import Bool, Int


class DenseBlockNet(DropoutArchitecture):
    """Each layer reads the outputs of all layers before it in its block.

    Between blocks a transition halves the channels, and an average pooling the size.
    """

    native_size: ClassVar[int] = 32
    batch_norm: Bool = Field(True, description=BATCH_NORM)
    stages: Stages = Field(3, description=STAGES)
    layers: Annotated[Int, Field(ge=1, le=128)] = Field(4, description="layers in each dense block")
    growth: Annotated[Int, Field(ge=1, le=512)] = Field(
        12, description="channels that each layer adds"
    )

    bottleneck: Bool = Field(
        False, description="a 1 x 1 convolution to 4 * growth channels before each layer"
    )

    def problem(self) -> str | None:
        """Maxout, which changes the channels of a block."""
        if self.activation == "maxout":
            return "network.activation: maxout halves the channels, which DenseBlockNet must keep"
        return None

    def sequence(self) -> Iterator[Layer]:
        """One convolution, then the blocks."""
        channels = 2 * self.growth
        yield self.bare_conv("conv1", channels, 3)
        for stage in range(1, self.stages + 1):
            name = f"stage{stage}"
            for layer in range(1, self.layers + 1):
                yield self._dense_layer(f"{name}_layer{layer}")
            channels += self.layers * self.growth
            yield from self.dropped(f"{name}_dropout")
            yield from self.activated(f"{name}_end")
            if stage < self.stages:
                channels //= 2
                yield self.bare_conv(f"{name}_transition", channels, 1)
                yield Pooling(f"stage{stage + 1}_pool", 2, 2, how="average")

    def _dense_layer(self, name: str) -> Layer:
        new: tuple[Layer, ...] = (
            *self.activated(name),
            self.bare_conv(f"{name}_conv", self.growth, 3),
        )
        if self.bottleneck:
            narrow = f"{name}_bottleneck"
            new = (
                *self.activated(name),
                self.bare_conv(narrow, 4 * self.growth, 1),
                *self.activated(f"{narrow}_end"),
                self.bare_conv(f"{name}_conv", self.growth, 3),
            )
        return Branches(name, ((), new))
