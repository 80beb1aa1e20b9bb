"""DenseSIFT: OpenCV's SIFT descriptors on a regular grid, in the place of a network."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from scenery.registry.architectures.base import Architecture
from scenery.registry.layers import Layer, Shape
from scenery.registry.options import Int

VALUES = 128


def _different(value: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(value)) < len(value):
        raise ValueError(f"{list(value)} has a scale twice")
    return value


Scales = Annotated[
    tuple[Annotated[Int, Field(ge=8, le=1024)], ...],
    Field(min_length=1, max_length=16),
    AfterValidator(_different),
]


@dataclass(frozen=True)
class Grid(Layer):
    """Descriptors at the points of a grid."""

    largest: int
    step: int

    def shape(self, shape: Shape) -> Shape:
        """With a step as large as the image there is no grid."""
        height, width, _ = shape
        return self._points(height), self._points(width), VALUES

    def _points(self, size: int) -> int:
        return (size - self.largest) // self.step + 1 if size >= self.step else 0


class DenseSIFT(Architecture):
    """SIFT on a grid, at several scales; `scenery.classical.dense_sift` computes it."""

    native_size: ClassVar[int] = 256
    handcrafted: ClassVar[bool] = True
    step: Annotated[Int, Field(ge=1, le=1024)] = Field(
        8, description="pixels between the points of the grid"
    )
    scales: Scales = Field(
        (16, 24, 32, 48),
        description="sides in pixels of the squares that are described around each point",
    )

    def sequence(self) -> Iterator[Layer]:
        """The descriptors."""
        yield Grid("descriptors", max(self.scales), self.step)
