"""Layers that all vision transformers of presets have, with the random weights of their papers."""

import keras

# The convolution that maps patches to tokens or cells.
PATCHES = "patch_embedding"


def dense(units: int, name: str, use_bias: bool = True) -> keras.layers.Layer:
    """A dense layer on the last axis."""
    return keras.layers.Dense(units, use_bias=use_bias, kernel_initializer=normal(), name=name)


def norm(epsilon: float, name: str) -> keras.layers.Layer:
    """A layer norm over the last axis."""
    return keras.layers.LayerNormalization(epsilon=epsilon, name=name)


def normal() -> keras.initializers.Initializer:
    """How kernels and tables are drawn."""
    return keras.initializers.TruncatedNormal(stddev=0.02)
