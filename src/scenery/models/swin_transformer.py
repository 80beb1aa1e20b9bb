"""Swin Transformers of presets (Liu et al. 2021), built of Keras' own layers and operations.

The network takes the values of KerasHub's class. Each block gives a map, and the merging of four
cells into one is the first part of the block after it, so that a network that ends at a block has
the resolution of this block. Dropout and stochastic depth are left out.

Maps whose sides are no multiples of the window are padded as KerasHub pads them: a shifted map is
moved before it is padded, and moved back with its padding. In these blocks the first rows and
columns get what the attention gives for cells of padding. The sizes of the published presets need
no padding.
"""

from typing import Any

import keras
import numpy as np

from scenery.models.transformer_layers import PATCHES, dense, norm, normal
from scenery.registry.swin_config import SwinTransformer
from scenery.registry.swin_facts import resolutions, shifts
from scenery.registry.transformer_facts import END, block_name

EPSILON = 1e-5
# Of KerasHub: added to the score of two cells of a window that do not lie side by side.
APART = -100.0
PATCH_NORM = "patch_norm"


def swin_map(x: Any, spec: SwinTransformer, cut: str | None) -> Any:
    """The feature map of scaled images.

    Args:
        x: Keras tensor of shape (batch, height, width, 3).
        spec: The network.
        cut: `block_1`, ..., or `norm`, the end; None: the end.

    Returns:
        Keras tensor of shape (batch, rows, columns, channels).
    """
    x = keras.layers.Conv2D(spec.width, spec.patch, spec.patch, name=PATCHES)(x)
    if spec.first_norm:
        x = norm(EPSILON, PATCH_NORM)(x)
    before = 0
    places = zip(resolutions(spec), shifts(spec), strict=True)
    for number, (resolution, shifted) in enumerate(places, start=1):
        if resolution > before:
            x, before = _merged(x, block_name(number)), resolution
        x = _block(x, spec, resolution, shifted, block_name(number))
        if cut == block_name(number):
            return x
    return norm(EPSILON, END)(x)


def _merged(x: Any, name: str) -> Any:
    """A map of half the side: each cell has the channels of four, mapped to twice those of one."""
    channels = x.shape[-1]
    cells = [x[:, row::2, column::2, :] for column in (0, 1) for row in (0, 1)]
    x = keras.layers.Concatenate(name=f"{name}_cells")(cells)
    x = norm(EPSILON, f"{name}_merging_norm")(x)
    return dense(2 * channels, f"{name}_merging", use_bias=False)(x)


def _block(x: Any, spec: SwinTransformer, resolution: int, shifted: bool, name: str) -> Any:
    """A block: attention in windows and a dense part, each added to its input."""
    y = norm(EPSILON, f"{name}_norm_1")(x)
    y = _attention(y, spec, resolution, shifted, f"{name}_attention")
    x = keras.layers.Add(name=f"{name}_add")([x, y])
    y = norm(EPSILON, f"{name}_norm_2")(x)
    y = dense(spec.units(resolution), f"{name}_dense_1")(y)
    y = keras.layers.Activation("gelu", name=f"{name}_gelu")(y)
    y = dense(x.shape[-1], f"{name}_dense_2")(y)
    return keras.layers.Add(name=name)([x, y])


def _attention(x: Any, spec: SwinTransformer, resolution: int, shifted: bool, name: str) -> Any:
    """Attention between the cells of each window of a map."""
    window, heads = spec.window, spec.heads[resolution]
    height, width, channels = x.shape[1:]
    # A map with a single row or column of windows is not shifted.
    shift = window // 2 if shifted and min(height, width) > window else 0
    below, right = -height % window, -width % window
    bias = _position_bias(x, window, heads, name)
    if shift:
        bias = bias + _separation(x, (height, width), window, shift)
        x = _rolled(x, shift)
    if below or right:
        x = keras.layers.ZeroPadding2D(((0, below), (0, right)), name=f"{name}_padding")(x)
    x = dense(3 * channels, f"{name}_qkv", use_bias=spec.attention_bias)(x)
    x = _attended(_windows(x, window), bias, heads, name)
    x = _map(x, (height + below, width + right), window)
    if shift:
        x = _rolled(x, -shift)
    if below or right:
        x = keras.layers.Cropping2D(((0, below), (0, right)), name=f"{name}_cropping")(x)
    return dense(channels, f"{name}_output")(x)


