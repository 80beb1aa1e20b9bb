"""InceptionNet: stages of inception blocks (Szegedy et al. 2015) behind one convolution."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from scenery.registry.architectures.base import DropoutArchitecture
from scenery.registry.architectures.convnet import (
    STAGES,
    ChannelsOrList,
    Stages,
    channels_of,
    channels_problem,
)
from scenery.registry.layers import Branches, Layer, Pooling
from scenery.registry.options import Int


class InceptionNet(DropoutArchitecture):
    """Blocks of filters of three sizes and a pooling, side by side."""

    native_size: ClassVar[int] = 64
    stages: Stages = Field(3, description=STAGES)
    channels: ChannelsOrList = Field(
        64,
        description="channels of the first stage, a multiple of 16, doubled in each next one, or a "
        "list with those of each stage",
    )
    blocks: Annotated[Int, Field(ge=1, le=64)] = Field(
        2, description="inception blocks in each stage"
    )

    form: Literal["reduced", "naive"] = Field(
        "reduced",
        description="reduced: 1 x 1 convolutions before the large filters and behind the pooling; "
        "naive: none",
    )

    def implied(self) -> Mapping[str, Any]:
        """A list of channels says how many stages there are."""
        known = super().implied()
        return (
            {**known, "stages": len(self.channels)} if isinstance(self.channels, tuple) else known
        )

    def problem(self) -> str | None:
        """Channels that the branches cannot share."""
        if (problem := channels_problem(self.channels, self.stages)) is not None:
            return problem
        several = self.channels if isinstance(self.channels, tuple) else (self.channels,)
        for channels in several:
            if channels % 16:
                return f"network.channels: InceptionNet needs a multiple of 16; found {channels}"
        return None

    def sequence(self) -> Iterator[Layer]:
        """One convolution, then the stages with max pooling between them."""
        yield from self.conv("conv1", channels_of(self.channels, 1), 3)
        for stage in range(1, self.stages + 1):
            name, channels = f"stage{stage}", channels_of(self.channels, stage)
            if stage > 1:
                yield Pooling(f"{name}_pool", 2, 2)
            for block in range(1, self.blocks + 1):
                yield self._block(f"{name}_block{block}", channels // 16)
            yield from self.dropped(f"{name}_dropout")

    def _block(self, name: str, share: int) -> Layer:
        """An inception block of 16 shares; each branch has as many as in GoogLeNet's 3a."""
        if self.form == "naive":
            sizes = ((1, 4), (3, 8), (5, 2))
            filters = (self.conv(f"{name}_{n}x{n}", count * share, n) for n, count in sizes)
            return Branches(name, (*filters, (Pooling(f"{name}_pool", 3, 1, "same"),)))
        narrow = self.conv(f"{name}_1x1", 4 * share, 1)
        middle = (
            *self.conv(f"{name}_3x3_reduce", 6 * share, 1),
            *self.conv(f"{name}_3x3", 8 * share, 3),
        )
        wide = (
            *self.conv(f"{name}_5x5_reduce", share, 1),
            *self.conv(f"{name}_5x5", 2 * share, 5),
        )
        pooled = (
            Pooling(f"{name}_pool", 3, 1, "same"),
            *self.conv(f"{name}_pool_1x1", 2 * share, 1),
        )
        return Branches(name, (narrow, middle, wide, pooled))
