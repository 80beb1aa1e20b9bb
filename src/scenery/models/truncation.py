"""Where a network can be ended, its stages, and which of them learn.

A stage is a run of layers at one spatial size. Its end, a cut point, is derived from the graph of
layers: of the layers through which every path from input to output runs (its articulation
points), the last one before the size decreases. Three things are no end of a stage:

- padding, whose size is not the stage's (nor are the input and its preprocessing);
- a convolution without padding, which only shaves off a border (InceptionV3: 149, 147): a stage
  ends where the size falls to two thirds or less, that is, is (about) halved;
- a stage without weights of its own, such as VGG16's last pool, which belongs to the stage below
  it, since it has no weights to remove or to train.

Each block of a vision transformer is a stage, though its size does not decrease. The first one
holds the embedding of the patches, too, and the last one the layer norm after it.
"""

from dataclasses import dataclass
from typing import Any

import keras

from scenery.errors import UserError
from scenery.messages import suggestions
from scenery.models.backbones import end_at, ends_block, is_preprocessing, may_end_at
from scenery.models.transformer_layers import PATCHES

PADDING = (keras.layers.ZeroPadding2D, keras.layers.Cropping2D)


@dataclass(frozen=True)
class CutPoint:
    """The end of a stage.

    Attributes:
        layer: name of the stage's last layer.
        stage: number of the stage, the lowest is 1.
        size: smaller side of the layer's output in cells.
        channels: channels of the layer's output.
        parameters: of the network up to and including this layer.
    """

    layer: str
    stage: int
    size: int
    channels: int
    parameters: int


class LayerGraph:
    """The layers (and bare operations) of a functional network and what feeds what.

    `operations` are in an order in which everything comes after what it needs; `inputs[i]` are
    the places in it of what feeds operation i, -1 for something outside the network.
    """

    def __init__(self, network: keras.Model) -> None:
        self.operations: list[Any] = list(network.operations)
        producer: dict[int, int] = {}
        self.inputs: list[list[int]] = []
        for index, operation in enumerate(self.operations):
            entry = isinstance(operation, keras.layers.InputLayer)
            fed_by = [] if entry else keras.tree.flatten(operation.input)
            self.inputs.append([producer.get(id(tensor), -1) for tensor in fed_by] or [-1])
            for tensor in keras.tree.flatten(operation.output):
                producer[id(tensor)] = index

    def index(self, name: str) -> int:
        """Place of the operation of that name; KeyError if there is none."""
        for index, operation in enumerate(self.operations):
            if operation.name == name:
                return index
        raise KeyError(name)

    def up_to(self, end: int) -> list[int]:
        """Places of `end` and of all that it needs, in order."""
        needed = {end}
        for index in range(end, -1, -1):
            if index in needed:
                needed.update(self.inputs[index])
        return sorted(needed - {-1})

    def parameters(self, places: list[int]) -> int:
        """Parameters of the layers at these places."""
        layers = [self.operations[place] for place in places]
        return sum(
            layer.count_params() for layer in layers if isinstance(layer, keras.layers.Layer)
        )

    def bottlenecks(self, end: int) -> list[int]:
        """Places through which every path to `end` runs, from the bottom up, `end` included."""
        places = self.up_to(end)
        farthest: dict[int, int] = {}
        for place in places:
            for source in self.inputs[place]:
                farthest[source] = max(farthest.get(source, -1), place)
        # A place is on every path if and only if no edge leaps over it in a topological order.
        found, reach = [], farthest.get(-1, 0)
        for place in places:
            if reach <= place:
                found.append(place)
            reach = max(reach, farthest.get(place, place))
        return found

    def cut_points(self, end: int) -> list[CutPoint]:
        """The ends of the stages of the network ended at place `end`, from the bottom up."""
        blocks = [place for place in self.up_to(end) if ends_block(self.operations[place])]
        if blocks:
            return self._block_ends(blocks, end)
        ends: list[int] = []
        previous_size: int | None = None
        for place in self.bottlenecks(end):
            operation = self.operations[place]
            if place != end and not (may_end_at(operation) and not isinstance(operation, PADDING)):
                continue
            size = min(operation.output.shape[1:3])
            if previous_size is not None and 3 * size > 2 * previous_size:
                ends.pop()
            ends.append(place)
            previous_size = size
        points: list[CutPoint] = []
        for place in ends:
            parameters = self.parameters(self.up_to(place))
            if points and parameters == points[-1].parameters:
                points.pop()
            operation = self.operations[place]
            size, channels = min(operation.output.shape[1:3]), operation.output.shape[-1]
            points.append(CutPoint(operation.name, len(points) + 1, size, channels, parameters))
        return points

    def _block_ends(self, blocks: list[int], end: int) -> list[CutPoint]:
        """The stages of a transformer; the last one ends where the network does."""
        points = []
        for number, place in enumerate([*blocks[:-1], end], start=1):
            operation = self.operations[place]
            # Tokens are on the grid of the patches.
            maps = operation if len(operation.output.shape) == 4 else self._patches
            size, channels = min(maps.output.shape[1:3]), operation.output.shape[-1]
            parameters = self.parameters(self.up_to(place))
            points.append(CutPoint(operation.name, number, size, channels, parameters))
        return points

    @property
    def _patches(self) -> Any:
        return self.operations[self.index(PATCHES)]


