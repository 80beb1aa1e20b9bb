"""MLP: a multilayer perceptron on whole images."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from scenery.registry.architectures.base import DropoutArchitecture
from scenery.registry.layers import Layer, OneCell
from scenery.registry.options import Int

Widths = Annotated[
    tuple[Annotated[Int, Field(ge=1, le=65536)], ...], Field(min_length=1, max_length=64)
]


class MLP(DropoutArchitecture):
    """Dense layers on all values of the image, as a map of one cell."""

    native_size: ClassVar[int] = 32
    widths: Widths = Field((512, 256), description="widths of the dense layers")

    def sequence(self) -> Iterator[Layer]:
        """All values, and the dense layers with their dropout."""
        yield OneCell("values")
        for number, units in enumerate(self.widths, start=1):
            yield from self.dense(f"dense{number}", units)
            yield from self.dropped(f"dropout{number}")
