"""Exact linear heads: the minimum that they reach, their strength, and their scores in folds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from scenery.classical.linear_head import (
    DEFAULT_STRENGTH,
    STRENGTHS,
    LinearHeadFitter,
    best_strength,
    held_out_predictions,
)
from scenery.classical.linear_scores import (
    inner_divisions,
    linear_head_fitter,
    score_in_folds,
    score_share,
)
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData, divisions
from scenery.evaluation.scores import accuracy
from scenery.study.resampling import Resampling

CLASSES = 3


def features(images: int, values: int = 12, seed: int = 0, views: int = 0) -> LabeledFeatures:
    """Three clouds of points on scales that differ, some of them in each other's way."""
    random = np.random.default_rng(seed)
    labels = np.arange(images) % CLASSES
    centers = np.random.default_rng(99).normal(size=(CLASSES, values))
    shape = (views, images, values) if views else (images, values)
    found = (centers[labels] + random.normal(size=shape)) * np.geomspace(0.1, 10, values)
    return LabeledFeatures(found.astype(np.float32), labels, views=bool(views))


def fitter(training: LabeledFeatures, classes: int = CLASSES) -> LinearHeadFitter:
    return LinearHeadFitter(training, np.ones(len(training.labels)), classes, standardize=True)


@pytest.mark.parametrize("values", [5, 200], ids=["more images than values", "fewer"])
@pytest.mark.parametrize("strength", [1e-3, 1e-1])
def test_linear_head_is_logistic_regression_on_standardized_features(
    values: int, strength: float
) -> None:
    training, unseen = features(60, values), features(30, values, seed=1).values
    head = fitter(training).fit(strength)
    scaler = StandardScaler().fit(training.values.astype(np.float64))
    model = LogisticRegression(C=strength, tol=1e-8, max_iter=10_000)
    model.fit(scaler.transform(training.values.astype(np.float64)), training.labels)
    expected = model.predict_proba(scaler.transform(unseen.astype(np.float64)))
    assert np.allclose(head.probabilities(unseen), expected, atol=5e-3)


def test_linear_head_of_two_classes_is_logistic_regression() -> None:
    training = LabeledFeatures(features(60).values, np.arange(60) % 2)
    head = fitter(training, classes=2).fit(0.1)
    scaled = StandardScaler().fit_transform(training.values.astype(np.float64))
    expected = LogisticRegression(C=0.1).fit(scaled, training.labels).predict_proba(scaled)
    assert np.allclose(head.probabilities(training.values), expected, atol=5e-3)


def test_linear_head_never_predicts_a_class_without_training_images() -> None:
    training = features(60)
    head = fitter(training, classes=5).fit(0.1, np.flatnonzero(training.labels != 1))
    predicted = head.probabilities(training.values).astype(np.float32)
    assert set(np.flatnonzero(predicted.max(axis=0))) == {0, 2}


def test_linear_head_of_equal_views_is_that_of_plain_features() -> None:
    plain = features(60)
    views = LabeledFeatures(np.stack([plain.values] * 3), plain.labels, views=True)
    predicted = [fitter(one).fit(0.1).probabilities(plain.values) for one in (plain, views)]
    assert np.allclose(*predicted, atol=5e-3)


def test_linear_head_weights_count_images() -> None:
    training = features(30)
    twice = training.of_images(np.r_[np.arange(30), np.arange(10)])
    weights = np.r_[np.full(10, 2.0), np.ones(20)]
    heads = [
        LinearHeadFitter(training, weights, CLASSES, standardize=False).fit(0.01),
        LinearHeadFitter(twice, np.ones(40), CLASSES, standardize=False).fit(0.01),
    ]
    predicted = [head.probabilities(training.values) for head in heads]
    assert np.allclose(*predicted, atol=1e-2)


