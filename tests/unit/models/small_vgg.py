"""A small network called and named like Keras' VGG16, with its dense layers on top."""

from typing import Any

import keras
from keras.src.applications import vgg16

SIZE = 32
DENSE_LAYERS = (("fc1", 12), ("fc2", 10))


def VGG16(
    include_top: bool = True,
    weights: str | None = None,
    input_tensor: Any = None,
    input_shape: tuple[int, int, int] = (SIZE, SIZE, 3),
) -> keras.Model:
    """Two convolutions with pools; `weights: imagenet` are downloaded from where Keras does."""
    images = keras.Input(input_shape) if input_tensor is None else input_tensor
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="block1_conv1")(images)
    x = keras.layers.MaxPooling2D(4, name="block1_pool")(x)
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="block2_conv1")(x)
    x = keras.layers.MaxPooling2D(4, name="block2_pool")(x)
    if include_top:
        x = keras.layers.Flatten(name="flatten")(x)
        for name, units in DENSE_LAYERS:
            x = keras.layers.Dense(units, activation="relu", name=name)(x)
        x = keras.layers.Dense(1000, activation="softmax", name="predictions")(x)
    inputs = images if input_tensor is None else keras.utils.get_source_inputs(input_tensor)
    network = keras.Model(inputs, x, name="vgg16")
    if weights == "imagenet":
        address = vgg16.WEIGHTS_PATH if include_top else vgg16.WEIGHTS_PATH_NO_TOP
        file = address.rpartition("/")[2]
        network.load_weights(keras.utils.get_file(file, address, cache_subdir="models"))
    return network
