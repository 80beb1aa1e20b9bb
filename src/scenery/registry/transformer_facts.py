"""What follows from the shape of a vision transformer: its blocks, parameters and costs."""

from dataclasses import dataclass

from scenery.errors import UserError
from scenery.image_size import ImageSize, sides, size_name
from scenery.registry import swin_facts
from scenery.registry.preset_configs import PresetNetwork, Transformer
from scenery.registry.swin_config import SwinTransformer

# The layer norm after the last block.
END = "norm"
_BLOCK = "block_"


@dataclass(frozen=True)
class BlockFacts:
    """What is known of a block at the preset's image size.

    Attributes:
        side: Side of the map of its output in cells.
        channels: Channels of its output.
        parameters: Of the network up to and with it; the last has those of the layer norm after it.
    """

    side: int
    channels: int
    parameters: int


@dataclass(frozen=True)
class TransformerFacts:
    """What is known of a transformer at the preset's image size.

    Attributes:
        blocks: Its blocks, from the bottom up.
        smallest_size: Smallest side of an image in pixels.
        multiply_adds: Of one image, attention included.
        depth: Convolutions and dense layers on the longest path.
    """

    blocks: tuple[BlockFacts, ...]
    smallest_size: int
    multiply_adds: int
    depth: int


def block_name(number: int) -> str:
    """The last layer of a block, counted from 1."""
    return f"{_BLOCK}{number}"


def is_block(layer: str) -> bool:
    """Whether a layer's name is that of the end of a block."""
    return layer.startswith(_BLOCK) and layer.removeprefix(_BLOCK).isdecimal()


def check_image_size(network: PresetNetwork, image_size: ImageSize) -> None:
    """Refuse a size that patches do not fill, or with which windows do not fit.

    Raises:
        UserError: Naming sizes that are allowed.
    """
    if isinstance(network, SwinTransformer):
        swin_facts.check_windows(network, image_size)
        return
    patch = network.patch
    if any(side % patch for side in sides(image_size)):
        low = max(min(sides(image_size)) // patch, 1) * patch
        raise UserError(
            f"image_size: {network.backbone} has patches of {patch} x {patch} pixels, so that "
            f"sides are multiples of {patch}, such as {low} and {low + patch}; found "
            f"{size_name(image_size)}"
        )


def transformer_facts(network: PresetNetwork) -> TransformerFacts:
    """The facts of the network of a preset."""
    if isinstance(network, SwinTransformer):
        return _of_swin(network)
    assert isinstance(network, Transformer)
    side, width = network.image_size // network.patch, network.width
    return TransformerFacts(
        blocks=tuple(BlockFacts(side, width, count) for count in _stage_parameters(network)),
        smallest_size=network.patch,
        multiply_adds=_multiply_adds(network),
        # A block has four, two for attention.
        depth=1 + 4 * network.blocks,
    )


def _of_swin(network: SwinTransformer) -> TransformerFacts:
    counts = swin_facts.stage_parameters(network)
    size = network.image_size
    return TransformerFacts(
        blocks=tuple(
            BlockFacts(
                swin_facts.map_side(network, size, resolution), network.channels(resolution), count
            )
            for resolution, count in zip(swin_facts.resolutions(network), counts, strict=True)
        ),
        smallest_size=swin_facts.smallest_size(network),
        multiply_adds=swin_facts.multiply_adds(network, size),
        depth=swin_facts.depth(network),
    )


def _stage_parameters(network: Transformer) -> list[int]:
    """Parameters up to and with each block; the last also has those of the layer norm after it."""
    width, tokens = network.width, _token_count(network)
    first = 3 * network.patch**2 * width + network.patch_bias * width + tokens * width
    first += 2 * width * network.first_norm
    block = _block_parameters(network)
    counts = [first + number * block for number in range(1, network.blocks + 1)]
    counts[-1] += 2 * width
    return counts


def _token_count(network: Transformer) -> int:
    return int(network.prefix + (network.image_size // network.patch) ** 2)


def _block_parameters(network: Transformer) -> int:
    width, units = network.width, network.units
    attention = 4 * width * (width + network.attention_bias)
    inner = (1 + network.gated) * units * (width + network.dense_bias)
    return attention + inner + width * (units + network.dense_bias) + 4 * width


def _multiply_adds(network: Transformer) -> int:
    """Multiplications with additions of one square image, attention included."""
    width, tokens = network.width, _token_count(network)
    patches = tokens - network.prefix
    kernels = 4 * width**2 + (2 + network.gated) * width * network.units
    block = tokens * kernels + 2 * tokens**2 * width
    return patches * 3 * network.patch**2 * width + network.blocks * block
