"""What a network is made of: a table of its layers, and diagrams for Graphviz."""

import math
from typing import Any

import keras
import pandas as pd

from scenery.models.truncation import LayerGraph, cut_points, stages

_WINDOWS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
)
_WHOLE = (
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.Flatten,
    # In the backbones here it puts all values of the image into one cell, or follows a pooling.
    keras.layers.Reshape,
)
_UNDEFINED = (
    keras.layers.UpSampling2D,
    keras.layers.Conv2DTranspose,
    keras.layers.Resizing,
    # Of attention in windows: it depends on the place of a cell in its window.
    keras.layers.Softmax,
)


def receptive_fields(network: keras.Model) -> list[tuple[float, float]]:
    """Receptive field and stride of every operation of a flat functional network, in pixels.

    The receptive field is the side of the square of input pixels that one output cell depends on
    (Araujo, Norris and Sim 2019): along every path each window adds (window - 1) times the stride
    below it, and where paths meet the largest counts. Infinite behind a pooling over the whole
    picture, NaN where it is not defined (behind upsampling and attention in windows). Borders and
    padding are left out of account, so it may exceed the image.
    """
    graph = LayerGraph(network)
    fields: list[tuple[float, float]] = []
    for operation, inputs in zip(graph.operations, graph.inputs, strict=True):
        below = [fields[place] for place in inputs if place >= 0] or [(1.0, 1.0)]
        field, stride = max(one[0] for one in below), max(one[1] for one in below)
        if any(math.isnan(one[0]) for one in below) or isinstance(operation, _UNDEFINED):
            fields.append((math.nan, math.nan))
        elif isinstance(operation, _WHOLE):
            fields.append((math.inf, math.inf))
        else:
            window, step = _window(operation)
            fields.append((field + (window - 1) * stride if window > 1 else field, stride * step))
    return fields


def _window(operation: Any) -> tuple[int, int]:
    """Side of an operation's window in cells of its input, and its stride."""
    if not isinstance(operation, _WINDOWS):
        return 1, 1
    side = getattr(operation, "kernel_size", None) or operation.pool_size
    dilation = getattr(operation, "dilation_rate", (1, 1))
    return (side[0] - 1) * dilation[0] + 1, operation.strides[0]


def layer_table(backbone: keras.Model, head: keras.Model) -> pd.DataFrame:
    """One row per layer of a final model, from the image to the probabilities.

    Columns: number, layer, kind, part (stage 1, stage 2, ..., head), output (height x width x
    channels), layer_parameters, receptive_field and stride (pixels of the input image; infinite
    for the whole image, NaN where not defined).
    """
    part_of = {
        layer.name: f"stage {number}"
        for number, layers in enumerate(stages(backbone), start=1)
        for layer in layers
    }
    fields = receptive_fields(backbone)
    rows = [
        _row(operation, part_of.get(operation.name, "input"), *field)
        for operation, field in zip(LayerGraph(backbone).operations, fields, strict=True)
    ]
    rows += [_row(layer, "head", math.inf, math.inf) for layer in head.layers[1:]]
    table = pd.DataFrame(rows)
    table.insert(0, "number", range(1, len(table) + 1))
    return table


def _row(operation: Any, part: str, field: float, stride: float) -> dict[str, Any]:
    output = operation.output
    shape = keras.tree.flatten(output)[0].shape[1:]
    parameters = operation.count_params() if isinstance(operation, keras.layers.Layer) else 0
    return {
        "layer": operation.name,
        "kind": type(operation).__name__,
        "part": part,
        "output": " x ".join(str(size) for size in shape),
        "layer_parameters": parameters,
        "receptive_field": field,
        "stride": stride,
    }


def stages_diagram(backbone: keras.Model, head: keras.Model) -> str:
    """A final model as one box for each stage and each layer of its head, in Graphviz's language.

    Drawn by Keras' own `model_to_dot`.
    """
    points = cut_points(backbone)
    groups = stages(backbone)
    image = keras.Input(backbone.input.shape[1:], name="image")
    x, start = image, backbone.input
    for point, layers in zip(points, groups, strict=True):
        end = backbone.get_layer(point.layer).output
        name = f"{backbone.name} stage {point.stage}: {len(layers)} layers, up to {point.layer}"
        x = keras.Model(start, end, name=name.replace("/", "_"))(x)
        start = end
    for layer in head.layers[1:]:
        x = layer(x)
    return _dot(keras.Model(image, x), nested=False)


def layers_diagram(model: keras.Model) -> str:
    """A final model layer by layer, in Graphviz's language."""
    return _dot(model, nested=True)


def _dot(model: keras.Model, nested: bool) -> str:
    drawn = keras.utils.model_to_dot(
        model, show_shapes=True, show_layer_names=True, expand_nested=nested, rankdir="TB"
    )
    return str(drawn.to_string())
