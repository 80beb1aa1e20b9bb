"""Nested models become layers that can be cut, with the same outputs."""

import keras
import numpy as np
import pytest

from scenery.models.backbones import end_at
from scenery.models.flattening import flattened
from scenery.models.truncation import cut_points


@pytest.fixture(scope="module")
def nested() -> keras.Model:
    """A small ConvNeXt of Keras."""
    from keras.src.applications.convnext import ConvNeXt

    keras.utils.set_random_seed(3)
    return ConvNeXt(
        depths=[1, 1, 2, 1],
        projection_dims=[4, 6, 8, 10],
        name="small",
        weights_name="small",
        weights=None,
        include_top=False,
        input_shape=(64, 64, 3),
    )


def test_flattened_network_gives_the_same(nested: keras.Model) -> None:
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    flat = flattened(nested)
    expected = np.asarray(nested(images))
    assert expected.std() > 0
    np.testing.assert_allclose(np.asarray(flat(images)), expected, rtol=1e-5, atol=1e-5)
    assert flat.count_params() == nested.count_params()
    assert not [layer for layer in flat.operations if isinstance(layer, keras.Model)]
    assert all(isinstance(layer, keras.layers.Layer) for layer in flat.operations)


def test_flattened_network_can_be_cut_behind_every_size(nested: keras.Model) -> None:
    flat = flattened(nested)
    points = cut_points(flat)
    assert [(point.size, point.channels) for point in points] == [(16, 4), (8, 6), (4, 8), (2, 10)]
    for point in points:
        assert end_at(flat, point.layer).count_params() == point.parameters


def test_networks_without_nested_models_stay_themselves() -> None:
    images = keras.Input((4, 4, 3))
    network = keras.Model(images, keras.layers.Conv2D(2, 3)(images))
    assert flattened(network) is network
