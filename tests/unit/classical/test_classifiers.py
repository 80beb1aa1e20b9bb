"""Classical models on features: what they give, what they are made of, and keeping them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from pydantic import ValidationError
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from scenery.classical import classifiers, kernel_svm
from scenery.classical.kernel_svm import KernelSVM, gaussian, histogram_intersection
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.errors import UserError
from scenery.evaluation.scores import accuracy, cross_entropy

CLASSES, VALUES = 3, 12
MODELS: list[dict[str, Any]] = [
    {"name": "svm"},
    {"name": "svm", "kernel": "linear", "C": 0.1},
    {"name": "svm", "kernel": "histogram_intersection", "C": 10},
    {"name": "nearest_neighbors", "n_neighbors": 3},
    {"name": "logistic_regression", "C": 0.1, "scaling": "l2"},
    {"name": "random_forest", "n_estimators": 20, "max_depth": 5},
    {"name": "logistic_regression", "pca": 4},
    {"name": "gradient_boosting", "max_iter": 10, "learning_rate": 0.3, "max_depth": 3},
]


def features(images: int, seed: int = 0, views: int = 0) -> LabeledFeatures:
    """Three clouds of points from 0 on, some of them in each other's way."""
    random = np.random.default_rng(seed)
    labels = np.arange(images) % CLASSES
    centres = 2 + np.random.default_rng(99).normal(size=(CLASSES, VALUES))
    shape = (views, images, VALUES) if views else (images, VALUES)
    values = np.maximum(centres[labels] + random.normal(size=shape), 0)
    return LabeledFeatures(values.astype(np.float32), labels, views=bool(views))


def fitted(training: LabeledFeatures | None = None, **settings: Any) -> Pipeline:
    classifier = settings.pop("classifier")
    return classifiers.fit(Settings(classifier=classifier, **settings), training or features(90))


@pytest.mark.parametrize("classifier", MODELS, ids=str)
def test_every_model_learns_and_gives_probabilities(classifier: dict[str, Any]) -> None:
    unseen = features(300, seed=1)
    predicted = classifiers.probabilities(fitted(classifier=classifier), unseen.values, CLASSES)
    assert predicted.shape == (300, CLASSES)
    assert np.allclose(predicted.sum(axis=1), 1)
    assert accuracy(predicted, unseen.labels) > 0.75


@pytest.mark.parametrize(("components", "kept"), [(3, 3), (0.9, None)])
def test_principal_components_stand_before_the_model(components: float, kept: int | None) -> None:
    model = fitted(classifier={"name": "nearest_neighbors", "pca": components})
    assert list(model.named_steps) == ["scaling", "pca", "model"]
    pca = model["pca"]
    assert kept is None or pca.n_components_ == kept
    if kept is None:
        assert 1 < pca.n_components_ < VALUES
        assert pca.explained_variance_ratio_.sum() >= 0.9
    assert model["model"].n_features_in_ == pca.n_components_


def test_more_principal_components_than_features_are_refused() -> None:
    with pytest.raises(ValueError, match="20 components are more than the 12 that 90 vectors"):
        fitted(classifier={"name": "svm", "pca": 20})
    histograms = {"kernel": "histogram_intersection", "pca": 2}
    with pytest.raises(ValidationError, match="needs values from 0, which pca does not give"):
        Settings(classifier=histograms)


@pytest.mark.parametrize("classifier", MODELS, ids=str)
def test_a_kept_model_answers_alike_and_holds_no_code(
    classifier: dict[str, Any], tmp_path: Path
) -> None:
    model = fitted(classifier=classifier)
    classifiers.save(model, tmp_path / "model.skops")
    again = classifiers.load(tmp_path / "model.skops")
    unseen = features(30, seed=1).values
    assert np.array_equal(
        classifiers.probabilities(model, unseen, CLASSES),
        classifiers.probabilities(again, unseen, CLASSES),
    )
    assert classifiers.stored_numbers(again) == classifiers.stored_numbers(model)


def test_a_file_with_anything_else_in_it_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    skops.io.dump(make_pipeline(FunctionTransformer(Path.unlink)), path)
    with pytest.raises(UserError, match=r"model.skops: it holds .*unlink"):
        classifiers.load(path)


