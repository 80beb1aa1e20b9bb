"""Classical models on features: fit, predict, count parameters, save and load."""

from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler
from threadpoolctl import threadpool_limits

from scenery.classical.kernel_svm import KernelSVM
from scenery.config.classifier import Classifier
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.errors import UserError

# Types that a saved model may contain beside scikit-learn's public estimators.
TRUSTED = (
    "scenery.classical.kernel_svm.KernelSVM",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
MAX_STEPS = 5_000


def build_classifier(settings: Settings) -> Pipeline:
    """The unfitted model: scaling, perhaps principal components, then the classifier.

    Args:
        settings: With a classifier.
    """
    assert settings.classifier is not None
    scaling: dict[str, BaseEstimator] = {
        "none": FunctionTransformer(),
        "standard": StandardScaler(),
        "l1": Normalizer("l1"),
        "l2": Normalizer("l2"),
    }
    chosen = scaling[settings.classifier.scaling]
    weights = "balanced" if settings.class_weights == "balanced" else None
    model = _model(settings.classifier, weights, settings.seed)
    steps: list[tuple[str, BaseEstimator]] = [("scaling", chosen)]
    if settings.classifier.pca is not None:
        steps.append(("pca", PCA(settings.classifier.pca, random_state=settings.seed)))
    return Pipeline([*steps, ("model", model)])


def _model(wanted: Classifier, class_weight: str | None, seed: int) -> BaseEstimator:
    if wanted.name == "svm":
        options = wanted.model_dump(include={"kernel", "C", "gamma"})
        return KernelSVM(**options, class_weight=class_weight, seed=seed)
    if wanted.name == "logistic_regression":
        return LogisticRegression(C=wanted.C, class_weight=class_weight, max_iter=MAX_STEPS)
    if wanted.name == "nearest_neighbors":
        # In hundreds of dimensions no tree of points finds neighbors faster than comparing all.
        return KNeighborsClassifier(wanted.n_neighbors, algorithm="brute")
    if wanted.name == "gradient_boosting":
        # Held-out images of its own would cost it training images, and part groups.
        return HistGradientBoostingClassifier(
            learning_rate=wanted.learning_rate,
            max_iter=wanted.max_iter,
            max_depth=wanted.max_depth,
            early_stopping=False,
            class_weight=class_weight,
            random_state=seed,
        )
    return RandomForestClassifier(
        wanted.n_estimators,
        max_depth=wanted.max_depth,
        class_weight=class_weight,
        random_state=seed,
    )


def check_fits(settings: Settings, rows: int, what: str) -> None:
    """Refuse more neighbors than there are vectors to learn from.

    Args:
        settings: With a classifier.
        rows: Images times views.
        what: The trial, for the message.

    Raises:
        UserError: With both numbers.
    """
    assert settings.classifier is not None
    neighbors = settings.classifier.n_neighbors
    if neighbors is not None and neighbors > rows:
        raise UserError(
            f"{what}: classifier.n_neighbors: {neighbors} neighbors are asked for, and there are "
            f"{rows} training images; allowed are 1 to {rows}"
        )


def as_rows(features: LabeledFeatures) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features as a classical model takes them: each view of an image is a row of its own.

    Returns:
        Vectors, shape (rows, values); class numbers, shape (rows,); and of which image each row
        is, shape (rows,).
    """
    images = len(features.labels)
    views = len(features.values) if features.views else 1
    vectors = np.asarray(features.values).reshape(views * images, -1)
    return vectors, np.tile(features.labels, views), np.tile(np.arange(images), views)


def fit(
    settings: Settings, features: LabeledFeatures, groups: np.ndarray | None = None
) -> Pipeline:
    """A fitted model.

    Args:
        settings: With a classifier.
        features: What it learns from.
        groups: Shape (images,), their groups, which a calibration does not part; None: each
            image is a group of its own.

    Raises:
        ValueError: The vectors are not what the model can take: values below 0 for histograms, or
            fewer of them or of their features than principal components.
    """
    model, vectors, labels, more = _prepared(settings, features, groups)
    # The threads of boosted trees wait for each other at every node: on a machine with other jobs
    # two of them take many times as long as one.
    with threadpool_limits(1, user_api="openmp"):
        return model.fit(
            vectors, labels, **{f"model__{name}": value for name, value in more.items()}
        )


def fit_and_predict(
    settings: Settings, features: LabeledFeatures, groups: np.ndarray | None, classes: int
) -> tuple[Pipeline, np.ndarray]:
    """A fitted model, and class probabilities of the rows that it learned from.

    Arguments and errors as of `fit`. A support vector machine computes its kernels once for both.
    """
    if settings.classifier is None or settings.classifier.name != "svm":
        model = fit(settings, features, groups)
        return model, probabilities(model, as_rows(features)[0], classes)
    model, vectors, labels, more = _prepared(settings, features, groups)
    rows = model[:-1].fit_transform(vectors, labels)
    found = np.zeros((len(rows), classes))
    fitted = model["model"].fit_predict_proba(rows, labels, **more)
    found[:, model.classes_] = fitted
    return model, found


def _prepared(
    settings: Settings, features: LabeledFeatures, groups: np.ndarray | None
) -> tuple[Pipeline, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """The unfitted model, vectors, labels, and what else it is fitted with."""
    vectors, labels, images = as_rows(features)
    wanted = settings.classifier
    if wanted is not None and wanted.kernel == "histogram_intersection" and vectors.min() < 0:
        raise ValueError(
            "the histogram_intersection kernel needs values from 0; the smallest value here is "
            f"{vectors.min():.3g}"
        )
    if wanted is not None and wanted.pca is not None and wanted.pca > min(vectors.shape):
        raise ValueError(
            f"classifier.pca: {wanted.pca} components are more than the {min(vectors.shape)} that "
            f"{vectors.shape[0]} vectors of {vectors.shape[1]} features have"
        )
    model = build_classifier(settings)
    if groups is not None:
        images = np.unique(groups, return_inverse=True)[1][images]
    more = {"images": images} if wanted is not None and wanted.name == "svm" else {}
    if features.weights is not None:
        # Each view of an image has its weight. The mean is 1, so that C keeps its meaning.
        given = np.tile(features.weights, len(labels) // len(features.weights))
        more["sample_weight"] = given / given.mean()
    return model, vectors, labels, more


def probabilities(model: Pipeline, vectors: np.ndarray, classes: int) -> np.ndarray:
    """Class probabilities, float64, shape (images, classes).

    Args:
        model: Fitted.
        vectors: Shape (images, ...).
        classes: Number of classes; of one without training images the probability is 0.
    """
    found = np.zeros((len(vectors), classes))
    found[:, model.classes_] = model.predict_proba(vectors.reshape(len(vectors), -1))
    return found


def stored_numbers(model: Pipeline) -> int:
    """How many numbers a fitted model keeps of what it has learned: its parameters.

    For support vectors and neighbors that is the images themselves; a tree's inner node has a
    feature, a threshold and two branches, its leaf a share for each class. The leaf of a boosted
    tree has one value.
    """
    scaler, classifier = model["scaling"], model["model"]
    count = 2 * scaler.n_features_in_ if isinstance(scaler, StandardScaler) else 0
    if "pca" in model.named_steps:
        count += model["pca"].components_.size + model["pca"].mean_.size
    if isinstance(classifier, KernelSVM):
        svm = classifier.svm_
        # One more: the temperature.
        arrays: list[Any] = [classifier.vectors_, svm.dual_coef_, svm.intercept_, np.zeros(1)]
    elif isinstance(classifier, LogisticRegression):
        arrays = [classifier.coef_, classifier.intercept_]
    elif isinstance(classifier, KNeighborsClassifier):
        arrays = [classifier._fit_X, classifier._y]
    elif isinstance(classifier, HistGradientBoostingClassifier):
        boosted = [tree for round_ in classifier._predictors for tree in round_]
        ends = sum(int(tree.get_n_leaf_nodes()) for tree in boosted)
        nodes = sum(len(tree.nodes) for tree in boosted)
        return count + 4 * (nodes - ends) + ends + classifier._baseline_prediction.size
    else:
        trees = [estimator.tree_ for estimator in classifier.estimators_]
        leaves = sum(int(tree.n_leaves) for tree in trees)
        inner = sum(int(tree.node_count) for tree in trees) - leaves
        return count + 4 * inner + len(classifier.classes_) * leaves
    return count + int(sum(array.size for array in arrays))


def save(model: Pipeline, out: Path) -> None:
    """Keep a fitted model as a skops file, which holds no code."""
    skops.io.dump(model, out)


def load(path: str | Path) -> Pipeline:
    """The pipeline in a file that `save` wrote.

    Raises:
        UserError: The file contains types that no model of Scenery contains.
    """
    foreign = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED))
    if foreign:
        raise UserError(
            f"{path}: it holds {', '.join(foreign)}, which no model made here does; it is not "
            "loaded. Remove it and run again"
        )
    return skops.io.load(path, trusted=list(TRUSTED))
