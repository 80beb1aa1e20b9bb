"""Random changes of training images, by layers of Keras."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.registry.augmentations import AUGMENTATIONS, Augment

SEED_STATE = "seed_generator_state"


def build_augmentation(augment: Augment, seed: int) -> keras.Sequential | None:
    """The augmentation of float images (batch, height, width, channels) of 0 to 255.

    Each image of a batch is changed on its own, only when called with `training=True`, and keeps
    its size and range. Returns None where every operation is off.
    """
    layers = _layers(augment)
    if not layers:
        return None
    augmentation = keras.Sequential(layers, name="augmentation")
    reseed(augmentation, seed, 0)
    return augmentation


def _layers(augment: Augment) -> list[keras.layers.Layer]:
    """The layers of the operations that are on; all movements are one layer."""
    # Float32 also under mixed precision: 16 bits are too few for positions and values.
    common: dict[str, Any] = {"dtype": "float32", "seed": 0}
    layers: dict[str, keras.layers.Layer] = {}
    for record in AUGMENTATIONS:
        value = getattr(augment, record.name)
        if value and record.build is not None:
            layers[record.name] = record.build(value, {"name": record.name, **common})
        elif value and "movement" not in layers:
            layers["movement"] = RandomAffine(augment, name="movement", **common)
    return list(layers.values())


class RandomAffine(keras.layers.Layer):
    """Rotation, shift, shear and zoom, in this order, as one transform around the center.

    Keras has a layer for each. Several of them would interpolate several times, which is slower
    and blurs. Operations that are off are sampled too, so that the samples of the others do not
    depend on them.
    """

    def __init__(self, augment: Augment, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.augment = augment
        self.generator = keras.random.SeedGenerator(seed)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Images of the same shape, each transformed on its own if `training`."""
        if not training:
            return images
        return keras.ops.image.affine_transform(
            images,
            self._transforms(keras.ops.shape(images)[0], *images.shape[1:3]),
            interpolation="bilinear",
            fill_mode=self.augment.fill_mode,
        )

    def _transforms(self, count: int, height: int, width: int) -> tf.Tensor:
        """Shape (count, 8): from a position in the new image to that in the old one."""

        def sample(limit: float) -> tf.Tensor:
            return keras.random.uniform((count,), -limit, limit, "float32", self.generator)

        ops = keras.ops
        angle = sample(np.radians(self.augment.rotation))
        right, down = (
            sample(self.augment.width_shift * width),
            sample(self.augment.height_shift * height),
        )
        shear, zoom = sample(self.augment.shear), 1 + sample(self.augment.zoom)
        cos, sin = ops.cos(angle), ops.sin(angle)
        a, b = zoom * cos, zoom * (shear * cos - sin)
        c, d = zoom * sin, zoom * (shear * sin + cos)
        # The transform is around the center; positions are counted from the corner.
        x, y = (width - 1) / 2, (height - 1) / 2
        to_x = x - a * x - b * y - cos * right + sin * down
        to_y = y - c * x - d * y - sin * right - cos * down
        nothing = ops.zeros_like(a)
        return ops.stack([a, b, to_x, c, d, to_y, nothing, nothing], axis=1)


def reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Set the state of every random layer in a model (dropout, augmentation).

    The samples of an epoch then depend on the seed, the epoch and their order alone, so that a
    resumed training samples like an uninterrupted one. Only variables are assigned, so that traced
    functions stay valid.
    """
    states = [variable for variable in model.variables if variable.name == SEED_STATE]
    streams = np.random.SeedSequence([seed, epoch]).spawn(len(states))
    for state, stream in zip(states, streams, strict=True):
        words = stream.generate_state(2, dtype=np.uint32)
        # Every sample adds 1 to the second word. Half the range avoids an overflow.
        state.assign((words >> np.uint32(1)).astype(state.dtype))
