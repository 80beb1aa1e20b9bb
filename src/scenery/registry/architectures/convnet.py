"""ConvNet: a convolutional network of any depth; VGG-style, residual, separable, dilated or maxout.

Stages of equal convolutions, each with half the size and twice the channels of the one before
(Simonyan and Zisserman 2015). With shortcuts around every two of them it is the residual network of
He et al. (2016), with projections where size or channels change. Projections do not count in the
depth, as in the paper.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from scenery.registry.architectures.base import DropoutArchitecture
from scenery.registry.layers import Activation, Branches, Layer, Pooling
from scenery.registry.options import Bool, Int

Stages = Annotated[Int, Field(ge=1, le=10)]
Channels = Annotated[Int, Field(ge=1, le=2048)]
ChannelsOrList = Channels | Annotated[tuple[Channels, ...], Field(max_length=10)]

STAGES = "runs of layers at one spatial size, which is halved from each to the next"


def channels_of(channels: int | tuple[int, ...], stage: int) -> int:
    """Channels of a stage, counted from 1."""
    return channels[stage - 1] if isinstance(channels, tuple) else channels * 2 ** (stage - 1)


def channels_problem(channels: int | tuple[int, ...], stages: int) -> str | None:
    """What is wrong with a list of channels; None if nothing is."""
    if not isinstance(channels, tuple) or len(channels) == stages:
        return None
    return (
        f"network.channels: a list has one value for each of the {stages} stages; found "
        f"{len(channels)}"
    )


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError(f"an odd number is needed; found {value}")
    return value


class ConvNet(DropoutArchitecture):
    """Stages of convolutions."""

    native_size: ClassVar[int] = 64
    depth: Annotated[Int, Field(ge=2, le=10_000)] = Field(
        8,
        description="layers with weights, the classifier's softmax layer included; with a list of "
        "channels one more than these unless set",
    )
    stages: Stages = Field(3, description=STAGES)
    channels: ChannelsOrList = Field(
        32,
        description="channels of the first stage, doubled in each next one, or a list with those "
        "of each stage",
    )
    kernel_size: Annotated[Int, Field(ge=1, le=15), AfterValidator(_odd)] = Field(
        3, description="side of the kernels, an odd number"
    )
    convolution: Literal["plain", "separable"] = Field(
        "plain", description="plain, or depthwise separable (all but the first layer)"
    )
    dilation: Annotated[Int, Field(ge=1, le=32)] = Field(
        1, description="distance between the cells that a kernel reads"
    )
    downsampling: Literal["pooling", "strides"] = Field(
        "pooling",
        description="how the size is halved: max pooling, or stride 2 in the first layer of a "
        "stage",
    )
    pooling: Literal["max", "average", "l2", "none"] = Field(
        "max", description="what halves the size with downsampling: pooling; none keeps the size"
    )
    final_pooling: Bool = Field(False, description="pooling behind the last stage, too")
    padding: Literal["same", "valid"] = Field(
        "same", description="padding of the convolutions; valid loses cells at the border"
    )
    residual: Bool = Field(False, description="a shortcut around every two layers of a stage")

    def implied(self) -> Mapping[str, Any]:
        """A list of channels says how many stages there are, of one convolution unless set."""
        if not isinstance(self.channels, tuple):
            return super().implied()
        count = len(self.channels)
        return {**super().implied(), "stages": count, "depth": count + 1}

    def problem(self) -> str | None:
        """Options that exclude each other."""
        if (problem := channels_problem(self.channels, self.stages)) is not None:
            return problem
        if self.residual and self.padding == "valid":
            return "network.padding: valid changes the size, which residual must keep"
        if self.residual and self.activation == "maxout":
            return "network.activation: maxout halves the channels, which residual must keep"
        if self.dilation > 1 and self.downsampling == "strides":
            return "network.dilation: a layer has either a stride or a dilation; use pooling"
        if self.depth - 1 < self.stages:
            return (
                f"network.depth: {self.depth} layers with weights, of which one is the "
                f"classifier's, are too few for {self.stages} stages; at least "
                f"{self.stages + 1} are needed"
            )
        return None

    def sequence(self) -> Iterator[Layer]:
        """The stages, with max pooling or strides between them."""
        for stage, count in enumerate(self._counts(), start=1):
            name, channels = f"stage{stage}", channels_of(self.channels, stage)
            if stage > 1:
                yield from self._pooled(name)
            pairs = self._pairs(stage, count)
            numbers = iter(range(1, count + 1))
            for number in numbers:
                if number in pairs:
                    yield from self._residual_pair(stage, number, channels)
                    next(numbers)
                else:
                    options = self._options(stage, number)
                    conv = f"{name}_conv{number}"
                    yield from self.conv(conv, channels, self.kernel_size, **options)
            yield from self.dropped(f"{name}_dropout")
        if self.final_pooling:
            yield from self._pooled("final")

    def _pooled(self, name: str) -> Iterator[Layer]:
        """The pooling before a stage, if the options say so."""
        if self.downsampling == "pooling" and self.pooling != "none":
            yield Pooling(f"{name}_pool", 2, 2, how=self.pooling)

    def _counts(self) -> list[int]:
        """Convolutions of each stage; those left over go to the lower stages.

        He et al. (2016) have one more in the first stage: the layer that stands alone there.
        """
        each, more = divmod(self.depth - 1, self.stages)
        return [each + (stage < more) for stage in range(self.stages)]

    def _pairs(self, stage: int, count: int) -> range:
        """Numbers of the convolutions in a stage, from 1, at which a residual pair begins.

        The first layer of the network stands alone, as in He et al. (2016), and so does the first
        one of any stage with an odd number of layers.
        """
        first = 2 if stage == 1 or count % 2 else 1
        return range(first, count if self.residual else 0, 2)

    def _options(self, stage: int, number: int) -> dict[str, Any]:
        strided = self.downsampling == "strides" and stage > 1 and number == 1
        return {
            "stride": 2 if strided else 1,
            "dilation": self.dilation,
            "padding": self.padding,
            # With three colors only, separable filters see too little.
            "separable": self.convolution == "separable" and (stage, number) != (1, 1),
        }

    def _residual_pair(self, stage: int, number: int, channels: int) -> Iterator[Layer]:
        """Two convolutions with a shortcut around them, and the activation behind their sum."""
        first, second = (f"stage{stage}_conv{n}" for n in (number, number + 1))
        options, side = self._options(stage, number), self.kernel_size
        shortcut: tuple[Layer, ...] = ()
        if stage > 1 and number == 1:
            projection = f"{first}_shortcut"
            stride = options["stride"]
            shortcut = (
                self.bare_conv(projection, channels, 1, stride=stride),
                *self.normalized(projection),
            )
        path = (
            *self.conv(first, channels, side, **options),
            self.bare_conv(second, channels, side, **{**options, "stride": 1}),
            *self.normalized(second),
        )
        yield Branches(f"{second}_add", (shortcut, path), "add")
        yield Activation(f"{second}_activation", self.any_activation)
