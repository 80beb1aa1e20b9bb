"""Classical models as Keras layers and in the formats of other programs."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from scenery.classical import classifiers
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.inference.classifier_layers import with_classifier
from scenery.inference.formats import write_format

VALUES, IMAGES = 12, 64
MODELS: dict[str, dict[str, Any]] = {
    "linear_svm": {"name": "svm", "kernel": "linear", "C": 0.1},
    "rbf_svm": {"name": "svm", "C": 10},
    "histogram_svm": {"name": "svm", "kernel": "histogram_intersection", "C": 10},
    "neighbors": {"name": "nearest_neighbors", "n_neighbors": 3, "scaling": "l2"},
    "logistic": {"name": "logistic_regression", "C": 0.1, "pca": 4},
    "forest": {"name": "random_forest", "n_estimators": 20},
    "boosted": {"name": "gradient_boosting", "max_iter": 5, "learning_rate": 0.3},
}


def clouds(images: int, classes: int, seed: int) -> LabeledFeatures:
    """Overlapping clouds of points from 0 on."""
    random = np.random.default_rng(seed)
    labels = np.arange(images) % classes
    centers = np.random.default_rng(7).uniform(0.5, 2, (classes, VALUES))
    values = np.abs(centers[labels] + random.normal(0, 0.6, (images, VALUES)))
    return LabeledFeatures(values.astype(np.float32), labels)


def network(
    classifier: dict[str, Any], classes: int, extra: int = 0
) -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """A model with `extra` classes without images, new vectors, and what it says of them."""
    model = classifiers.fit(
        Settings.model_validate({"classifier": classifier}), clouds(150, classes, seed=0)
    )
    # Features are maps, as of a backbone without pooling.
    inputs = keras.Input((2, 2, VALUES // 4))
    values = clouds(IMAGES, classes, seed=1).values
    expected = classifiers.probabilities(model, values, classes + extra)
    images = values.reshape(IMAGES, 2, 2, VALUES // 4)
    return with_classifier(keras.Model(inputs, inputs), model, classes + extra), images, expected


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", MODELS)
def test_layer_answers_as_the_classical_model(name: str, classes: int) -> None:
    model, images, expected = network(MODELS[name], classes, extra=1)
    found = np.asarray(model(images))
    assert found.shape == (IMAGES, classes + 1)
    # Some answers are sure and some are not.
    assert expected.max() - expected.max(axis=1).min() > 0.05
    assert np.abs(found - expected).max() <= 1e-5
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


@pytest.mark.parametrize("file_format", ["onnx", "tflite", "saved_model"])
@pytest.mark.parametrize("name", ["rbf_svm", "neighbors", "forest", "boosted"])
def test_format_of_a_classical_model_answers_as_the_model(
    name: str, file_format: str, tmp_path: Path
) -> None:
    model, images, expected = network(MODELS[name], 4)
    check = write_format(file_format, model, tmp_path, images, expected)
    assert (check.problem, check.class_changes, check.images) == ("", 0, IMAGES)
    assert check.largest_difference <= 1e-5
    assert (tmp_path / check.file).exists()
