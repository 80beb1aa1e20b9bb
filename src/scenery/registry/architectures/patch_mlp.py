"""PatchMLP: a multilayer perceptron on patches that share its weights."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from scenery.registry.architectures.base import DropoutArchitecture
from scenery.registry.architectures.mlp import Widths
from scenery.registry.layers import Layer
from scenery.registry.options import Int

Pixels = Annotated[Int, Field(ge=1, le=1024)]


class PatchMLP(DropoutArchitecture):
    """Dense layers on square patches; each position of the feature map is one patch.

    Patches that would leave the image are not taken.
    """

    native_size: ClassVar[int] = 64
    widths: Widths = Field((512, 256), description="widths of the dense layers")
    patch_size: Pixels = Field(16, description="side of the square patches in pixels")
    stride: Pixels = Field(16, description="pixels from one patch to the next")

    def sequence(self) -> Iterator[Layer]:
        """The first layer reads a patch, which makes it a convolution with the patch as kernel."""
        for number, units in enumerate(self.widths, start=1):
            name = f"dense{number}"
            if number == 1:
                yield from self.conv(
                    name, units, self.patch_size, stride=self.stride, padding="valid"
                )
            else:
                yield from self.dense(name, units)
            yield from self.dropped(f"dropout{number}")