def test_held_out_predictions_do_not_depend_on_the_labels_of_their_fold() -> None:
    random = np.random.default_rng(0)
    path = random.dirichlet(np.ones(CLASSES), (len(STRENGTHS), 30))
    labels, folds = random.integers(0, CLASSES, 30), np.arange(30) % 3
    found = held_out_predictions(path, labels, folds)
    other = np.where(folds == 1, (labels + 1) % CLASSES, labels)
    assert np.array_equal(found[folds == 1], held_out_predictions(path, other, folds)[folds == 1])
    assert any(np.array_equal(found[folds == 1], one[folds == 1]) for one in path)


def test_best_strength_has_the_lowest_cross_entropy() -> None:
    labels = np.array([0, 1])
    path = np.array([[[0.6, 0.4], [0.4, 0.6]], [[0.9, 0.1], [0.1, 0.9]], [[0.9, 0.1], [0.6, 0.4]]])
    assert best_strength(path[None], labels) == 1


def test_best_strength_is_the_strongest_penalty_that_is_hardly_worse() -> None:
    labels = np.zeros(100, np.int64)
    lowest = np.full(100, 0.7)
    # The losses are higher by 0.1 for each image, by 0.01 on average with a standard error of 0.02,
    # and by nothing.
    uneven = np.where(np.arange(100) < 50, 0.21, -0.19)
    right = np.stack([lowest * np.exp(-0.1), lowest * np.exp(-uneven), lowest, lowest])
    path = np.stack([right, 1 - right], axis=-1)
    assert best_strength(path[None], labels) == 1
    assert best_strength(path[None, [0, 2, 3]], labels) == 1
    # More repeats of the same say no more.
    assert best_strength(np.stack([path] * 9), labels) == 1


def test_best_strength_without_numbers_is_one_of_them() -> None:
    path = np.full((3, 4, 2), np.nan)
    assert best_strength(path[None], np.zeros(4, np.int64)) in range(3)


def test_inner_divisions_of_few_images_are_repeated() -> None:
    few, many = (pd.DataFrame({"label": np.arange(count) % 3}) for count in (60, 300))
    found = inner_divisions(few, seed=1)
    assert found.shape == (3, 60)
    assert len({tuple(folds) for folds in found}) == 3
    assert inner_divisions(many, seed=1).shape == (1, 300)
    assert inner_divisions(many, seed=1).tolist() != inner_divisions(many, seed=0).tolist()


def test_strength_of_one_image_per_class_is_the_default() -> None:
    training = features(3)
    folds = inner_divisions(pd.DataFrame({"label": training.labels}), seed=1)
    assert fitter(training).chosen(training.values, folds) == DEFAULT_STRENGTH


def test_score_in_folds_estimates_the_accuracy_on_new_images() -> None:
    plain = features(150)
    table = pd.DataFrame({"label": plain.labels})
    folds = divisions(Resampling(folds=5, repeats=2, seed=0, keep_given=True), table)
    assert folds.shape == (2, 150) and not np.array_equal(*folds)
    data = HeldOutData(plain, plain, table, folds)
    scores = score_in_folds(Settings(), data, CLASSES)
    assert scores.held_out.shape == (2, 150, CLASSES)
    expected = np.mean([accuracy(one, plain.labels) for one in scores.held_out])
    assert scores.validation_accuracy == pytest.approx(expected)
    unseen = features(600, seed=1)
    right = accuracy(scores.head.probabilities(unseen.values), unseen.labels)
    assert scores.validation_accuracy == pytest.approx(right, abs=0.08)
    again = score_in_folds(Settings(), data, CLASSES)
    assert np.array_equal(scores.held_out, again.held_out)


def test_score_share_chooses_the_strength_on_training_images() -> None:
    training, validation = features(90), features(60, seed=1)
    table = pd.DataFrame({"label": training.labels, "group": np.arange(90) // 3})
    settings = Settings(class_weights="balanced")
    scores = score_share(linear_head_fitter(settings, training, CLASSES), table, validation, 1)
    assert scores.held_out.shape == (1, 60, CLASSES)
    other = LabeledFeatures(validation.values, (validation.labels + 1) % CLASSES)
    turned = score_share(linear_head_fitter(settings, training, CLASSES), table, other, 1)
    assert turned.head.strength == scores.head.strength
    assert scores.head.strength in STRENGTHS
