"""Weights of images in the training loss: of their class, and as the data set gives them."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scenery.classical import classifiers
from scenery.classical.linear_scores import linear_head_fitter
from scenery.config.settings import Settings
from scenery.data.class_weights import image_weights
from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.given_weights import given_weights

LABELS = np.array([0, 0, 0, 1])
GIVEN = np.array([1.0, 2.0, 1.0, 4.0])


def test_image_weights_multiply_class_and_given_weights() -> None:
    np.testing.assert_allclose(image_weights(LABELS, "none", GIVEN), GIVEN / 2)
    balanced = np.array([2, 4, 2, 24]) / 8
    np.testing.assert_allclose(image_weights(LABELS, "balanced", GIVEN), balanced)


def test_given_weights_that_are_all_1_are_none() -> None:
    table = pd.DataFrame({"file": ["a", "b"]})
    assert given_weights(table) is None
    assert given_weights(table.assign(weight=1.0)) is None
    assert given_weights(table.assign(weight=[1.0, 2.0])).tolist() == [1, 2]


def test_read_features_keep_weights_in_parts_and_joined(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(8, dtype=np.float32).reshape(4, 2))
    (tmp_path / "x.json").write_text('{"views": 0}')
    table = pd.DataFrame({"label": LABELS, "row": range(4), "weight": GIVEN})
    found = read_features(tmp_path / "x.npy", tmp_path / "x.json", table)
    plain = dataclasses.replace(found, weights=None)
    assert found.of_images(np.array([3, 1])).weights.tolist() == [4, 2]
    assert plain.joined_with(found).weights.tolist() == [1, 1, 1, 1, 1, 2, 1, 4]
    assert plain.joined_with(plain).weights is None


def clouds(images: int) -> LabeledFeatures:
    random = np.random.default_rng(0)
    labels = np.arange(images) % 3
    values = random.normal(size=(3, 6))[labels] + random.normal(size=(images, 6))
    return LabeledFeatures(values.astype(np.float32), labels)


def weighted() -> tuple[LabeledFeatures, LabeledFeatures, float]:
    """Images with weights, the same with images repeated instead, and how many times as many."""
    plain = clouds(60)
    counts = np.where(np.arange(60) % 5 == 0, 3, 1)
    repeated = plain.of_images(np.repeat(np.arange(60), counts))
    return dataclasses.replace(plain, weights=counts.astype(float)), repeated, counts.mean()


def test_linear_head_with_weights_is_that_of_repeated_images() -> None:
    given, repeated, times = weighted()
    settings = Settings(head={"standardize": False})
    ours = linear_head_fitter(settings, given, 3).fit(0.1 * times)
    theirs = linear_head_fitter(settings, repeated, 3).fit(0.1)
    np.testing.assert_allclose(ours.coefficients, theirs.coefficients, atol=2e-3)


@pytest.mark.parametrize(
    "classifier",
    [
        {"name": "logistic_regression", "scaling": "none"},
        {"name": "svm", "kernel": "linear", "scaling": "none"},
        {"name": "random_forest", "n_estimators": 5},
        {"name": "gradient_boosting", "max_iter": 5},
    ],
    ids=lambda one: one["name"],
)
def test_classifier_with_weights_differs_from_one_without(classifier: dict[str, Any]) -> None:
    given, _, _ = weighted()
    settings = Settings(classifier=classifier)
    values = clouds(90).values

    def answers(features: LabeledFeatures) -> np.ndarray:
        return classifiers.probabilities(classifiers.fit(settings, features), values, 3)

    plain = answers(dataclasses.replace(given, weights=None))
    assert np.abs(answers(given) - plain).max() > 0.01
    if classifier["name"] != "random_forest":
        # With weights, scikit-learn draws the images of a tree in another way.
        equal = dataclasses.replace(given, weights=np.full(60, 7.0))
        np.testing.assert_allclose(answers(equal), plain, atol=1e-6)


def test_logistic_regression_with_weights_is_that_of_repeated_images() -> None:
    given, repeated, times = weighted()
    one, other = (
        Settings(classifier={"name": "logistic_regression", "scaling": "none", "C": strength})
        for strength in (0.1 * times, 0.1)
    )
    ours = classifiers.fit(one, given)["model"].coef_
    np.testing.assert_allclose(ours, classifiers.fit(other, repeated)["model"].coef_, atol=1e-3)
