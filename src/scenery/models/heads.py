"""The head: the layers on a backbone that classify."""

from typing import Any

import keras

from scenery.config.head import Head
from scenery.data.standardization import mean_and_deviation
from scenery.errors import UserError
from scenery.models.aggregation import aggregate
from scenery.models.pooling import pool
from scenery.registry.options import LEAKY_SLOPE, of_layer

# With 0.99, the default of Keras, the statistics need about 500 steps; a trial on 80 images in
# batches of 16 may have 200. With 0.9 they are right after the first epochs.
MOMENTUM = 0.9
STANDARDIZATION = "standardization"


def build_head(input_shape: tuple[int, ...], classes: int, head: Head) -> keras.Model:
    """Build a head for feature maps or for vectors.

    The same settings give the same layers with weights in both cases, so that a head trained on
    pooled features can be put on its backbone with `set_weights`.

    Args:
        input_shape: (height, width, channels) of a feature map, or (values,) of one that is
            pooled already, without the batch.
        classes: Number of classes.
        head: Settings of the head.

    Returns:
        A model named `head`: activations in, probabilities (batch, classes) in 32 bits out.

    Raises:
        UserError: A head for two classes gets another number of them.
        ValueError: The shape is neither that of a map nor that of a vector, or the head
            aggregates positions and the input is a vector.
    """
    if len(input_shape) not in (1, 3):
        raise ValueError(f"a head takes feature maps or vectors, not shape {input_shape}")
    if head.aggregation != "none" and len(input_shape) == 1:
        raise ValueError("a head with aggregation takes feature maps")
    inputs = keras.Input(input_shape, name="activations")
    pooled = len(input_shape) == 1 or head.aggregation != "none"
    x = inputs if pooled else pool(inputs, head.pooling)
    if head.standardize:
        x = _standardization()(x)
    for number, width in enumerate(head.dense, start=1):
        x = _dropout(x, head, number, f"dropout_{number}")
        x = keras.layers.Dense(
            width,
            kernel_initializer=_initializer(head, number),
            kernel_regularizer=_penalty(head),
            name=f"dense_{number}",
        )(x)
        if head.batch_norm:
            x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"batch_norm_{number}")(x)
        x = _activation(head, number)(x)
    if head.batch_norm and not head.dense:
        x = keras.layers.BatchNormalization(momentum=MOMENTUM, name="batch_norm")(x)
    last = len(head.dense) + 1
    x = _dropout(x, head, last, "dropout")
    x = keras.layers.Dense(
        _outputs(head, classes),
        kernel_initializer=_initializer(head, last),
        kernel_regularizer=_penalty(head),
        name="classes",
    )(x)
    if head.aggregation != "none":
        return keras.Model(inputs, aggregate(x, head.aggregation, classes), name="head")
    if head.class_mode == "binary":
        return keras.Model(inputs, _both_classes(x), name="head")
    # In float16 the probabilities of unlikely classes become 0 and the loss infinite.
    probabilities = keras.layers.Activation("softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, probabilities, name="head")


def _outputs(head: Head, classes: int) -> int:
    """Units of the last layer."""
    if head.class_mode == "binary" and classes != 2:
        raise UserError(f"head.class_mode: binary is for 2 classes; the data set has {classes}")
    return 1 if head.class_mode == "binary" else classes


def _both_classes(x: Any) -> Any:
    """Probabilities of both classes from one value, by a sigmoid, in 32 bits.

    The cross-entropy of both is the binary cross-entropy of the sigmoid.
    """
    second = keras.layers.Activation("sigmoid", dtype="float32", name="sigmoid")(x)
    first = keras.layers.Rescaling(-1.0, 1.0, dtype="float32", name="other_class")(second)
    return keras.layers.Concatenate(dtype="float32", name="probabilities")([first, second])


def fit_standardization(head: keras.Model, values: Any) -> None:
    """Set a head's standardization to the mean and variance of features; without one, do nothing.

    A feature that is constant is only shifted, as by scikit-learn's StandardScaler.

    Args:
        head: The head.
        values: Features of the training images: an array or tensor of any shape whose last axis, or
            last axes for a head that flattens, are the values that are standardized.
    """
    if STANDARDIZATION not in {layer.name for layer in head.layers}:
        return
    layer = head.get_layer(STANDARDIZATION)
    mean, deviation = mean_and_deviation(values, int(layer.moving_mean.shape[0]))
    layer.set_weights([mean, deviation**2])


def _standardization() -> keras.layers.Layer:
    """A layer that subtracts a mean and divides by a standard deviation, which never learn.

    Keras' Normalization keeps them as constants once it is built, so that a head whose weights
    are restored would keep the old ones. A batch norm that is not trainable computes the same
    from variables.
    """
    return keras.layers.BatchNormalization(
        center=False, scale=False, epsilon=0.0, trainable=False, name=STANDARDIZATION
    )


def _initializer(head: Head, number: int) -> str:
    """The initializer of a dense layer, counted from 1; the last layer comes after them.

    A linear head on features starts at 0, so that all classes are equally likely. Its loss is
    convex, so it needs no random start. One on standardized features is noise that few updates do
    not remove: with 5 images a class it costs 0.03 of accuracy.
    """
    if head.kernel_initializer is not None:
        return str(of_layer(head.kernel_initializer, number - 1))
    return "glorot_uniform" if head.dense or not head.standardize else "zeros"


def _activation(head: Head, number: int) -> keras.layers.Layer:
    """The activation of a dense layer, counted from 1."""
    function, name = of_layer(head.activation, number - 1), f"activation_{number}"
    if function == "leaky_relu" and head.negative_slope != LEAKY_SLOPE:
        return keras.layers.LeakyReLU(head.negative_slope, name=name)
    return keras.layers.Activation(function, name=name)


def _dropout(x: Any, head: Head, number: int, name: str) -> Any:
    rate = of_layer(head.dropout, number - 1)
    return keras.layers.Dropout(rate, name=name)(x) if rate else x


def _penalty(head: Head) -> keras.regularizers.Regularizer | None:
    """L1, L2 or both (the elastic net) on a layer's kernel."""
    if not head.l1 and not head.l2:
        return None
    return keras.regularizers.L1L2(l1=head.l1, l2=head.l2)
