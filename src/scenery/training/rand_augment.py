"""RandAugment: some operations of a list for each image, all of one strength.

Cubuk et al. (2020), "RandAugment: Practical automated data augmentation with a reduced search
space", with its 14 operations and its largest strengths. The layer of Keras (3.15) gives all images
of a batch the same operations, computes all of them, and posterizes most at the lowest strength.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.models.backbones import LUMA

# The strengths at 1: degrees, shares of the side, and the change of a factor.
MAX_ROTATION, MAX_SHEAR, MAX_SHIFT, MAX_FACTOR = 30.0, 0.3, 0.45, 0.9
# Bits of each channel that posterizing takes away.
MAX_BITS = 4.0
# An image and its neighbors, as in the filter SMOOTH of Pillow.
SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], "float32") / 13


def _moved(image: tf.Tensor, transform: list[Any]) -> tf.Tensor:
    """An image whose places are those of `transform` in the old one, counted from the center."""
    a, b, c, d, right, down = transform
    height, width = image.shape[1:3]
    x, y = (width - 1) / 2, (height - 1) / 2
    row = [a, b, x - a * x - b * y + right, c, d, y - c * x - d * y + down, 0.0, 0.0]
    row = keras.ops.stack([keras.ops.cast(value, "float32") for value in row])
    return keras.ops.image.affine_transform(
        image, row[None], interpolation="bilinear", fill_mode="nearest"
    )


def _rotate(image: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    angle = strength * np.radians(MAX_ROTATION)
    cos, sin = keras.ops.cos(angle), keras.ops.sin(angle)
    return _moved(image, [cos, -sin, sin, cos, 0.0, 0.0])


def _blended(image: tf.Tensor, plain: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """An image whose differences from a plain version are multiplied by a factor."""
    return plain + (1 + MAX_FACTOR * strength) * (image - plain)


def _luma(image: tf.Tensor) -> tf.Tensor:
    return keras.ops.sum(image * keras.ops.convert_to_tensor(LUMA), axis=-1, keepdims=True)


def _contrast(image: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    return _blended(image, keras.ops.mean(_luma(image)), strength)


def _sharpness(image: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    kernel = np.repeat(SMOOTH[:, :, None, None], image.shape[-1], axis=2)
    padded = tf.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    smooth = keras.ops.depthwise_conv(padded, kernel, padding="valid")
    return _blended(image, smooth, strength)


def _posterize(image: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    step = 2.0 ** keras.ops.round(MAX_BITS * keras.ops.abs(strength))
    return keras.ops.floor(image / step) * step


def _solarize(image: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    threshold = 255 * (1 - keras.ops.abs(strength))
    return keras.ops.where(image > threshold, 255 - image, image)


def _equalize(image: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    return keras.layers.Equalization(value_range=(0, 255), dtype="float32")(image)


def _auto_contrast(image: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    low = keras.ops.min(image, axis=(1, 2), keepdims=True)
    spread = keras.ops.max(image, axis=(1, 2), keepdims=True) - low
    # A channel of one value has no contrast.
    return keras.ops.where(spread > 0, (image - low) * 255 / keras.ops.maximum(spread, 1e-3), image)


# Each takes an image of shape (1, height, width, channels) and a strength of -1 to 1.
OPERATIONS: tuple[Callable[[tf.Tensor, tf.Tensor], tf.Tensor], ...] = (
    lambda image, strength: image,
    _auto_contrast,
    _equalize,
    _rotate,
    _solarize,
    lambda image, strength: _blended(image, _luma(image), strength),
    _posterize,
    _contrast,
    lambda image, strength: _blended(image, keras.ops.zeros_like(image), strength),
    _sharpness,
    lambda image, strength: _moved(image, [1.0, MAX_SHEAR * strength, 0.0, 1.0, 0.0, 0.0]),
    lambda image, strength: _moved(image, [1.0, 0.0, MAX_SHEAR * strength, 1.0, 0.0, 0.0]),
    lambda image, strength: _moved(
        image, [1.0, 0.0, 0.0, 1.0, MAX_SHIFT * strength * image.shape[2], 0.0]
    ),
    lambda image, strength: _moved(
        image, [1.0, 0.0, 0.0, 1.0, 0.0, MAX_SHIFT * strength * image.shape[1]]
    ),
)


def rand_augmented(
    images: tf.Tensor, strength: float, count: int, generator: keras.random.SeedGenerator
) -> tf.Tensor:
    """Images of 0 to 255, shape (images, height, width, 3), each changed on its own.

    Args:
        images: Float images.
        strength: Of all operations, 0 to 1. Those with a direction go either way.
        count: Operations for each image.
        generator: Of the samples.
    """
    shape = (keras.ops.shape(images)[0], count)
    chosen = keras.random.randint(shape, 0, len(OPERATIONS), "int32", generator)
    signs = 2 * keras.random.randint(shape, 0, 2, "int32", generator) - 1
    strengths = strength * keras.ops.cast(signs, "float32")

    def change(one: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
        image = one[0][None]
        for number in range(count):
            image = _operated(image, one[1][number], one[2][number])
        return image[0]

    # An image alone computes only what it needs.
    return tf.map_fn(change, (images, chosen, strengths), fn_output_signature=images.dtype)


def _operated(image: tf.Tensor, chosen: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """The image after one operation, in the range of 0 to 255."""
    branches = [lambda each=each: each(image, strength) for each in OPERATIONS]
    changed = tf.switch_case(chosen, branches)
    return tf.ensure_shape(keras.ops.clip(changed, 0, 255), image.shape)
