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
    auxiliary_outputs: Annotated[Int, Field(ge=0, le=16)] = Field(
        0,
        description="heads on blocks in between, at equal distances, whose losses count 0.3 in "
        "training; the final model has none of them; needs trainable: scratch",
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
        blocks = self.stages * self.blocks
        if self.auxiliary_outputs >= blocks:
            return (
                f"network.auxiliary_outputs: found {self.auxiliary_outputs}, but InceptionNet has "
                f"{blocks} blocks in all, so at most {blocks - 1} before the last one"
            )
        several = self.channels if isinstance(self.channels, tuple) else (self.channels,)
        for channels in several:
            if channels % 16:
                return f"network.channels: InceptionNet needs a multiple of 16; found {channels}"
        return None

    @property
    def auxiliary_layers(self) -> tuple[str, ...]:
        """Blocks at equal distances; two of nine blocks are those of GoogLeNet, 3 and 6."""
        blocks, parts = self.stages * self.blocks, self.auxiliary_outputs + 1
        places = [(2 * number * blocks + parts) // (2 * parts) for number in range(1, parts)]
        return tuple(
            f"stage{1 + (place - 1) // self.blocks}_block{1 + (place - 1) % self.blocks}"
            for place in places
        )

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