def _attended(x: Any, bias: Any, heads: int, name: str) -> Any:
    """The values that each cell takes from its window.

    Args:
        x: Queries, keys and values: (batch, windows, cells, 3 * channels).
        bias: Added to the scores: (heads, cells, cells) or (windows, heads, cells, cells).
        heads: Heads that share the channels.
        name: Of the attention.

    Returns:
        Shape (batch, windows, cells, channels).
    """
    windows, cells, channels = x.shape[1], x.shape[2], x.shape[3] // 3
    size = channels // heads
    query, key, value = (
        keras.ops.reshape(part, (-1, windows, cells, heads, size))
        for part in keras.ops.split(x, 3, axis=-1)
    )
    query = keras.ops.transpose(query * size**-0.5, (0, 1, 3, 2, 4))
    scores = keras.ops.matmul(query, keras.ops.transpose(key, (0, 1, 3, 4, 2))) + bias
    scores = keras.layers.Softmax(name=f"{name}_softmax")(scores)
    x = keras.ops.matmul(scores, keras.ops.transpose(value, (0, 1, 3, 2, 4)))
    return keras.ops.reshape(
        keras.ops.transpose(x, (0, 1, 3, 2, 4)), (-1, windows, cells, channels)
    )


def _rolled(x: Any, cells: int) -> Any:
    """A map that is moved up and left by some cells; what leaves it comes in on the other side."""
    # TFLite has no operation of the name.
    x = keras.ops.concatenate([x[:, cells:], x[:, :cells]], axis=1)
    return keras.ops.concatenate([x[:, :, cells:], x[:, :, :cells]], axis=2)


def _windows(x: Any, window: int) -> Any:
    """The cells of each window of a map: (batch, windows, cells, channels)."""
    rows, columns, channels = x.shape[1] // window, x.shape[2] // window, x.shape[3]
    x = keras.ops.reshape(x, (-1, rows, window, columns, window, channels))
    x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return keras.ops.reshape(x, (-1, rows * columns, window**2, channels))


def _map(x: Any, size: tuple[int, int], window: int) -> Any:
    """The map of this size whose windows are given: (batch, rows, columns, channels)."""
    rows, columns, channels = size[0] // window, size[1] // window, x.shape[-1]
    x = keras.ops.reshape(x, (-1, rows, columns, window, window, channels))
    x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return keras.ops.reshape(x, (-1, *size, channels))


def _position_bias(x: Any, window: int, heads: int, name: str) -> Any:
    """What is added to the score of each pair of cells: (heads, cells, cells).

    It is a row of a table that learns. The row depends on the distance of the two cells, in rows
    and in columns.
    """
    side = 2 * window - 1
    rows, columns = np.divmod(np.arange(window**2, dtype=np.int32), window)
    places = rows * side + columns
    middle = (window - 1) * (side + 1)
    distances = (_zero(x) + places[:, None]) - (places[None, :] - middle)
    table = keras.layers.Embedding(
        side**2, heads, embeddings_initializer=normal(), name=f"{name}_positions"
    )
    return keras.ops.transpose(table(distances), (2, 0, 1))


def _separation(x: Any, size: tuple[int, int], window: int, shift: int) -> Any:
    """Very low for pairs of cells that only the shift has put side by side, 0 for others.

    Returns:
        Shape (windows, 1, cells, cells).
    """
    numbers = _regions(size, window, shift)
    apart = keras.ops.not_equal(_zero(x) + numbers[:, None, None, :], numbers[:, None, :, None])
    return keras.ops.cast(apart, x.dtype) * APART


def _regions(size: tuple[int, int], window: int, shift: int) -> np.ndarray:
    """Numbers of the parts of a shifted map that were side by side before: (windows, cells).

    Padding has the number of the first part, as in KerasHub.
    """
    rows, columns = (
        (np.arange(side) >= side - window).astype(np.int32) + (np.arange(side) >= side - shift)
        for side in size
    )
    numbers = 3 * rows[:, None] + columns[None, :]
    numbers = np.pad(numbers, [(0, -side % window) for side in size])
    height, width = numbers.shape
    parts = numbers.reshape(height // window, window, width // window, window)
    return parts.transpose(0, 2, 1, 3).reshape(-1, window**2).astype(np.int32)


def _zero(x: Any) -> Any:
    """The number 0 as a tensor that depends on `x`: Keras saves no layer that has no input."""
    first = x[:, 0, 0, 0]
    return keras.ops.zeros_like(keras.ops.sum(first, axis=0), dtype="int32")
