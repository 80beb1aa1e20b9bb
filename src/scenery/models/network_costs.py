"""What a network costs: size, depth, multiply-adds, and times of passes forward and backward."""

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.image_size import size_name
from scenery.models.backbones import build_backbone
from scenery.models.truncation import LayerGraph
from scenery.pipeline.networks import NetworkSpec, accuracies, counted

# Images of a timed batch, and passes of which the median counts.
IMAGES, PASSES = 4, 3
_WEIGHTED = (
    keras.layers.SeparableConv2D,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.Dense,
)


@dataclass(frozen=True)
class NetworkCosts:
    """What a network costs.

    Attributes:
        parameters: Number of its weights.
        depth: Convolutions and dense layers on the longest path from the image to the end.
        multiply_adds: Of one image; what publications mostly call FLOPs.
        forward_ms: Milliseconds per image of a prediction.
        both_ms: Milliseconds per image of a pass forward and backward, with the gradients of all
            weights.
    """

    parameters: int
    depth: int
    multiply_adds: int
    forward_ms: float
    both_ms: float


def measured_row(spec: NetworkSpec) -> tuple[str, ...]:
    """A row of the table of `scenery networks`: the network is built with random weights."""
    network = build_backbone(spec.name, spec.image_size, spec.layer, spec.options)
    costs = measure(network)
    # What is built takes up to 1.4 GB.
    keras.backend.clear_session()
    return (
        spec.name,
        size_name(spec.image_size),
        *counted(costs.parameters, costs.depth, costs.multiply_adds),
        *accuracies(spec.name, spec.options),
        f"{costs.forward_ms:.2f}",
        f"{costs.both_ms:.2f}",
    )


def measure(network: keras.Model) -> NetworkCosts:
    """Count and time a network on the hardware of this process.

    Args:
        network: Images of shape (batch, height, width, channels) in, one tensor out.
    """
    forward, both = _passes(network)
    return NetworkCosts(
        parameters=network.count_params(),
        depth=depth(network),
        multiply_adds=multiply_adds(network),
        forward_ms=_milliseconds(forward),
        both_ms=_milliseconds(both),
    )


def forward_milliseconds(network: keras.Model) -> float:
    """Milliseconds per image of a prediction, as of `NetworkCosts`."""
    return _milliseconds(_passes(network)[0])


def depth(network: keras.Model) -> int:
    """Convolutions and dense layers on the longest path of a flat functional network.

    Names of networks count like this, with the last layer: ResNet50, VGG16, DenseNet121.
    """
    graph = LayerGraph(network)
    longest: list[int] = []
    for operation, inputs in zip(graph.operations, graph.inputs, strict=True):
        below = max((longest[place] for place in inputs if place >= 0), default=0)
        # The projections before an attention are side by side; one more follows it.
        attention = isinstance(operation, keras.layers.MultiHeadAttention)
        longest.append(below + (2 if attention else isinstance(operation, _WEIGHTED)))
    return max(longest)


def multiply_adds(network: keras.Model) -> int:
    """Multiplications with additions of one image: convolutions, dense layers and attention.

    This is what publications mostly call FLOPs.
    """
    return sum(_multiply_adds(operation) for operation in network.operations)


def _multiply_adds(layer: Any) -> int:
    if isinstance(layer, keras.layers.SeparableConv2D):
        height, width = layer.output.shape[1:3]
        kernels = (layer.depthwise_kernel, layer.pointwise_kernel)
        return int(height * width * sum(math.prod(kernel.shape) for kernel in kernels))
    if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D | keras.layers.Dense):
        # Every value of a kernel meets every position of the output once.
        positions = math.prod(layer.output.shape[1:-1])
        return int(positions * math.prod(layer.kernel.shape))
    if isinstance(layer, keras.layers.MultiHeadAttention):
        tokens, width = layer.output.shape[1:]
        kernels = sum(
            math.prod(weight.shape) for weight in layer.weights if "kernel" in weight.path
        )
        # Every token is compared with every one, and takes of every one.
        return int(tokens * kernels + 2 * tokens**2 * width)
    if type(layer).__name__ == "Matmul":
        # Attention in windows, which no layer of Keras has.
        return int(math.prod(layer.output.shape[1:]) * layer.input[0].shape[-1])
    return 0


def _passes(network: keras.Model) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """A pass forward, and one forward and backward, on the same random images."""
    shape = (IMAGES, *network.input.shape[1:])
    images = tf.constant(np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32))
    variables = [weight.value for weight in network.trainable_weights]

    @tf.function
    def forward() -> Any:
        return network(images, training=False)

    @tf.function
    def both() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(network(images, training=True)))
        return tape.gradient(loss, variables)

    return forward, both


def _milliseconds(run: Callable[[], Any]) -> float:
    """Median time per image; the first pass builds the graph and does not count."""
    times = []
    for _ in range(PASSES + 1):
        started = time.perf_counter()
        # The gradient of a table has several parts: numbers of rows, and their values.
        for value in tf.nest.flatten(run(), expand_composites=True):
            # On a GPU the call returns before its end.
            value.numpy()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times[1:]) / IMAGES