def cut_points(network: keras.Model) -> list[CutPoint]:
    """The ends of the stages of a functional network, from the bottom up.

    The last one is the network's own end; removing N stages ends it at the one N before that.
    """
    graph = LayerGraph(network)
    return graph.cut_points(len(graph.operations) - 1)


def stages(network: keras.Model) -> list[list[keras.layers.Layer]]:
    """The layers of each stage, from the bottom up; input and preprocessing are in none."""
    graph = LayerGraph(network)
    found: list[list[keras.layers.Layer]] = []
    below: set[int] = set()
    for point in cut_points(network):
        places = [place for place in graph.up_to(graph.index(point.layer)) if place not in below]
        below.update(places)
        operations = [graph.operations[place] for place in places]
        found.append(
            [
                operation
                for operation in operations
                if isinstance(operation, keras.layers.Layer) and not is_preprocessing(operation)
            ]
        )
    return found


def freeze_below(network: keras.Model, top_stages: int | None) -> None:
    """Let the `top_stages` highest stages learn and freeze those below; None: all learn.

    Raises:
        UserError: the network has fewer stages.
    """
    boundary(network, top_stages)
    groups = stages(network)
    first = 0 if top_stages is None else len(groups) - top_stages
    for number, layers in enumerate(groups):
        for layer in layers:
            layer.trainable = number >= first


def freeze_before(network: keras.Model, layer: str) -> None:
    """Let a layer and all that are listed after it learn, and freeze those before.

    Raises:
        UserError: The network has no such layer.
    """
    names = [one.name for one in network.layers]
    if layer not in names:
        raise UserError(
            f"trainable: {network.name} has no layer {layer!r}; {suggestions(layer, names)}"
        )
    first = names.index(layer)
    for number, one in enumerate(network.layers):
        one.trainable = number >= first and not is_preprocessing(one)


def boundary(network: keras.Model, top_stages: int | None) -> str | None:
    """Name of the highest frozen layer if the `top_stages` highest stages learn.

    None where nothing is frozen. Every path through the network runs through this layer, so that
    its activations are all that the learning part needs. Raises UserError if the network has
    fewer stages.
    """
    points = cut_points(network)
    if top_stages is None or top_stages == len(points):
        return None
    if not 0 <= top_stages < len(points):
        raise UserError(
            f"trainable: {network.name} up to {points[-1].layer} has {len(points)} stages; "
            f"found head+{top_stages}"
        )
    return points[len(points) - 1 - top_stages].layer


def split_at(network: keras.Model, layer: str) -> tuple[keras.Model, keras.Model]:
    """Split a network in two at a layer; both parts share the network's layers and weights.

    Returns:
        The part from the images up to and with the layer, and the part from the layer's
        activations to the network's output.

    Raises:
        ValueError: some path goes past the layer, so that its activations do not suffice.
    """
    graph = LayerGraph(network)
    place = graph.index(layer)
    if place not in graph.bottlenecks(len(graph.operations) - 1):
        raise ValueError(f"{network.name} cannot be split at {layer}: some paths go past it")
    below = end_at(network, layer)
    above = keras.Model(network.get_layer(layer).output, network.output, name=network.name)
    return below, above
