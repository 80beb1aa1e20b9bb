"""The features that the answers of a final network rest on."""

from typing import Any

import keras
import numpy as np
import pytest

from scenery.config.head import Head
from scenery.inference.exported import with_features
from scenery.models.heads import build_head, fit_standardization

IMAGES = np.random.default_rng(0).uniform(0, 255, (6, 8, 8, 3)).astype(np.float32)


@pytest.mark.parametrize(
    "options", [{}, {"standardize": False}, {"aggregation": "mean"}, {"dense": [5]}]
)
def test_features_are_those_before_they_are_standardized(
    options: dict[str, Any],
) -> None:
    inputs = keras.Input((8, 8, 3))
    backbone = keras.Model(inputs, keras.layers.Conv2D(4, 3, activation="relu")(inputs))
    maps = np.asarray(backbone(IMAGES))
    head = build_head((6, 6, 4), 3, Head.model_validate(options))
    fit_standardization(head, maps.mean(axis=(1, 2)))
    outer = keras.Input((8, 8, 3))
    network = keras.Model(outer, head(backbone(outer)))
    probabilities, values = (np.asarray(one) for one in with_features(network)(IMAGES))
    assert probabilities == pytest.approx(np.asarray(network(IMAGES)), abs=1e-6)
    if "dense" in options:
        # The last layer sees what the dense layer makes of standardized features.
        assert values.shape == (6, 5)
    else:
        assert values == pytest.approx(maps.mean(axis=(1, 2)), rel=1e-5)