@pytest.mark.parametrize("classifier", MODELS, ids=str)
def test_the_same_seed_gives_the_same_model(classifier: dict[str, Any]) -> None:
    unseen = features(50, seed=1).values
    one, two = (
        classifiers.probabilities(fitted(classifier=classifier, seed=3), unseen, CLASSES)
        for _ in range(2)
    )
    assert np.array_equal(one, two)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "histogram_intersection"])
def test_the_svm_decides_as_that_of_scikit_learn(kernel: str) -> None:
    data, unseen = features(90), features(200, seed=1).values
    own = histogram_intersection if kernel == "histogram_intersection" else kernel
    reference = SVC(kernel=own, C=2.0).fit(data.values, data.labels)
    svm = KernelSVM(kernel=kernel, C=2.0).fit(data.values, data.labels)
    decided = reference.decision_function(unseen).argmax(axis=1)
    assert np.array_equal(svm.predict(unseen), decided)
    assert set(svm.rows_[:-1]) == set(reference.support_)


def test_the_temperature_brings_the_loss_down() -> None:
    """Probabilities as sure as the votes alone would be wrong more dearly."""
    data, unseen = features(90), features(300, seed=1)
    svm = KernelSVM().fit(data.values, data.labels)
    votes = svm.svm_.decision_function(svm._kernel(unseen.values, data.values))
    unscaled = np.exp(5 * votes) / np.exp(5 * votes).sum(axis=1, keepdims=True)
    assert cross_entropy(svm.predict_proba(unseen.values), unseen.labels) < cross_entropy(
        unscaled, unseen.labels
    )


def test_what_histograms_have_in_common() -> None:
    left, right = np.array([[0.2, 0.8], [1.0, 0.0]]), np.array([[0.5, 0.5]])
    assert np.allclose(histogram_intersection(left, right), [[0.7], [0.5]])


def test_histograms_have_no_values_below_0() -> None:
    below = LabeledFeatures(features(30).values - 5, features(30).labels)
    wanted = {"name": "svm", "kernel": "histogram_intersection"}
    with pytest.raises(ValueError, match=r"values from 0; the smallest value here is -5"):
        fitted(below, classifier=wanted)


def test_views_are_rows_and_never_on_both_sides_of_a_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    data = features(30, views=4)
    vectors, labels, images = classifiers.as_rows(data)
    assert (vectors.shape, labels.shape) == ((120, VALUES), (120,))
    assert np.array_equal(vectors[30 + 7], data.values[1, 7])
    assert (labels[30 + 7], images[30 + 7]) == (data.labels[7], 7)
    seen: list[Any] = []
    original = kernel_svm.CalibratedClassifierCV

    def watched(*arguments: Any, **more: Any) -> Any:
        seen.extend(more["cv"])
        return original(*arguments, **more)

    monkeypatch.setattr(kernel_svm, "CalibratedClassifierCV", watched)
    fitted(data, classifier={"name": "svm"})
    assert len(seen) == kernel_svm.FOLDS
    for learned_from, held in seen:
        assert not set(images[learned_from]) & set(images[held])
        assert len(learned_from) + len(held) == 120


@pytest.mark.parametrize("images", [3, 6])
def test_few_images_still_give_an_svm(images: int) -> None:
    """One image a class leaves none to calibrate by, two a class leave two folds."""
    predicted = classifiers.probabilities(
        fitted(features(images), classifier={"name": "svm"}), features(9, seed=1).values, CLASSES
    )
    assert np.allclose(predicted.sum(axis=1), 1)


def test_a_class_without_images_has_probability_0() -> None:
    data = features(60)
    two = data.labels != 1
    model = fitted(LabeledFeatures(data.values[two], data.labels[two]), classifier=MODELS[0])
    predicted = classifiers.probabilities(model, features(9).values, CLASSES)
    assert (predicted[:, 1] == 0).all()
    assert np.allclose(predicted.sum(axis=1), 1)


def test_maps_become_vectors() -> None:
    flat = features(30)
    maps = LabeledFeatures(flat.values.reshape(30, 2, 2, 3), flat.labels)
    predicted = [
        classifiers.probabilities(fitted(data, classifier=MODELS[3]), data.values, CLASSES)
        for data in (flat, maps)
    ]
    assert np.array_equal(*predicted)


