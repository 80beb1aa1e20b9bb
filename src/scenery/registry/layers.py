"""Layers of custom architectures: the shape of their output, and the Keras layers they stand for.

An architecture is written once, as a sequence of these. Its outline (layers and sizes) follows from
it without TensorFlow; Keras is imported when the network is built.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from scenery.registry.options import LEAKY_SLOPE

# Not the momentum of heads, so that a change of that one leaves the backbones as they are.
MOMENTUM = 0.9

# Height and width in cells, and channels.
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """A layer of a network; its name is the Keras layer's.

    Attributes:
        learns: Whether it has weights.
    """

    name: str
    learns: ClassVar[bool] = False

    def shape(self, shape: Shape) -> Shape:
        """The shape of the output; a side below 1 does not exist.

        Args:
            shape: Of the input.
        """
        return shape

    def build(self, x: Any) -> Any:
        """The output for a Keras tensor of shape (batch, height, width, channels)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Window(Layer):
    """A layer that reads a square of cells for each cell of its output."""

    window: int = 1
    stride: int = 1
    padding: Literal["same", "valid"] = "valid"

    def shape(self, shape: Shape) -> Shape:
        """Same padding rounds up, but a stride needs as many cells."""
        height, width, channels = shape
        return self._side(height), self._side(width), channels

    def _side(self, size: int) -> int:
        if self.padding == "same":
            return -(-size // self.stride) if size >= self.stride else 0
        return (size - self.reach) // self.stride + 1

    @property
    def reach(self) -> int:
        """Side of the square in the input that a cell of the output reads."""
        return self.window


@dataclass(frozen=True)
class Convolution(Window):
    """A convolution; separable: a depthwise and a pointwise one (Chollet 2017)."""

    channels: int = 1
    initializer: str = "he_normal"
    bias: bool = True
    dilation: int = 1
    separable: bool = False
    learns: ClassVar[bool] = True

    def shape(self, shape: Shape) -> Shape:
        """The filters are the channels."""
        return *super().shape(shape)[:2], self.channels

    @property
    def reach(self) -> int:
        """With a dilation there are gaps in the window."""
        return (self.window - 1) * self.dilation + 1

    def build(self, x: Any) -> Any:
        """Conv2D or SeparableConv2D."""
        import keras

        options: dict[str, Any] = {
            "strides": self.stride,
            "padding": self.padding,
            "dilation_rate": self.dilation,
            "use_bias": self.bias,
            "name": self.name,
        }
        if not self.separable:
            options["kernel_initializer"] = self.initializer
            return keras.layers.Conv2D(self.channels, self.window, **options)(x)
        options |= {
            "depthwise_initializer": self.initializer,
            "pointwise_initializer": self.initializer,
        }
        return keras.layers.SeparableConv2D(self.channels, self.window, **options)(x)


@dataclass(frozen=True)
class Pooling(Window):
    """Maximum, average or L2 norm of each window (Boureau et al. 2010)."""

    how: Literal["max", "average", "l2"] = "max"

    def build(self, x: Any) -> Any:
        """MaxPooling2D or AveragePooling2D; the L2 norm is the root of the sum of squares."""
        import keras

        kinds = {"max": keras.layers.MaxPooling2D}
        pooling = kinds.get(self.how, keras.layers.AveragePooling2D)
        options: dict[str, Any] = {"strides": self.stride, "padding": self.padding}
        if self.how != "l2":
            return pooling(self.window, name=self.name, **options)(x)
        mean = pooling(self.window, name=f"{self.name}_squares", **options)(keras.ops.square(x))
        # The root has no gradient at 0.
        norm = self.window * keras.ops.sqrt(mean + 1e-12)
        return keras.layers.Activation("linear", name=self.name)(norm)


@dataclass(frozen=True)
class Dense(Layer):
    """A dense layer on the channels of each position."""

    units: int
    initializer: str
    bias: bool
    learns: ClassVar[bool] = True

    def shape(self, shape: Shape) -> Shape:
        """The units are the channels."""
        return *shape[:2], self.units

    def build(self, x: Any) -> Any:
        """Dense."""
        import keras

        return keras.layers.Dense(
            self.units, kernel_initializer=self.initializer, use_bias=self.bias, name=self.name
        )(x)


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch norm."""

    learns: ClassVar[bool] = True

    def build(self, x: Any) -> Any:
        """BatchNormalization."""
        import keras

        return keras.layers.BatchNormalization(momentum=MOMENTUM, name=self.name)(x)


@dataclass(frozen=True)
class Activation(Layer):
    """An activation of Keras, or maxout: the larger of two channels (Goodfellow et al. 2013)."""

    function: str
    negative_slope: float = LEAKY_SLOPE

    def shape(self, shape: Shape) -> Shape:
        """Maxout halves the channels."""
        height, width, channels = shape
        return height, width, channels // 2 if self.function == "maxout" else channels

    def build(self, x: Any) -> Any:
        """Activation, or Maximum."""
        import keras

        if self.function == "maxout":
            return keras.layers.Maximum(name=self.name)(keras.ops.split(x, 2, axis=-1))
        if self.function == "leaky_relu" and self.negative_slope != LEAKY_SLOPE:
            return keras.layers.LeakyReLU(self.negative_slope, name=self.name)(x)
        return keras.layers.Activation(self.function, name=self.name)(x)


@dataclass(frozen=True)
class Dropout(Layer):
    """Dropout."""

    rate: float

    def build(self, x: Any) -> Any:
        """Dropout."""
        import keras

        return keras.layers.Dropout(self.rate, name=self.name)(x)


@dataclass(frozen=True)
class OneCell(Layer):
    """All values as the channels of a map of one cell."""

    def shape(self, shape: Shape) -> Shape:
        """One cell of height * width * channels values."""
        height, width, channels = shape
        return min(height, 1), min(width, 1), height * width * channels

    def build(self, x: Any) -> Any:
        """Reshape."""
        import keras

        return keras.layers.Reshape((1, 1, -1), name=self.name)(x)


@dataclass(frozen=True)
class Branches(Layer):
    """Paths side by side, concatenated or added; an empty path is the input itself."""

    paths: tuple[tuple[Layer, ...], ...]
    merge: Literal["concatenate", "add"] = "concatenate"
    # What is concatenated or added always has weights on some path.
    learns: ClassVar[bool] = True

    def shape(self, shape: Shape) -> Shape:
        """All paths end at the size of the last one."""
        shapes = [shape_after(path, shape) for path in self.paths]
        height, width, channels = shapes[-1]
        if self.merge == "concatenate":
            channels = sum(wide for _, _, wide in shapes)
        return height, width, channels

    def build(self, x: Any) -> Any:
        """The paths, and Concatenate or Add."""
        import keras

        outputs = [build(path, x) for path in self.paths]
        if self.merge == "add":
            # The shortcut is built first and added last.
            return keras.layers.Add(name=self.name)(outputs[::-1])
        return keras.layers.Concatenate(name=self.name)(outputs)


def shape_after(layers: Iterable[Layer], shape: Shape) -> Shape:
    """The shape behind a sequence of layers."""
    for layer in layers:
        shape = layer.shape(shape)
    return shape


def build(layers: Iterable[Layer], x: Any) -> Any:
    """The output of a sequence of layers for a Keras tensor."""
    for layer in layers:
        x = layer.build(x)
    return x


def with_layer_values(
    layers: Iterable[Layer], activation: Any, kernel_initializer: Any, negative_slope: float
) -> list[Layer]:
    """Layers with their activations and initializers, where these are lists, one after the other.

    Args:
        layers: The layers, paths of branches included.
        activation: One for all layers, or a tuple.
        kernel_initializer: One for all layers, or a tuple.
        negative_slope: Of leaky_relu.

    Raises:
        ValueError: A tuple has not as many values as there are layers.
    """
    found = list(layers)
    values: dict[str, Iterator[Any]] = {}
    for name, value, kinds in (
        ("activation", activation, (Activation,)),
        ("kernel_initializer", kernel_initializer, (Convolution, Dense)),
    ):
        if isinstance(value, tuple):
            count = sum(isinstance(layer, kinds) for layer in _all(found))
            if count != len(value):
                raise ValueError(
                    f"network.{name}: the network has {count} such layers; found {len(value)} "
                    "values"
                )
            values[name] = iter(value)
    return [_with_values(layer, values, negative_slope) for layer in found]


def _all(layers: Iterable[Layer]) -> Iterator[Layer]:
    """All layers, those in paths of branches included."""
    for layer in layers:
        if isinstance(layer, Branches):
            for path in layer.paths:
                yield from _all(path)
        else:
            yield layer


def _with_values(layer: Layer, values: dict[str, Iterator[Any]], negative_slope: float) -> Layer:
    if isinstance(layer, Branches):
        return replace(
            layer,
            paths=tuple(
                tuple(_with_values(one, values, negative_slope) for one in path)
                for path in layer.paths
            ),
        )
    if isinstance(layer, Activation):
        function = next(values["activation"]) if "activation" in values else layer.function
        return replace(layer, function=function, negative_slope=negative_slope)
    if isinstance(layer, Convolution | Dense) and "kernel_initializer" in values:
        return replace(layer, initializer=next(values["kernel_initializer"]))
    return layer
