"""Networks of blocks whose branches are put side by side: inception blocks and dense blocks."""

from typing import Any

import keras

from scenery.models.architectures.layers import (
    Known,
    bare_convolution,
    convolution,
    dropout,
    finished,
)


def inception_net(x: Any, known: Known) -> Any:
    """Stages of inception blocks (Szegedy et al. 2015) behind one convolution."""
    channels = known["channels"]
    x = convolution(x, "conv1", channels, 3, known)
    for stage in range(1, known["stages"] + 1):
        name = f"stage{stage}"
        if stage > 1:
            channels *= 2
            x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
        for block in range(1, known["blocks"] + 1):
            x = _inception_block(x, f"{name}_block{block}", channels, known)
        x = dropout(x, f"{name}_dropout", known)
    return x


def _inception_block(x: Any, name: str, channels: int, known: Known) -> Any:
    """Filters of three sizes and a pooling; the shares of each are those of GoogLeNet's 3a."""
    share = channels // 16
    narrow = convolution(x, f"{name}_1x1", 4 * share, 1, known)
    middle = convolution(x, f"{name}_3x3_reduce", 6 * share, 1, known)
    middle = convolution(middle, f"{name}_3x3", 8 * share, 3, known)
    wide = convolution(x, f"{name}_5x5_reduce", share, 1, known)
    wide = convolution(wide, f"{name}_5x5", 2 * share, 5, known)
    pooled = keras.layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    pooled = convolution(pooled, f"{name}_pool_1x1", 2 * share, 1, known)
    return keras.layers.Concatenate(name=name)([narrow, middle, wide, pooled])


def dense_block_net(x: Any, known: Known) -> Any:
    """Stages of dense blocks (Huang et al. 2017), their plain form without bottlenecks.

    Each layer reads the outputs of all layers before it in its block; between blocks a transition
    halves the channels and an average pooling the size.
    """
    x = bare_convolution(x, "conv1", 2 * known["growth"], 3, known)
    for stage in range(1, known["stages"] + 1):
        name = f"stage{stage}"
        for layer in range(1, known["layers"] + 1):
            new = finished(x, f"{name}_layer{layer}", known)
            new = bare_convolution(new, f"{name}_layer{layer}_conv", known["growth"], 3, known)
            x = keras.layers.Concatenate(name=f"{name}_layer{layer}")([x, new])
        x = dropout(x, f"{name}_dropout", known)
        x = finished(x, f"{name}_end", known)
        if stage < known["stages"]:
            x = bare_convolution(x, f"{name}_transition", x.shape[-1] // 2, 1, known)
            x = keras.layers.AveragePooling2D(2, name=f"stage{stage + 1}_pool")(x)
    return x
