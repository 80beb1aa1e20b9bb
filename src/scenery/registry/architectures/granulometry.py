"""Granulometry: the sizes of bright and of dark structures."""

from typing import ClassVar

from pydantic import Field

from scenery.registry.architectures.base import GlobalDescriptor
from scenery.registry.architectures.lbp import Radii


class Granulometry(GlobalDescriptor):
    """Pattern spectrum of the gray image, by openings and closings with disks (Maragos 1989)."""

    native_size: ClassVar[int] = 256
    radii: Radii = Field(
        (1, 2, 3, 5, 8, 12),
        description="radii in pixels of the disks, in increasing order",
    )

    def problem(self) -> str | None:
        """Radii that do not increase."""
        if list(self.radii) != sorted(set(self.radii)):
            return f"network.radii: the radii must increase; found {list(self.radii)}"
        return None

    @property
    def smallest_part(self) -> int:
        """The largest disk."""
        return 2 * max(self.radii) + 1

    def count(self, height: int, width: int) -> int:
        """What each opening and each closing takes away from the one before."""
        return 2 * len(self.radii)
