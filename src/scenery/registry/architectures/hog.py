"""HOG: histograms of oriented gradients of the whole image."""

from typing import Annotated, ClassVar

from pydantic import Field

from scenery.registry.architectures.base import GlobalDescriptor
from scenery.registry.options import Int

# Cells of a block along a side, as in the publication.
BLOCK = 2

CellSizes = Annotated[
    tuple[Annotated[Int, Field(ge=4, le=256)], ...], Field(min_length=1, max_length=8)
]


class HOG(GlobalDescriptor):
    """Histograms of oriented gradients (Dalal and Triggs 2005)."""

    native_size: ClassVar[int] = 256
    orientations: Annotated[Int, Field(ge=2, le=36)] = Field(
        9, description="directions of a gradient that are told apart, over half a turn"
    )
    cell_sizes: CellSizes = Field(
        (32,),
        description="sides in pixels of the cells that have a histogram each; several sizes give "
        "several scales",
    )

    @property
    def smallest_part(self) -> int:
        """A block of the largest cells."""
        return BLOCK * max(self.cell_sizes)

    def count(self, height: int, width: int) -> int:
        """Values of all blocks, which overlap by a cell."""
        blocks = (
            (height // cell - BLOCK + 1) * (width // cell - BLOCK + 1) for cell in self.cell_sizes
        )
        return sum(blocks) * BLOCK**2 * self.orientations
