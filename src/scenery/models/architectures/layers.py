"""Layers of the custom architectures, with the names that their outlines give.

`known` holds every option of a network with its value
(`scenery.registry.custom_architectures.options`).
"""

from typing import Any

import keras

# Not the heads' own, so that a change of those leaves weights and features of backbones alone.
MOMENTUM = 0.9

Known = dict[str, Any]


def activation(x: Any, name: str, how: str) -> Any:
    """An activation; maxout (Goodfellow et al. 2013) takes the larger of two channels."""
    if how == "maxout":
        return keras.layers.Maximum(name=name)(keras.ops.split(x, 2, axis=-1))
    return keras.layers.Activation(how, name=name)(x)


def batch_norm(x: Any, name: str, known: Known) -> Any:
    """Batch norm, if the options say so."""
    if not known["batch_norm"]:
        return x
    return keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_bn")(x)


def finished(x: Any, name: str, known: Known) -> Any:
    """Batch norm and activation after the layer `name`, or before it."""
    return activation(batch_norm(x, name, known), f"{name}_activation", known["activation"])


def dropout(x: Any, name: str, known: Known) -> Any:
    """Dropout, if the options say so."""
    return keras.layers.Dropout(known["dropout"], name=name)(x) if known["dropout"] else x


def width(channels: int, known: Known) -> int:
    """What a layer must give for its activation to leave so many channels."""
    return 2 * channels if known["activation"] == "maxout" else channels


def bare_convolution(
    x: Any, name: str, channels: int, side: int, known: Known, **options: Any
) -> Any:
    """A convolution alone, padded to keep the size unless `options` say otherwise.

    `separable=True` makes it depthwise separable (Chollet 2017); further options are Keras'.
    """
    kind: dict[str, Any] = {"padding": "same", "use_bias": not known["batch_norm"], "name": name}
    start = known["kernel_initializer"]
    if options.pop("separable", False):
        kind |= {"depthwise_initializer": start, "pointwise_initializer": start} | options
        return keras.layers.SeparableConv2D(channels, side, **kind)(x)
    kind |= {"kernel_initializer": start} | options
    return keras.layers.Conv2D(channels, side, **kind)(x)


def convolution(x: Any, name: str, channels: int, side: int, known: Known, **options: Any) -> Any:
    """A convolution with its batch norm and activation."""
    x = bare_convolution(x, name, width(channels, known), side, known, **options)
    return finished(x, name, known)


def dense(x: Any, name: str, units: int, known: Known) -> Any:
    """A dense layer on the channels of each position, with its batch norm and activation."""
    x = keras.layers.Dense(
        width(units, known),
        kernel_initializer=known["kernel_initializer"],
        use_bias=not known["batch_norm"],
        name=name,
    )(x)
    return finished(x, name, known)
