"""Random changes of training images, by layers of Keras."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.models.backbones import LUMA
from scenery.registry.augmentations import AUGMENTATIONS, Augment
from scenery.training.rand_augment import rand_augmented

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
        elif value and record.own:
            layers[record.name] = _own_layer(augment, record.name, common)
        elif value and "movement" not in layers:
            layers["movement"] = RandomAffine(augment, name="movement", **common)
    return list(layers.values())


def _own_layer(augment: Augment, name: str, common: dict[str, Any]) -> "RandomLayer":
    value = getattr(augment, name)
    if name == "rand_augment":
        return RandAugment(value, augment.rand_augment_operations, name=name, **common)
    return OWN_LAYERS[name](value, name=name, **common)


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

    def _limits(self, name: str, center: float = 0.0) -> tuple[float, float]:
        """The lowest and highest value of a movement; one number is a distance from `center`."""
        value = getattr(self.augment, name)
        if isinstance(value, tuple):
            return value
        return center - value, center + value

    def _transforms(self, count: int, height: int, width: int) -> tf.Tensor:
        """Shape (count, 8): from a position in the new image to that in the old one."""

        def sample(name: str, center: float = 0.0, unit: float = 1.0) -> tf.Tensor:
            low, high = self._limits(name, center)
            return keras.random.uniform(
                (count,), low * unit, high * unit, "float32", self.generator
            )

        ops = keras.ops
        angle = sample("rotation", unit=np.radians(1))
        right, down = sample("width_shift", unit=width), sample("height_shift", unit=height)
        shear, zoom = sample("shear"), sample("zoom", 1)
        across, along = zoom * sample("zoom_width", 1), zoom * sample("zoom_height", 1)
        cos, sin = ops.cos(angle), ops.sin(angle)
        a, b = across * cos, along * (shear * cos - sin)
        c, d = across * sin, along * (shear * sin + cos)
        # The transform is around the center; positions are counted from the corner.
        x, y = (width - 1) / 2, (height - 1) / 2
        to_x = x - a * x - b * y - cos * right + sin * down
        to_y = y - c * x - d * y - sin * right - cos * down
        nothing = ops.zeros_like(a)
        return ops.stack([a, b, to_x, c, d, to_y, nothing, nothing], axis=1)


class RandomLayer(keras.layers.Layer):
    """A random change of each image, which keeps shapes and the range of 0 to 255.

    Args:
        value: Strength of the change.
        seed: Of its samples.
    """

    def __init__(self, value: Any, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.value = value
        self.generator = keras.random.SeedGenerator(seed)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Images of the same shape, changed if `training`."""
        return keras.ops.clip(self.changed(images), 0, 255) if training else images

    def changed(self, images: tf.Tensor) -> tf.Tensor:
        """The changed images."""
        raise NotImplementedError

    def sample(self, images: tf.Tensor, low: float, high: float, channels: int = 1) -> tf.Tensor:
        """Numbers of shape (images, 1, 1, channels)."""
        shape = (keras.ops.shape(images)[0], 1, 1, channels)
        return keras.random.uniform(shape, low, high, "float32", self.generator)


class RandomFactor(RandomLayer):
    """Differences from a plain version of the image are multiplied by a random factor.

    Those of Keras only raise the contrast where one number is given, and leave the range of values
    where they raise the saturation (3.15).
    """

    def changed(self, images: tf.Tensor) -> tf.Tensor:
        value = self.value
        low, high = value if isinstance(value, tuple) else (1 - value, 1 + value)
        plain = self.plain(images)
        return plain + self.sample(images, low, high) * (images - plain)

    def plain(self, images: tf.Tensor) -> tf.Tensor:
        """The version at factor 0."""
        raise NotImplementedError


class RandomContrast(RandomFactor):
    """A random contrast; at factor 0 each channel is its mean."""

    def plain(self, images: tf.Tensor) -> tf.Tensor:
        return keras.ops.mean(images, axis=(1, 2), keepdims=True)


class RandomSaturation(RandomFactor):
    """A random saturation; at factor 0 images are gray."""

    def plain(self, images: tf.Tensor) -> tf.Tensor:
        luma = keras.ops.convert_to_tensor(LUMA, dtype="float32")
        return keras.ops.sum(images * luma, axis=-1, keepdims=True)


class RandomChannelShift(RandomLayer):
    """A random number added to each color channel of each image."""

    def changed(self, images: tf.Tensor) -> tf.Tensor:
        most = 255 * self.value
        return images + self.sample(images, -most, most, images.shape[-1])


class RandomEqualization(RandomLayer):
    """Histogram equalization of some of the images."""

    def __init__(self, value: float, seed: int, **options: Any) -> None:
        super().__init__(value, seed, **options)
        self.equalization = keras.layers.Equalization(value_range=(0, 255), dtype="float32")

    def changed(self, images: tf.Tensor) -> tf.Tensor:
        chosen = self.sample(images, 0, 1) < self.value
        return keras.ops.where(chosen, self.equalization(images), images)


class RandAugment(RandomLayer):
    """Some operations of a list for each image."""

    def __init__(self, value: float, operations: int, seed: int, **options: Any) -> None:
        super().__init__(value, seed, **options)
        self.operations = operations

    def changed(self, images: tf.Tensor) -> tf.Tensor:
        return rand_augmented(images, self.value, self.operations, self.generator)


OWN_LAYERS: dict[str, type[RandomLayer]] = {
    "contrast": RandomContrast,
    "saturation": RandomSaturation,
    "channel_shift": RandomChannelShift,
    "equalize": RandomEqualization,
}


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
