"""A convolutional network of any depth: VGG-style, residual, separable, dilated or maxout.

Stages of equal convolutions, each with half the size and twice the channels of the one before
(Simonyan and Zisserman 2015); with shortcuts around every two of them it is the residual network
of He et al. (2016), in which a projection takes over where size or channels change. Projections
do not count in the depth, as they do not there.
"""

from typing import Any

import keras

from scenery.models.architectures.layers import (
    Known,
    activation,
    bare_convolution,
    batch_norm,
    convolution,
    dropout,
)
from scenery.registry.architecture_outlines import convolutions, pairs


def convnet(x: Any, known: Known) -> Any:
    """The network up to the end of its last stage."""
    for stage, count in enumerate(convolutions(known), start=1):
        name, channels = f"stage{stage}", known["channels"] * 2 ** (stage - 1)
        if stage > 1 and known["downsampling"] == "pooling":
            x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
        starts = pairs(stage, count, known["residual"])
        number = 1
        while number <= count:
            first = stage > 1 and number == 1
            options: dict[str, Any] = {
                "strides": 2 if first and known["downsampling"] == "strides" else 1,
                "dilation_rate": known["dilation"],
                # Three colors are too few for a filter of each channel's own.
                "separable": known["convolution"] == "separable" and (stage, number) != (1, 1),
            }
            if number in starts:
                x = _residual_pair(x, name, number, channels, known, options)
                number += 1
            else:
                side = known["kernel_size"]
                x = convolution(x, f"{name}_conv{number}", channels, side, known, **options)
            number += 1
        x = dropout(x, f"{name}_dropout", known)
    return x


def _residual_pair(
    x: Any, name: str, number: int, channels: int, known: Known, options: dict[str, Any]
) -> Any:
    """Two convolutions with a shortcut around them, and the activation behind their sum."""
    side, shortcut, strides = known["kernel_size"], x, options["strides"]
    if strides > 1 or x.shape[-1] != channels:
        projection = f"{name}_conv{number}_shortcut"
        shortcut = bare_convolution(x, projection, channels, 1, known, strides=strides)
        shortcut = batch_norm(shortcut, projection, known)
    x = convolution(x, f"{name}_conv{number}", channels, side, known, **options)
    second = f"{name}_conv{number + 1}"
    x = bare_convolution(x, second, channels, side, known, **{**options, "strides": 1})
    x = batch_norm(x, second, known)
    x = keras.layers.Add(name=f"{second}_add")([x, shortcut])
    return activation(x, f"{second}_activation", known["activation"])
