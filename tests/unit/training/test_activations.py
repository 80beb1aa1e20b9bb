"""The activations in NumPy are those of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from scenery.registry.options import ACTIVATIONS as NAMES
from scenery.training.activations import ACTIVATIONS

INPUTS = np.linspace(-9, 9, 61, dtype=np.float32)


def test_activations_are_of_the_registry() -> None:
    assert set(ACTIVATIONS) <= set(NAMES)
    assert {"relu", "tanh", "gelu"} <= set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_has_value_and_slope_of_keras(name: str) -> None:
    x = tf.constant(INPUTS)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = keras.activations.get(name)(x)
    ours = ACTIVATIONS[name].value(INPUTS)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, y.numpy(), rtol=1e-5, atol=1e-6)
    slope = ACTIVATIONS[name].slope(INPUTS, ours)
    # Where it has no derivative, any value between both sides will do.
    smooth = INPUTS != 0
    expected = tape.gradient(y, x).numpy()
    np.testing.assert_allclose(slope[smooth], expected[smooth], rtol=1e-4, atol=1e-5)
