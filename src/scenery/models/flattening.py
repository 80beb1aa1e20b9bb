"""Networks without nested models, so that each of their layers can be named, cut and trained."""

from typing import Any

import keras


def flattened(network: keras.Model) -> keras.Model:
    """A functional network with nested models replaced by their layers, and sums by layers.

    Keras' ConvNeXt holds small sequential models and adds tensors with `+`, which is no layer at
    which a network can be ended.

    Args:
        network: A functional model, with layers that are used once.

    Returns:
        The network itself if it holds no nested model. Otherwise a new model with the same weights
        under the names of the inner layers.
    """
    if not any(isinstance(operation, keras.Model) for operation in network.operations):
        return network
    found = {id(tensor): tensor for tensor in network.inputs}
    for operation in network.operations:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        inputs = [found[id(tensor)] for tensor in keras.tree.flatten(operation.input)]
        found[id(operation.output)] = _applied(operation, inputs)
    flat = keras.Model(network.input, found[id(network.output)], name=network.name)
    flat.set_weights(network.get_weights())
    return flat


def _applied(operation: Any, inputs: list[Any]) -> Any:
    """What a new layer, or the new layers of a nested model, give for the inputs."""
    if isinstance(operation, keras.Model):
        x = inputs[0]
        for layer in operation.layers:
            x = _copy(layer)(x)
        return x
    if not isinstance(operation, keras.layers.Layer):
        if type(operation).__name__ != "Add" or len(inputs) != 2:
            raise ValueError(f"{operation.name} is neither a layer nor a sum of two")
        return keras.layers.Add()(inputs)
    return _copy(operation)(inputs if len(inputs) > 1 else inputs[0])


def _copy(layer: keras.layers.Layer) -> keras.layers.Layer:
    return type(layer).from_config(layer.get_config())
