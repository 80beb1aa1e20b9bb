"""Predictions at every position of a feature map, aggregated to one for the image.

Made of layers of Keras, so that a saved model does not need this package.
"""

from collections.abc import Callable
from typing import Any

import keras

POSITIONS = "positions"
IMAGE = "image"


def aggregate(logits: Any, how: str, classes: int) -> Any:
    """Probabilities (batch, classes) in 32 bits from logits (batch, rows, columns, classes).

    Args:
        logits: Those at the positions, a Keras tensor.
        how: mean: of the probabilities; product: their geometric mean, normalized, which is the
            softmax of the mean logits; vote: the share of positions at which the class has the
            largest logit.
        classes: Number of classes.
    """

    def average(name: str) -> keras.layers.Layer:
        # In float16 the probabilities of unlikely classes become 0 and the loss infinite.
        return keras.layers.GlobalAveragePooling2D(dtype="float32", name=name)

    def softmax(name: str) -> keras.layers.Layer:
        return keras.layers.Activation("softmax", dtype="float32", name=name)

    if how == "product":
        return softmax("probabilities")(average("mean_logits")(logits))
    if how == "mean":
        return average("probabilities")(softmax("at_positions")(logits))
    votes = keras.ops.one_hot(keras.ops.argmax(logits, axis=-1), classes)
    return average("probabilities")(votes)


def position_outputs(head: keras.Model) -> keras.Model:
    """A head that also outputs its logits at all positions, for training.

    Returns:
        A model with the head's weights: a map in, a dictionary of POSITIONS (batch, rows,
        columns, classes) and IMAGE (batch, classes) out.
    """
    logits = head.get_layer("classes").output
    return keras.Model(head.input, {POSITIONS: logits, IMAGE: head.output}, name="positions")


def position_loss(label_smoothing: float) -> Callable[[Any, Any], Any]:
    """The mean over positions of the cross-entropy with the image's label at each.

    Returns:
        A loss of labels (batch, classes) and logits (batch, rows, columns, classes) that gives
        one value an image.
    """

    def loss(labels: Any, logits: Any) -> Any:
        logits = keras.ops.cast(logits, "float32")
        each = keras.ops.broadcast_to(labels[:, None, None, :], keras.ops.shape(logits))
        losses = keras.losses.categorical_crossentropy(
            each, logits, from_logits=True, label_smoothing=label_smoothing
        )
        return keras.ops.mean(losses, axis=(1, 2))

    return loss
