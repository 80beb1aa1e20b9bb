"""The layers at which Scenery's own networks can be ended, known without building them.

The outline of a network is the list of layers through which every path from its input to its
output runs. The ends of its stages follow from their sizes, by the rule of
`scenery.models.truncation`. Tests compare both with the built networks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scenery.errors import UserError
from scenery.registry.custom_architectures import Network, mistake, options

MAX_SIZE = 4096


@dataclass(frozen=True)
class LayerOutline:
    """A layer through which every path of a network runs.

    Attributes:
        layer: its name.
        size: height (= width) of its output in cells; below 1 where the image is too small.
        channels: channels of its output.
        learns: whether a layer with weights stands between the step before and this one's end.
    """

    layer: str
    size: int
    channels: int
    learns: bool = False


def architecture_outline(name: str, network: Network, image_size: int) -> list[LayerOutline]:
    """The outline of a custom architecture for an image size, from the input to the output.

    Raises:
        UserError: The options do not fit each other, or the image is too small for them.
    """
    if (wrong := mistake(name, network)) is not None:
        raise UserError(wrong)
    found = list(_STEPS[name](image_size, options(name, network)))
    if not _fits(found):
        raise UserError(
            f"image_size: {name} with these options needs at least "
            f"{smallest_size(name, network)} pixels; found {image_size}"
        )
    return found


def smallest_size(name: str, network: Network) -> int:
    """Smallest side in pixels of the images for which a network leaves a cell at its end."""
    known = options(name, network)
    # A larger image never gives a smaller map, so that halving finds the first size that fits.
    below, fits = 0, MAX_SIZE
    while fits - below > 1:
        middle = (below + fits) // 2
        if _fits(list(_STEPS[name](middle, known))):
            fits = middle
        else:
            below = middle
    return fits


def _fits(found: list[LayerOutline]) -> bool:
    return all(step.size >= 1 for step in found)


def cut_points(found: list[LayerOutline]) -> list[LayerOutline]:
    """The ends of the stages of a network with these architecture_outline, from the bottom up.

    A stage ends where the size falls to two thirds or less; what has no weights of its own
    belongs to the stage below it.
    """
    ends: list[int] = []
    for place, step in enumerate(found):
        if ends and 3 * step.size > 2 * found[ends[-1]].size:
            ends.pop()
        ends.append(place)
    points: list[int] = []
    for place in ends:
        if points and not any(step.learns for step in found[points[-1] + 1 : place + 1]):
            points.pop()
        points.append(place)
    return [found[place] for place in points]


def below(found: list[LayerOutline]) -> dict[str, str | None]:
    """For each layer where the network ends when one stage more is removed; None for the first."""
    result: dict[str, str | None] = {}
    for place, step in enumerate(found):
        points = cut_points(found[: place + 1])
        result[step.layer] = points[-2].layer if len(points) > 1 else None
    return result


def _layer(name: str, size: int, channels: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    """A layer with weights, its batch norm and its activation."""
    wide = 2 * channels if known["activation"] == "maxout" else channels
    yield LayerOutline(name, size, wide, learns=True)
    if known["batch_norm"]:
        yield LayerOutline(f"{name}_bn", size, wide, learns=True)
    yield LayerOutline(f"{name}_activation", size, channels)


def _dropout(name: str, size: int, channels: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    if known["dropout"]:
        yield LayerOutline(name, size, channels)


def _dense_layers(size: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    for number, width in enumerate(known["widths"], start=1):
        yield from _layer(f"dense{number}", size, width, known)
        yield from _dropout(f"dropout{number}", size, width, known)


def _mlp(size: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    yield LayerOutline("values", min(size, 1), 3 * size**2)
    yield from _dense_layers(min(size, 1), known)


def _patch_mlp(size: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    yield from _dense_layers((size - known["patch_size"]) // known["stride"] + 1, known)


def _lenet5(size: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    for number, channels in enumerate((6, 16, 120), start=1):
        size -= 4
        yield from _layer(f"conv{number}", size, channels, known)
        if number < 3:
            size //= 2
            yield LayerOutline(f"pool{number}", size, channels)


def _alexnet(size: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    size = (size - 11) // 4 + 1
    for number, channels in enumerate((96, 256, 384, 384, 256), start=1):
        yield from _layer(f"conv{number}", size, channels, known)
        if number in (1, 2, 5):
            size = (size - 3) // 2 + 1
            yield LayerOutline(f"pool{number}", size, channels)


def convolutions(known: dict[str, Any]) -> list[int]:
    """Convolutions in each stage of a ConvNet; what is left over goes to the lower stages.

    He et al. (2016) have one more in the first stage: the layer that stands alone there.
    """
    each, more = divmod(known["depth"] - 1, known["stages"])
    return [each + (stage < more) for stage in range(known["stages"])]


def pairs(stage: int, count: int, residual: bool) -> list[int]:
    """Numbers of the convolutions in a stage (from 1) at which a residual pair begins.

    The first layer of the network stands alone, as in He et al. (2016); of an odd number of
    layers the first one does in any stage.
    """
    first = 2 if stage == 1 or count % 2 else 1
    return list(range(first, count, 2)) if residual else []


def _convnet(size: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    for stage, count in enumerate(convolutions(known), start=1):
        name, channels = f"stage{stage}", known["channels"] * 2 ** (stage - 1)
        if stage > 1:
            # A stride rounds up, so that it would go on for ever with a single cell.
            rounded = size + (known["downsampling"] == "strides" and size > 1)
            size = rounded // 2
            if known["downsampling"] == "pooling":
                yield LayerOutline(f"{name}_pool", size, known["channels"] * 2 ** (stage - 2))
        starts = pairs(stage, count, known["residual"])
        number = 1
        while number <= count:
            if number in starts:
                number += 1
                yield LayerOutline(f"{name}_conv{number}_add", size, channels, learns=True)
                yield LayerOutline(f"{name}_conv{number}_activation", size, channels)
            else:
                yield from _layer(f"{name}_conv{number}", size, channels, known)
            number += 1
        yield from _dropout(f"{name}_dropout", size, channels, known)


def _inception_net(size: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    channels = known["channels"]
    yield from _layer("conv1", size, channels, known)
    for stage in range(1, known["stages"] + 1):
        name = f"stage{stage}"
        if stage > 1:
            size //= 2
            yield LayerOutline(f"{name}_pool", size, channels)
            channels *= 2
        for block in range(1, known["blocks"] + 1):
            yield LayerOutline(f"{name}_block{block}", size, channels, learns=True)
        yield from _dropout(f"{name}_dropout", size, channels, known)


def _dense_block_net(size: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    channels = 2 * known["growth"]
    yield LayerOutline("conv1", size, channels, learns=True)
    for stage in range(1, known["stages"] + 1):
        name = f"stage{stage}"
        for layer in range(1, known["layers"] + 1):
            channels += known["growth"]
            yield LayerOutline(f"{name}_layer{layer}", size, channels, learns=True)
        yield from _dropout(f"{name}_dropout", size, channels, known)
        yield from _before(f"{name}_end", size, channels, known)
        if stage < known["stages"]:
            channels //= 2
            yield LayerOutline(f"{name}_transition", size, channels, learns=True)
            size //= 2
            yield LayerOutline(f"stage{stage + 1}_pool", size, channels)


def _dense_sift(size: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    room = size - max(known["scales"])
    # With a step as large as the image there is no grid.
    yield LayerOutline(
        "descriptors", room // known["step"] + 1 if size >= known["step"] else 0, 128
    )


def _before(name: str, size: int, channels: int, known: dict[str, Any]) -> Iterator[LayerOutline]:
    """Batch norm and activation that stand before a layer, as DenseNet has them."""
    if known["batch_norm"]:
        yield LayerOutline(f"{name}_bn", size, channels, learns=True)
    yield LayerOutline(f"{name}_activation", size, channels)


_STEPS: dict[str, Callable[[int, dict[str, Any]], Iterator[LayerOutline]]] = {
    "MLP": _mlp,
    "PatchMLP": _patch_mlp,
    "LeNet5": _lenet5,
    "AlexNet": _alexnet,
    "ConvNet": _convnet,
    "InceptionNet": _inception_net,
    "DenseBlockNet": _dense_block_net,
    "DenseSIFT": _dense_sift,
}
