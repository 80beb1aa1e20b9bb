"""Low-rank adaptation of a vision transformer (LoRA, Hu et al. 2022), by Keras' `enable_lora`.

The kernels stay as they are. To each, the product of two narrow matrices is added, and only these
learn.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

# Of an attention layer in Keras; it has no public names for them.
_PROJECTIONS = ("_query_dense", "_key_dense", "_value_dense", "_output_dense")


class Adapters:
    """The low-rank matrices of a backbone.

    Args:
        backbone: A vision transformer. All of it is frozen, and the dense layers of its blocks,
            those inside attention included, get matrices that learn.
        rank: Columns of the first matrix and rows of the second one.
    """

    def __init__(self, backbone: keras.Model, rank: int) -> None:
        self._config = backbone.get_config()
        self._backbone = backbone
        for layer in backbone.layers:
            layer.trainable = False
        self._layers = list(_dense_layers(backbone))
        for layer in self._layers:
            layer.trainable = True
            layer.enable_lora(rank)
            if layer.bias is not None:
                layer.bias.trainable = False

    def merged(self) -> keras.Model:
        """A network without matrices that gives the same values: they are added to the kernels."""
        plain = keras.Model.from_config(self._config)
        adapted = {id(layer) for layer in self._layers}
        for layer, copy in zip(_leaves(self._backbone), _leaves(plain), strict=True):
            if id(layer) in adapted:
                bias = [] if layer.bias is None else [np.asarray(layer.bias)]
                copy.set_weights([np.asarray(layer.kernel), *bias])
            else:
                copy.set_weights(layer.get_weights())
        return plain

    def save(self, path: Path) -> None:
        """Write kernels and matrices; Keras writes their sum, with which training cannot go on."""
        np.savez(path, *[np.asarray(variable) for variable in self._variables])

    def load(self, path: Path) -> None:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            for number, variable in enumerate(self._variables):
                variable.assign(arrays[f"arr_{number}"])

    @property
    def _variables(self) -> list[Any]:
        return [
            variable
            for layer in self._layers
            for variable in (layer._kernel, layer.lora_kernel_a, layer.lora_kernel_b)
        ]


def _dense_layers(backbone: keras.Model) -> Iterator[Any]:
    """The dense layers of all blocks, in the order of the network."""
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.MultiHeadAttention):
            # Its own flag also holds for the layers inside.
            layer.trainable = True
            for name in _PROJECTIONS:
                yield getattr(layer, name)
        elif isinstance(layer, keras.layers.Dense):
            yield layer


def _leaves(network: keras.Model) -> list[Any]:
    """Layers with weights; of attention, the layers inside."""
    return [
        part
        for layer in network.layers
        for part in (
            [getattr(layer, name) for name in _PROJECTIONS]
            if isinstance(layer, keras.layers.MultiHeadAttention)
            else [layer]
        )
    ]
