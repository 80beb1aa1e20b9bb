"""Random changes of training images, by layers of Keras."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.config.settings import Augment

SEED_STATE = "seed_generator_state"
MOVEMENTS = ("rotation", "width_shift", "height_shift", "shear", "zoom")


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
    """Flips, movements and brightness, as far as they are on."""
    # In 32 bits also under mixed precision: 16 have too few digits for positions and values.
    common: dict[str, Any] = {"dtype": "float32", "seed": 0}
    layers: list[keras.layers.Layer] = []
    # Two layers, since one that flips both ways takes one draw for both.
    if augment.horizontal_flip:
        layers.append(keras.layers.RandomFlip("horizontal", name="horizontal_flip", **common))
    if augment.vertical_flip:
        layers.append(keras.layers.RandomFlip("vertical", name="vertical_flip", **common))
    if any(getattr(augment, name) for name in MOVEMENTS):
        layers.append(RandomAffine(augment, name="movement", **common))
    if augment.brightness:
        layers.append(
            keras.layers.RandomBrightness(
                augment.brightness, value_range=(0, 255), name="brightness", **common
            )
        )
    return layers


class RandomAffine(keras.layers.Layer):
    """Rotation, shift, shear and zoom, in this order, as one movement around the middle.

    Keras has a layer for each; one after the other they interpolate as often as there are of
    them, which takes longer and blurs. What is off is drawn too, so that an operation that is
    switched on leaves the draws of the others as they are.
    """

    def __init__(self, augment: Augment, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.augment = augment
        self.generator = keras.random.SeedGenerator(seed)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Images moved, each on its own, where `training`; their shape stays."""
        if not training:
            return images
        return keras.ops.image.affine_transform(
            images,
            self._transforms(keras.ops.shape(images)[0], *images.shape[1:3]),
            interpolation="bilinear",
            fill_mode=self.augment.fill_mode,
        )

    def _transforms(self, count: int, height: int, width: int) -> tf.Tensor:
        """Shape (count, 8): from a place in a new image to its place in the old one."""

        def draw(most: float) -> tf.Tensor:
            return keras.random.uniform((count,), -most, most, "float32", self.generator)

        ops = keras.ops
        angle = draw(np.radians(self.augment.rotation))
        right, down = (
            draw(self.augment.width_shift * width),
            draw(self.augment.height_shift * height),
        )
        shear, zoom = draw(self.augment.shear), 1 + draw(self.augment.zoom)
        cos, sin = ops.cos(angle), ops.sin(angle)
        a, b = zoom * cos, zoom * (shear * cos - sin)
        c, d = zoom * sin, zoom * (shear * sin + cos)
        # Moved around the middle, but places are counted from the corner.
        x, y = (width - 1) / 2, (height - 1) / 2
        to_x = x - a * x - b * y - cos * right + sin * down
        to_y = y - c * x - d * y - sin * right - cos * down
        nothing = ops.zeros_like(a)
        return ops.stack([a, b, to_x, c, d, to_y, nothing, nothing], axis=1)


def reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Set the state of every random layer in a model (dropout, augmentation) anew.

    The draws of an epoch then depend on (seed, epoch) and their order alone, so that a resumed
    training draws what an uninterrupted one does. Only variables are assigned: what TensorFlow
    has traced stays valid.
    """
    states = [variable for variable in model.variables if variable.name == SEED_STATE]
    streams = np.random.SeedSequence([seed, epoch]).spawn(len(states))
    for state, stream in zip(states, streams, strict=True):
        words = stream.generate_state(2, dtype=np.uint32)
        # Every draw adds 1 to the second word; half the range leaves it room, whatever the
        # backend's type for it is.
        state.assign((words >> np.uint32(1)).astype(state.dtype))
