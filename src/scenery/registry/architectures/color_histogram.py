"""ColorHistogram: how often colors occur."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from scenery.registry.architectures.base import GlobalDescriptor
from scenery.registry.options import Int


class ColorHistogram(GlobalDescriptor):
    """Joint histogram of the three channels of a color space (Swain and Ballard 1991)."""

    native_size: ClassVar[int] = 256
    color_space: Literal["rgb", "hsv", "lab"] = Field("hsv", description="space of the colors")
    bins: Annotated[Int, Field(ge=2, le=32)] = Field(
        6, description="bins of each channel, so that there are bins x bins x bins values"
    )

    @property
    def smallest_part(self) -> int:
        """A pixel."""
        return 1

    def count(self, height: int, width: int) -> int:
        """One value for each bin."""
        return int(self.bins**3)
