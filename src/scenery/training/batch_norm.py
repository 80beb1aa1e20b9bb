"""Batches that batch norm can learn from."""

import keras
import numpy as np
from numpy.typing import NDArray


def batch_norm_layers(*networks: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The layers of batch norm that learn."""
    return [
        layer
        for network in networks
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]


def has_batch_norm(*networks: keras.Model) -> bool:
    """Whether any network has a layer of batch norm that learns."""
    return bool(batch_norm_layers(*networks))


def without_lone_image(order: NDArray[np.intp], batch_size: int) -> NDArray[np.intp]:
    """The images of an epoch without the last one if that would be a batch alone.

    Batch norm subtracts the mean of a batch. One image minus itself is zero: nothing is learned
    from it, and the variance of zero spoils the moving statistics. The order of each epoch is
    random, so every image is learned from in other epochs.

    Args:
        order: Shape (images,), numbers of images.
        batch_size: Images in a batch.
    """
    return order[:-1] if len(order) > batch_size and len(order) % batch_size == 1 else order
