"""The forward pass of a network on packed images, as one graph."""

from collections.abc import Callable

import keras
import tensorflow as tf


def make_forward_fn(
    backbone: keras.Model, augmentation: keras.Model | None = None
) -> Callable[[tf.Tensor], tf.Tensor]:
    """The forward pass as one graph: uint8 images (batch, height, width, 3) in, features out."""

    # Traced once for batches of all sizes.
    @tf.function(input_signature=[tf.TensorSpec((None, *backbone.input.shape[1:]), tf.uint8)])
    def forward(pixels: tf.Tensor) -> tf.Tensor:
        images = tf.cast(pixels, tf.float32)
        if augmentation is not None:
            images = augmentation(images, training=True)
        return backbone(images, training=False)

    return forward
