"""LBP: histograms of local binary patterns."""

from typing import Annotated, ClassVar

from pydantic import Field

from scenery.registry.architectures.base import GlobalDescriptor
from scenery.registry.options import Int

# Neighbors of a pixel, and their uniform patterns: each number of set bits, and all others.
NEIGHBORS = 8
PATTERNS = NEIGHBORS + 2

Radii = Annotated[tuple[Annotated[Int, Field(ge=1, le=64)], ...], Field(min_length=1, max_length=8)]


class LBP(GlobalDescriptor):
    """Uniform local binary patterns of the gray image (Ojala et al. 2002)."""

    native_size: ClassVar[int] = 256
    radii: Radii = Field(
        (1, 2, 4),
        description="distances in pixels at which neighbors are compared; several give several "
        "scales",
    )

    @property
    def smallest_part(self) -> int:
        """The neighbors of a pixel on both sides."""
        return 2 * max(self.radii) + 1

    def count(self, height: int, width: int) -> int:
        """A histogram for each radius."""
        return PATTERNS * len(self.radii)
