"""Cooccurrence: texture measures of gray-level co-occurrence matrices."""

from typing import Annotated, ClassVar

from pydantic import Field

from scenery.registry.architectures.base import GlobalDescriptor
from scenery.registry.options import Int

MEASURES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")

Distances = Annotated[
    tuple[Annotated[Int, Field(ge=1, le=64)], ...], Field(min_length=1, max_length=8)
]


class Cooccurrence(GlobalDescriptor):
    """Measures of gray-level co-occurrence, mean and range over four directions (Haralick 1973)."""

    native_size: ClassVar[int] = 256
    distances: Distances = Field(
        (1, 2, 4),
        description="distances in pixels of the two gray levels; several give several scales",
    )
    levels: Annotated[Int, Field(ge=2, le=256)] = Field(
        32, description="gray levels that are told apart"
    )

    @property
    def smallest_part(self) -> int:
        """A pair of pixels in each direction."""
        return max(self.distances) + 1

    def count(self, height: int, width: int) -> int:
        """Mean and range of each measure for each distance."""
        return 2 * len(MEASURES) * len(self.distances)
