"""Auxiliary outputs: heads on intermediate layers that help to train a deep network from scratch.

Szegedy et al. (2015), "Going deeper with convolutions": their losses are added with a weight of
0.3, and they are left out after training.
"""

import keras

from scenery.config.head import Head
from scenery.models.aggregation import IMAGE
from scenery.models.heads import build_head

WEIGHT = 0.3


def auxiliary_names(layers: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the outputs on these layers."""
    return tuple(f"auxiliary_{number}" for number in range(1, len(layers) + 1))


def with_auxiliary_outputs(
    backbone: keras.Model, head: keras.Model, layers: tuple[str, ...], classes: int, options: Head
) -> keras.Model:
    """A network for training that also predicts from intermediate layers.

    Args:
        backbone: The network below the head.
        head: The head on its last layer.
        layers: The intermediate layers; each gets a head of its own.
        classes: Number of classes.
        options: Of these heads.

    Returns:
        A model with the weights of both: float images of 0 to 255 in, a dictionary of IMAGE and
        `auxiliary_N` out, each probabilities of shape (batch, classes).
    """
    outputs = {IMAGE: head(backbone.output)}
    for name, layer in zip(auxiliary_names(layers), layers, strict=True):
        inner = backbone.get_layer(layer).output
        auxiliary = build_head(inner.shape[1:], classes, options)
        auxiliary.name = name
        outputs[name] = auxiliary(inner)
    return keras.Model(backbone.input, outputs, name="auxiliary_outputs")
