"""What follows from the shape of a Swin Transformer: its maps, parameters and costs."""

from collections.abc import Iterator

from scenery.errors import UserError
from scenery.image_size import ImageSize, sides, size_name
from scenery.registry.swin_config import SwinTransformer


def resolutions(network: SwinTransformer) -> Iterator[int]:
    """For each block, its resolution, counted from 0 for the largest map."""
    for resolution, blocks in enumerate(network.depths):
        yield from [resolution] * blocks


def shifts(network: SwinTransformer) -> Iterator[bool]:
    """For each block, whether its windows are shifted where the map has several: every second."""
    for blocks in network.depths:
        yield from (number % 2 == 1 for number in range(blocks))


def check_windows(network: SwinTransformer, image_size: ImageSize) -> None:
    """Refuse a size for which maps cannot be merged or the smallest map has no whole window.

    The table of relative positions is for the pairs of cells of a whole window, so that KerasHub
    computes no smaller maps either.

    Raises:
        UserError: Naming the sizes that are allowed.
    """
    stride, smallest = network.stride, smallest_size(network)
    if any(side % stride or side < smallest for side in sides(image_size)):
        raise UserError(
            f"image_size: {network.backbone} with windows of {network.window} x {network.window} "
            f"cells needs sides that are multiples of {stride}, from {smallest} on; found "
            f"{size_name(image_size)}"
        )


def smallest_size(network: SwinTransformer) -> int:
    """The smallest side of an image in pixels: the smallest map is one window."""
    return network.stride * network.window


def map_side(network: SwinTransformer, image_size: int, resolution: int) -> int:
    """Side in cells of the map of a resolution, of a square image."""
    return int(image_size // (network.patch * 2**resolution))


def stage_parameters(network: SwinTransformer) -> list[int]:
    """Parameters up to and with each block; the last also has those of the layer norm after it."""
    width = network.width
    total = (3 * network.patch**2 + 1) * width + 2 * width * network.first_norm
    counts, before = [], 0
    for resolution in resolutions(network):
        if resolution > before:
            # The layer norm and the kernel of the merging before the first block.
            channels, before = network.channels(resolution), resolution
            total += 4 * channels + 2 * channels**2
        total += _block_parameters(network, resolution)
        counts.append(total)
    counts[-1] += 2 * network.channels(len(network.depths) - 1)
    return counts


def _block_parameters(network: SwinTransformer, resolution: int) -> int:
    channels, units = network.channels(resolution), network.units(resolution)
    table = (2 * network.window - 1) ** 2 * network.heads[resolution]
    projections = 3 * channels * (channels + network.attention_bias) + channels * (channels + 1)
    return table + projections + units * (channels + 1) + channels * (units + 1) + 4 * channels


def multiply_adds(network: SwinTransformer, image_size: int) -> int:
    """Multiplications with additions of one square image, attention included."""
    total = map_side(network, image_size, 0) ** 2 * 3 * network.patch**2 * network.width
    for resolution, blocks in enumerate(network.depths):
        side, channels = map_side(network, image_size, resolution), network.channels(resolution)
        padded = -(-side // network.window) * network.window
        block = side**2 * channels * (channels + 2 * network.units(resolution))
        block += padded**2 * channels * (3 * channels + 2 * network.window**2)
        total += blocks * block
        if resolution:
            total += side**2 * 2 * channels**2
    return total


def depth(network: SwinTransformer) -> int:
    """Convolutions and dense layers on the longest path: four of a block, one of a merging."""
    return 4 * network.blocks + len(network.depths)