def test_more_rows_than_a_matrix_of_kernels_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_svm, "MAX_ROWS", 50)
    with pytest.raises(UserError, match=r"50 vectors at most, and here are 60"):
        fitted(features(30, views=2), classifier={"name": "svm"})


def test_more_neighbors_than_images() -> None:
    settings = Settings(classifier={"name": "nearest_neighbors", "n_neighbors": 31})
    with pytest.raises(UserError, match=r"31 neighbors are asked for, and there are 30"):
        classifiers.check_fits(settings, 30, "t")
    classifiers.check_fits(settings, 31, "t")
    classifiers.check_fits(Settings(classifier={"name": "svm"}), 2, "t")


def test_rare_classes_count_more_where_asked() -> None:
    data = features(300)
    rare = np.flatnonzero((data.labels != 0) | (np.arange(300) < 12))
    unequal = LabeledFeatures(data.values[rare], data.labels[rare])
    unseen = features(600, seed=1)
    for classifier in MODELS[:2] + MODELS[4:]:
        found = [
            classifiers.probabilities(
                fitted(unequal, classifier=classifier, class_weights=how), unseen.values, CLASSES
            ).argmax(axis=1)
            for how in ("none", "balanced")
        ]
        assert (found[1] == 0).sum() > (found[0] == 0).sum(), classifier


def test_parameters_are_the_numbers_that_are_kept() -> None:
    data = features(40)

    def model(estimator: Any) -> Pipeline:
        steps = [("scaling", FunctionTransformer()), ("model", estimator)]
        return Pipeline(steps).fit(data.values, data.labels)

    numbers = classifiers.stored_numbers
    assert numbers(model(LogisticRegression())) == CLASSES * (VALUES + 1)
    assert numbers(model(KNeighborsClassifier(3))) == 40 * (VALUES + 1)
    scaled = Pipeline([("scaling", StandardScaler()), ("model", KNeighborsClassifier(3))])
    assert numbers(scaled.fit(data.values, data.labels)) == 40 * (VALUES + 1) + 2 * VALUES
    stumps = model(RandomForestClassifier(7, max_depth=1, random_state=0))
    assert numbers(stumps) == 7 * (4 + 2 * CLASSES)
    boosted = fitted(features(90), classifier={"name": "gradient_boosting", "max_iter": 2,
                                               "max_depth": 1})  # fmt: skip
    # Two rounds with a stump for each class, and what they start from.
    assert numbers(boosted) == 2 * CLASSES * (4 + 2) + CLASSES
    svm = model(KernelSVM())
    vectors = len(svm["model"].vectors_)
    assert numbers(svm) == vectors * (VALUES + CLASSES - 1) + CLASSES + 1


def test_svm_predicts_as_scikit_learn_that_breaks_ties() -> None:
    random = np.random.default_rng(0)
    vectors, labels = random.normal(size=(120, 4)), np.arange(120) % 6
    unseen = random.normal(size=(2000, 4))
    ours = KernelSVM(gamma=0.3).fit(vectors, labels).predict(unseen)
    votes, ties = (
        SVC(gamma=0.3, break_ties=breaking).fit(vectors, labels).predict(unseen)
        for breaking in (False, True)
    )
    assert np.array_equal(ours, ties)
    # Ties are there, so that the test above can fail.
    assert not np.array_equal(ours, votes)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_gaussian_far_from_the_origin_is_that_of_scikit_learn(kind: type) -> None:
    random = np.random.default_rng(0)
    left, right = (random.normal(100, 1, (rows, 64)).astype(kind) for rows in (9, 7))
    expected = rbf_kernel(left.astype(np.float64), right.astype(np.float64), gamma=0.01)
    np.testing.assert_allclose(gaussian(left, right, 0.01), expected, atol=1e-5)
    assert (np.diag(gaussian(left, left, 0.01)) == 1).all()


@pytest.mark.parametrize("classifier", MODELS)
def test_fit_and_predict_equals_fit_then_predict(classifier: dict[str, Any]) -> None:
    data = features(90)
    settings = Settings.model_validate({"classifier": classifier})
    groups = np.arange(len(data.labels))
    model, found = classifiers.fit_and_predict(settings, data, groups, CLASSES)
    again = classifiers.fit(settings, data, groups)
    for one in (model, again):
        predicted = classifiers.probabilities(one, data.values, CLASSES)
        np.testing.assert_allclose(predicted, found, atol=1e-5)
