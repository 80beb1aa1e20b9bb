"""What follows from the shape of a vision transformer: its blocks, parameters and costs."""

from scenery.errors import UserError
from scenery.image_size import ImageSize, sides, size_name
from scenery.registry.preset_configs import Transformer

# The layer norm after the last block.
END = "norm"
_BLOCK = "block_"


def block_name(number: int) -> str:
    """The last layer of a block, counted from 1."""
    return f"{_BLOCK}{number}"


def is_block(layer: str) -> bool:
    """Whether a layer's name is that of the end of a block."""
    return layer.startswith(_BLOCK) and layer.removeprefix(_BLOCK).isdecimal()


def check_patches(network: Transformer, image_size: ImageSize) -> None:
    """Refuse a size that patches do not fill.

    Raises:
        UserError: Naming the nearest sizes that they fill.
    """
    patch = network.patch
    if any(side % patch for side in sides(image_size)):
        low = max(min(sides(image_size)) // patch, 1) * patch
        raise UserError(
            f"image_size: {network.backbone} has patches of {patch} x {patch} pixels, so that "
            f"sides are multiples of {patch}, such as {low} and {low + patch}; found "
            f"{size_name(image_size)}"
        )


def stage_parameters(network: Transformer, image_size: int) -> list[int]:
    """Parameters up to and with each block; the last also has those of the layer norm after it."""
    width, tokens = network.width, token_count(network, image_size)
    first = 3 * network.patch**2 * width + network.patch_bias * width + tokens * width
    first += 2 * width * network.first_norm
    block = _block_parameters(network)
    counts = [first + number * block for number in range(1, network.blocks + 1)]
    counts[-1] += 2 * width
    return counts


def token_count(network: Transformer, image_size: int) -> int:
    """Tokens of a square image."""
    return network.prefix + (image_size // network.patch) ** 2


def _block_parameters(network: Transformer) -> int:
    width, units = network.width, network.units
    attention = 4 * width * (width + network.attention_bias)
    inner = (1 + network.gated) * units * (width + network.dense_bias)
    return attention + inner + width * (units + network.dense_bias) + 4 * width


def multiply_adds(network: Transformer, image_size: int) -> int:
    """Multiplications with additions of one square image, attention included."""
    width, tokens = network.width, token_count(network, image_size)
    patches = tokens - network.prefix
    kernels = 4 * width**2 + (2 + network.gated) * width * network.units
    block = tokens * kernels + 2 * tokens**2 * width
    return patches * 3 * network.patch**2 * width + network.blocks * block


def depth(network: Transformer) -> int:
    """Convolutions and dense layers on the longest path: a block has four, two for attention."""
    return 1 + 4 * network.blocks
