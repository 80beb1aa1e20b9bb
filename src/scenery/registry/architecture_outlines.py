"""The layers at which custom architectures can be ended, known without building them.

The outline of a network is the list of layers through which every path from its input to its
output runs. The ends of its stages follow from their sizes, by the rule of
`scenery.models.truncation`. Tests compare both with the built networks.
"""

from dataclasses import dataclass

from scenery.errors import UserError
from scenery.image_size import ImageSize, sides, size_name
from scenery.registry.architectures.base import Architecture
from scenery.registry.custom_architectures import Network, architecture
from scenery.registry.layers import Shape

MAX_SIZE = 4096


@dataclass(frozen=True)
class LayerOutline:
    """A layer through which every path of a network runs.

    Attributes:
        layer: Its name.
        size: Smaller side of its output in cells; below 1 where the image is too small.
        channels: Channels of its output.
        learns: Whether it has weights.
    """

    layer: str
    size: int
    channels: int
    learns: bool = False


def architecture_outline(name: str, network: Network, image_size: ImageSize) -> list[LayerOutline]:
    """The outline of a custom architecture for an image size, from the input to the output.

    Raises:
        UserError: The options do not fit each other, or the image is too small for them.
    """
    wanted = architecture(name, network)
    found = _outline(wanted, image_size)
    if not _fits(found):
        raise UserError(
            f"image_size: {name} with these options needs at least "
            f"{_smallest_size(wanted)} pixels; found {size_name(image_size)}"
        )
    return found


def _outline(wanted: Architecture, size: ImageSize) -> list[LayerOutline]:
    shape: Shape = (*sides(size), wanted.input_channels)
    found = []
    for layer in wanted.layer_list():
        shape = layer.shape(shape)
        height, width, channels = shape
        found.append(LayerOutline(layer.name, min(height, width), channels, layer.learns))
    return found


def smallest_size(name: str, network: Network) -> int:
    """Smallest side in pixels of the images for which a network leaves a cell at its end."""
    return _smallest_size(architecture(name, network))


def _smallest_size(wanted: Architecture) -> int:
    # A larger image never gives a smaller map, so bisection finds the first size that fits.
    too_small, fits = 0, MAX_SIZE
    while fits - too_small > 1:
        middle = (too_small + fits) // 2
        if _fits(_outline(wanted, middle)):
            fits = middle
        else:
            too_small = middle
    return fits


def _fits(found: list[LayerOutline]) -> bool:
    return all(layer.size >= 1 for layer in found)


def cut_points(found: list[LayerOutline]) -> list[LayerOutline]:
    """The ends of the stages of a network with this outline, from the bottom up.

    A stage ends where the size falls to two thirds or less. Layers at a size without weights
    belong to the stage below.
    """
    ends: list[int] = []
    for place, layer in enumerate(found):
        if ends and 3 * layer.size > 2 * found[ends[-1]].size:
            ends.pop()
        ends.append(place)
    points: list[int] = []
    for place in ends:
        if points and not any(layer.learns for layer in found[points[-1] + 1 : place + 1]):
            points.pop()
        points.append(place)
    return [found[place] for place in points]


def below(found: list[LayerOutline]) -> dict[str, str | None]:
    """For each layer where the network ends when one stage more is removed; None for the first."""
    result: dict[str, str | None] = {}
    for place, layer in enumerate(found):
        points = cut_points(found[: place + 1])
        result[layer.layer] = points[-2].layer if len(points) > 1 else None
    return result
