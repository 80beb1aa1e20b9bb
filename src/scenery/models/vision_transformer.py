"""Vision transformers of presets, built of Keras' own layers.

The network takes the values of KerasHub's class, and its layers are flat, so that it can be ended
and frozen at each block, saved, and loaded without Scenery and without KerasHub. Three things are
written differently and give the same values:

- One table has what is added to each token. Its first rows are the class and register tokens.
- What DINOv2 multiplies a block's output by is part of the kernel before it.
- Dropout is left out; it is 0 in the published presets.

A network ends in the feature map of its patches, or in one cell with its class token.
"""

from typing import Any

import keras
import numpy as np

from scenery.errors import UserError
from scenery.image_size import ImageSize, sides
from scenery.models.swin_transformer import swin_map
from scenery.models.transformer_layers import PATCHES, dense, norm, normal
from scenery.registry.preset_configs import Transformer
from scenery.registry.presets import Preset
from scenery.registry.swin_config import SwinTransformer
from scenery.registry.transformer_facts import END, block_name, check_image_size

POSITIONS = "position_embedding"
PREFIX = "prefix_tokens"
TOKENS = "patch_tokens"
MAP = "feature_map"
SCALE = "preprocess_scale"


def build_transformer(preset: Preset, image_size: ImageSize, cut: str | None) -> keras.Model:
    """A vision transformer with random weights, ended at a block or after its last layer norm.

    Args:
        preset: What its files say.
        image_size: Size of the input in pixels.
        cut: `block_1`, ..., or `norm`, the end; None: the end.

    Returns:
        A functional model named like the backbone: float (batch, height, width, 3) RGB images of
        0 to 255 in, the feature map of the patches (batch, rows, columns, channels) out.

    Raises:
        UserError: The size does not fit the network.
    """
    spec = preset.network
    check_image_size(spec, image_size)
    images = keras.Input((*sides(image_size), 3), name="images")
    x = keras.layers.Rescaling(preset.scale, preset.offset, dtype="float32", name=SCALE)(images)
    if isinstance(spec, SwinTransformer):
        return keras.Model(images, swin_map(x, spec, cut), name=spec.backbone)
    assert isinstance(spec, Transformer)
    grid = (sides(image_size)[0] // spec.patch, sides(image_size)[1] // spec.patch)
    return keras.Model(images, _patch_map(x, spec, grid, cut), name=spec.backbone)


def _patch_map(x: Any, spec: Transformer, grid: tuple[int, int], cut: str | None) -> Any:
    """The map of the patches of scaled images, from a plain transformer."""
    x = _embedded(x, spec, grid)
    for number in range(1, spec.blocks + 1):
        x = _block(x, spec, number)
        if cut == block_name(number):
            break
    else:
        x = norm(spec.end_epsilon, END)(x)
    # A layer of its own, so that the map can be told from the tokens before it.
    x = keras.layers.Cropping1D((spec.prefix, 0), name=TOKENS)(x)
    return keras.layers.Reshape((*grid, spec.width), name=MAP)(x)


def with_tokens(network: keras.Model, pooling: str) -> keras.Model:
    """A transformer that ends in one cell: its class token, or the mean of its patches and it.

    Args:
        network: What `build_transformer` gives.
        pooling: class_token or both.

    Raises:
        UserError: The network has no class token.
    """
    tokens = network.get_layer(TOKENS).input if _has_layer(network, TOKENS) else None
    if tokens is None:
        raise UserError(f"head.pooling: {network.name} has no class token; found {pooling}")
    channels = int(tokens.shape[-1])
    after = int(tokens.shape[1]) - 1
    x = keras.layers.Cropping1D((0, after), name="class_token")(tokens)
    x = keras.layers.Reshape((1, 1, channels), name="class_token_map")(x)
    if pooling == "both":
        mean = keras.layers.GlobalAveragePooling2D(keepdims=True, name="mean_of_patches")(
            network.output
        )
        x = keras.layers.Concatenate(name="mean_and_class_token")([mean, x])
    return keras.Model(network.input, x, name=network.name)


def as_map(network: keras.Model, values: Any) -> Any:
    """Tokens of a transformer as the map of its patches; feature maps as they are.

    Args:
        network: The network, whole or ended at a block.
        values: Tensor of shape (images, tokens, channels) or (images, rows, columns, channels).
    """
    if len(values.shape) != 3:
        return values
    rows, columns = network.get_layer(PATCHES).output.shape[1:3]
    patches = values[:, -rows * columns :]
    return keras.ops.reshape(patches, (-1, rows, columns, values.shape[-1]))


def _has_layer(network: keras.Model, name: str) -> bool:
    return any(layer.name == name for layer in network.layers)


def _embedded(x: Any, spec: Transformer, grid: tuple[int, ...]) -> Any:
    """The tokens that enter the first block."""
    x = keras.layers.Conv2D(
        spec.width, spec.patch, spec.patch, use_bias=spec.patch_bias, name=PATCHES
    )(x)
    x = keras.layers.Reshape((grid[0] * grid[1], spec.width), name="patches")(x)
    if spec.prefix:
        x = keras.layers.ZeroPadding1D((spec.prefix, 0), name=PREFIX)(x)
    # 0, 1, 2, ... for each image. A constant would be no layer that Keras saves.
    ones = keras.ops.ones_like(x[:, :, 0], dtype="int32")
    places = keras.ops.cumsum(ones, axis=1) - 1
    rows = grid[0] * grid[1] + spec.prefix
    table = keras.layers.Embedding(
        rows, spec.width, embeddings_initializer=normal(), name=POSITIONS
    )
    x = keras.layers.Add(name="tokens")([x, table(places)])
    return norm(spec.epsilon, "first_norm")(x) if spec.first_norm else x


def _block(x: Any, spec: Transformer, number: int) -> Any:
    """A block: attention and a dense part, each normalized before it and added to its input."""
    name = block_name(number)
    y = norm(spec.epsilon, f"{name}_norm_1")(x)
    attention = keras.layers.MultiHeadAttention(
        spec.heads, spec.width // spec.heads, use_bias=spec.attention_bias, name=f"{name}_attention"
    )
    x = keras.layers.Add(name=f"{name}_add")([x, attention(y, y)])
    y = norm(spec.epsilon, f"{name}_norm_2")(x)
    y = dense(spec.width, f"{name}_dense_2", spec.dense_bias)(_hidden(y, spec, name))
    return keras.layers.Add(name=name)([x, y])


def _hidden(x: Any, spec: Transformer, name: str) -> Any:
    """What the second dense layer of a block takes."""
    y = dense(spec.units, f"{name}_dense_1", spec.dense_bias)(x)
    if spec.gated:
        y = keras.layers.Activation("silu", name=f"{name}_silu")(y)
        gate = dense(spec.units, f"{name}_gate", spec.dense_bias)(x)
        return keras.layers.Multiply(name=f"{name}_gated")([y, gate])
    if spec.activation == "quick_gelu":
        return y * keras.ops.sigmoid(1.702 * y)
    if spec.activation == "gelu_approximate":
        return keras.ops.gelu(y, approximate=True)
    return keras.layers.Activation("gelu", name=f"{name}_gelu")(y)


def resized_table(
    table: np.ndarray, prefix: int, size: tuple[int, int], antialias: bool
) -> np.ndarray:
    """A table of positions for another grid of patches, by bicubic interpolation as in DINOv2.

    Args:
        table: Shape (prefix + n * n, channels).
        prefix: Rows that belong to no patch.
        size: Rows and columns of the new grid.
        antialias: Whether to smooth where the grid becomes smaller.

    Returns:
        Shape (prefix + rows * columns, channels).
    """
    channels = table.shape[-1]
    side = round((len(table) - prefix) ** 0.5)
    if (side, side) == tuple(size):
        return table
    grid = table[prefix:].reshape(1, side, side, channels)
    resized = keras.ops.image.resize(
        grid, size, interpolation="bicubic", antialias=antialias, data_format="channels_last"
    )
    patches = np.asarray(resized).reshape(-1, channels)
    return np.concatenate([table[:prefix], patches])
