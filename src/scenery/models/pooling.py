"""Pooling of a feature map over its positions."""

from typing import Any

import keras

# Keeps roots and quotients of a constant channel finite.
EPSILON = 1e-6


def pool(x: Any, how: str) -> Any:
    """One vector of a feature map.

    Args:
        x: Keras tensor of shape (batch, height, width, channels).
        how: average, max, flatten; std: the standard deviation of each channel; moments: mean,
            standard deviation, skewness and kurtosis (that of a normal distribution is 0) of each
            channel, one after the other; class_token and both: the only cell, in which a
            transformer ends then.
    """
    layers = {
        "average": keras.layers.GlobalAveragePooling2D,
        "max": keras.layers.GlobalMaxPooling2D,
        "flatten": keras.layers.Flatten,
        # The map is one cell that holds them.
        "class_token": keras.layers.GlobalAveragePooling2D,
        "both": keras.layers.GlobalAveragePooling2D,
    }
    if how in layers:
        return layers[how](name="pooling")(x)
    ops = keras.ops
    # In 16 bits, squares and fourth powers have too few digits.
    x = ops.cast(x, "float32")
    mean = ops.mean(x, axis=(1, 2), keepdims=True)
    centered = x - mean
    deviation = ops.sqrt(ops.mean(ops.square(centered), axis=(1, 2)) + EPSILON)
    if how == "std":
        return keras.layers.Activation("linear", dtype="float32", name="pooling")(deviation)
    skewness = ops.mean(centered**3, axis=(1, 2)) / deviation**3
    kurtosis = ops.mean(centered**4, axis=(1, 2)) / deviation**4 - 3
    moments = [ops.mean(x, axis=(1, 2)), deviation, skewness, kurtosis]
    return keras.layers.Concatenate(dtype="float32", name="pooling")(moments)
