"""Part of a network that runs as in inference while the rest is trained."""

from typing import Any

import keras


class InferenceMode(keras.layers.Layer):
    """Calls a network as in inference, also while the model around it is trained.

    Its batch norm layers then keep and use the statistics of pre-training while their scales and
    shifts, like all other weights, may learn; its dropout is off. In a functional model
    `network(x, training=False)` does not do this: when such a model is trained, Keras overrides
    the recorded argument in every layer inside (`operation_fn` in its `functional.py`).

    For training only: what is saved is built from the network itself, whose weights are the same
    variables, so that a saved model needs none of this code.

    Args:
        network: a functional model of one input and one output.
    """

    def __init__(self, network: keras.Model, **options: Any) -> None:
        super().__init__(**options)
        self.network = network

    def call(self, inputs: Any) -> Any:
        """The network's output; shapes as for the network."""
        return self.network(inputs, training=False)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> Any:
        """Shape of the network's output."""
        return self.network.compute_output_shape(input_shape)
