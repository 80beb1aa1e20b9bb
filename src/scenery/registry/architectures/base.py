"""What all custom architectures share: options, an outline and a builder."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from scenery.registry.backbones import Preprocessing
from scenery.registry.layers import (
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Layer,
    Shape,
    build,
    with_layer_values,
)
from scenery.registry.options import (
    ACTIVATIONS,
    LEAKY_SLOPE,
    Bool,
    Fraction,
    Initializer,
    Int,
    Record,
    Slope,
)

ACTIVATION = (
    "activation of the layers; maxout takes the larger of two channels, of which there are then "
    "twice as many; or a list with one for each layer that has one"
)
INITIALIZER = "how weights are drawn, or a list with one for each layer with weights"
SLOPE = "slope of leaky_relu below 0"
BATCH_NORM = "batch norm in each layer"

_One = Literal[(*ACTIVATIONS, "maxout")]  # type: ignore[valid-type]
_OneOfList = Literal[ACTIVATIONS]  # type: ignore[valid-type]
SCALINGS: dict[str, Preprocessing] = {
    "symmetric": "tf", "unit": "unit", "none": "none", "samplewise": "samplewise",
    "featurewise": "featurewise", "featurewise_center": "featurewise_center",
}  # fmt: skip
Several = Field(max_length=1000)
ActivationName = _One | Annotated[tuple[_OneOfList, ...], Several]
InitializerName = Initializer | Annotated[tuple[Initializer, ...], Several]


Pyramid = Annotated[
    tuple[Annotated[Int, Field(ge=1, le=32)], ...], Field(min_length=1, max_length=8)
]


class Architecture(Record):
    """A network that is described by options, or a handcrafted descriptor in its place.

    Subclasses are named as in a config.

    Attributes:
        native_size: Side in pixels of the images that it was made for, or is commonly used for.
        handcrafted: Whether it has nothing to learn.
    """

    native_size: ClassVar[int]
    handcrafted: ClassVar[bool] = False

    @property
    def input_channels(self) -> int:
        """Channels of the images that it reads."""
        return 3

    @property
    def preprocessing(self) -> Preprocessing:
        """How its input is scaled."""
        return "none"

    @property
    def auxiliary_layers(self) -> tuple[str, ...]:
        """Layers that have an output of their own while the network is trained from scratch."""
        return ()

    def sequence(self) -> Iterator[Layer]:
        """Its layers from the image, scaled to [-1, 1], to its feature map."""
        raise NotImplementedError

    def layer_list(self) -> list[Layer]:
        """The sequence, in which each layer has its own value of an option that is a list.

        Raises:
            ValueError: A list has not as many values as there are layers.
        """
        return list(self.sequence())

    def build(self, images: Any) -> Any:
        """The feature map for a Keras tensor of images scaled to [-1, 1]."""
        return build(self.layer_list(), images)


class LayeredArchitecture(Architecture):
    """A network of dense layers or convolutions."""

    activation: ActivationName = Field("relu", description=ACTIVATION)
    color_mode: Literal["rgb", "grayscale"] = Field(
        "rgb",
        description="channels that the network reads: three, or with grayscale the luminance alone",
    )
    scaling: Literal[
        "symmetric", "unit", "none", "samplewise", "featurewise", "featurewise_center"
    ] = Field(
        "symmetric",
        description="what becomes of pixels from 0 to 255: symmetric, from -1 to 1; unit, from 0 "
        "to 1; none; samplewise, minus the mean of the image and divided by its standard "
        "deviation; featurewise, minus the mean of the training images and divided by their "
        "standard deviation, channel by channel; featurewise_center, minus that mean alone",
    )
    negative_slope: Slope = Field(LEAKY_SLOPE, description=SLOPE)
    kernel_initializer: InitializerName = Field("he_normal", description=INITIALIZER)
    batch_norm: Bool = Field(False, description=BATCH_NORM)

    @property
    def input_channels(self) -> int:
        """One for grayscale images."""
        return 1 if self.color_mode == "grayscale" else 3

    def layer_list(self) -> list[Layer]:
        """As of `Architecture`."""
        return with_layer_values(
            self.sequence(),
            activation=self.activation,
            kernel_initializer=self.kernel_initializer,
            negative_slope=self.negative_slope,
        )

    @property
    def preprocessing(self) -> Preprocessing:
        """As the option says."""
        return SCALINGS[self.scaling]

    # A list stands in each layer until `layer_list` gives the layer its own value.
    @property
    def any_activation(self) -> Any:
        """The activation, or the list of them."""
        return self.activation

    @property
    def any_initializer(self) -> Any:
        """The initializer, or the list of them."""
        return self.kernel_initializer

    def wide(self, channels: int) -> int:
        """Channels before an activation that leaves `channels`."""
        return 2 * channels if self.activation == "maxout" else channels

    def bare_conv(self, name: str, channels: int, window: int, **options: Any) -> Convolution:
        """A convolution alone, padded to keep the size unless `options` say otherwise."""
        options = {"padding": "same", "bias": not self.batch_norm, **options}
        return Convolution(
            name, window, channels=channels, initializer=self.any_initializer, **options
        )

    def conv(self, name: str, channels: int, window: int, **options: Any) -> tuple[Layer, ...]:
        """A convolution with its batch norm and activation."""
        first = self.bare_conv(name, self.wide(channels), window, **options)
        return first, *self.activated(name)

    def dense(self, name: str, units: int) -> tuple[Layer, ...]:
        """A dense layer on the channels of each position, with its batch norm and activation."""
        first = Dense(name, self.wide(units), self.any_initializer, not self.batch_norm)
        return first, *self.activated(name)

    def activated(self, name: str) -> tuple[Layer, ...]:
        """The batch norm and the activation that belong to a layer."""
        return *self.normalized(name), Activation(f"{name}_activation", self.any_activation)

    def normalized(self, name: str) -> tuple[Layer, ...]:
        """The batch norm of a layer, if the options say so."""
        return (BatchNorm(f"{name}_bn"),) if self.batch_norm else ()


class DropoutArchitecture(LayeredArchitecture):
    """A layered architecture with dropout between its parts."""

    dropout: Fraction = Field(
        0.0, description="dropout rate after each dense layer (MLP, PatchMLP) or stage"
    )

    def dropped(self, name: str) -> tuple[Layer, ...]:
        """Dropout, if the options say so."""
        return (Dropout(name, self.dropout),) if self.dropout else ()


@dataclass(frozen=True)
class Vector(Layer):
    """One vector for the whole image, of the parts of a pyramid."""

    pyramid: tuple[int, ...]
    smallest_part: int
    count: Callable[[int, int], int]

    def shape(self, shape: Shape) -> Shape:
        """One cell; none where a part is too small to be described."""
        height, width, _ = shape
        if min(height, width) // max(self.pyramid) < self.smallest_part:
            return 0, 0, 0
        values = (n**2 * self.count(height // n, width // n) for n in self.pyramid)
        return 1, 1, sum(values)


class GlobalDescriptor(Architecture):
    """A descriptor of the whole image, or of parts of it: one vector without an encoding."""

    handcrafted: ClassVar[bool] = True
    pyramid: Pyramid = Field(
        (1,),
        description="parts along a side, each of which is described; several numbers describe the "
        "image at several scales, one after the other",
    )

    @property
    def smallest_part(self) -> int:
        """Smallest side in pixels of a part that it can describe."""
        raise NotImplementedError

    def count(self, height: int, width: int) -> int:
        """Number of values that describe a part of so many pixels."""
        raise NotImplementedError

    def sequence(self) -> Iterator[Layer]:
        """The vector."""
        yield Vector("descriptors", self.pyramid, self.smallest_part, self.count)
