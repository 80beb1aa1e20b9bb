"""SqueezeNet 1.1, which Keras does not have.

Iandola et al. (2016), "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB
model size", in the later version 1.1 of its authors. Layer names are those of the original files
with `/` written `_`, so that weights converted from them load by name.
"""

from typing import Any

import keras


def _fire(x: Any, number: int, squeeze: int, expand: int) -> Any:
    """One fire module: a 1x1 bottleneck, then 1x1 and 3x3 filters side by side."""
    name = f"fire{number}"
    x = keras.layers.Conv2D(squeeze, 1, activation="relu", name=f"{name}_squeeze1x1")(x)
    narrow = keras.layers.Conv2D(expand, 1, activation="relu", name=f"{name}_expand1x1")(x)
    wide = keras.layers.Conv2D(
        expand, 3, padding="same", activation="relu", name=f"{name}_expand3x3"
    )(x)
    return keras.layers.Concatenate(name=f"{name}_concat")([narrow, wide])


def SqueezeNet(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    include_top: bool = True,
    weights: None = None,
    input_tensor: Any = None,
    classes: int = 1000,
    name: str = "squeezenet",
) -> keras.Model:
    """SqueezeNet 1.1 with random weights, called like the functions of keras.applications.

    `conv1` and the three pools have valid padding, as in the files its weights come from. With
    the top (`conv10`, global average, softmax) it has 1,235,496 parameters for 1,000 classes,
    without it 722,496. Raises ValueError for any `weights` but None.
    """
    if weights is not None:
        raise ValueError("there are no weights of SqueezeNet in Keras")
    inputs = keras.Input(input_shape) if input_tensor is None else input_tensor
    x = keras.layers.Conv2D(64, 3, strides=2, activation="relu", name="conv1")(inputs)
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    x = _fire(_fire(x, 2, 16, 64), 3, 16, 64)
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool3")(x)
    x = _fire(_fire(x, 4, 32, 128), 5, 32, 128)
    x = keras.layers.MaxPooling2D(3, strides=2, name="pool5")(x)
    x = _fire(_fire(x, 6, 48, 192), 7, 48, 192)
    x = _fire(_fire(x, 8, 64, 256), 9, 64, 256)
    if include_top:
        x = keras.layers.Dropout(0.5, name="drop9")(x)
        x = keras.layers.Conv2D(classes, 1, activation="relu", name="conv10")(x)
        x = keras.layers.GlobalAveragePooling2D(name="pool10")(x)
        x = keras.layers.Softmax(name="prob")(x)
    if input_tensor is not None:
        inputs = keras.utils.get_source_inputs(input_tensor)
    return keras.Model(inputs, x, name=name)
