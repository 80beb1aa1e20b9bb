"""Random changes of training images, by Keras' own layers."""

from typing import Any

import keras
import numpy as np

from scenery.study.settings import Augment

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
    """One layer for each operation that is on; the config's units become those of Keras."""
    # In 32 bits also under mixed precision: 16 have too few digits for positions and values.
    common: dict[str, Any] = {"dtype": "float32", "seed": 0}
    moving = {**common, "fill_mode": augment.fill, "interpolation": "bilinear"}
    layers: list[keras.layers.Layer] = []
    # Two layers, since one that flips both ways takes one draw for both.
    if augment.horizontal_flip:
        layers.append(keras.layers.RandomFlip("horizontal", name="horizontal_flip", **common))
    if augment.vertical_flip:
        layers.append(keras.layers.RandomFlip("vertical", name="vertical_flip", **common))
    if augment.rotation:
        # Keras counts in whole turns.
        turns = augment.rotation / 360
        layers.append(keras.layers.RandomRotation(turns, name="rotation", **moving))
    if augment.width_shift or augment.height_shift:
        layers.append(
            keras.layers.RandomTranslation(
                height_factor=augment.height_shift,
                width_factor=augment.width_shift,
                name="shift",
                **moving,
            )
        )
    if augment.shear:
        layers.append(keras.layers.RandomShear(x_factor=augment.shear, name="shear", **moving))
    if augment.zoom:
        layers.append(keras.layers.RandomZoom(augment.zoom, name="zoom", **moving))
    if augment.brightness:
        layers.append(
            keras.layers.RandomBrightness(
                augment.brightness, value_range=(0, 255), name="brightness", **common
            )
        )
    return layers


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
