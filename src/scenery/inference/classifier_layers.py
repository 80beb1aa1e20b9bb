"""A fitted classical model as Keras layers, which other programs can run.

Each layer computes in float32 what scikit-learn computes in float64. Scores that are nearly equal,
such as two distances, can therefore fall otherwise, so each file is compared with the model.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from scenery.classical.kernel_svm import KernelSVM

# From vectors, shape (images, values), to something of shape (images, ...).
Step = Callable[[tf.Tensor], tf.Tensor]


def with_classifier(features: keras.Model, model: Pipeline, classes: int) -> keras.Model:
    """A network that ends in a classical model.

    Args:
        features: Images, shape (images, height, width, 3), in; features out.
        model: A fitted classical model.
        classes: Number of classes; of one without training images the probability is 0.
    """
    layer = ClassifierLayer(model, classes, name="classes")
    return keras.Model(features.input, layer(features.output))


class ClassifierLayer(keras.layers.Layer):
    """A fitted classical model.

    Args:
        model: Of `scenery.classical.classifiers`.
        classes: As of `with_classifier`.
        name: Of the layer.
    """

    def __init__(self, model: Pipeline, classes: int, name: str) -> None:
        super().__init__(name=name)
        self._steps = [_scaling(model["scaling"])]
        if "pca" in model.named_steps:
            self._steps.append(_projection(model["pca"]))
        self._steps.append(STEPS[type(model["model"])](model["model"]))
        known = np.zeros((len(model.classes_), classes), np.float32)
        known[np.arange(len(model.classes_)), model.classes_] = 1
        self._known = known

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Class probabilities, shape (images, classes)."""
        values = tf.reshape(features, (-1, int(np.prod(features.shape[1:]))))
        for step in self._steps:
            values = step(values)
        return values @ self._known

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shape (images, classes)."""
        return shape[0], self._known.shape[1]


def _single(values: Any) -> np.ndarray:
    return np.asarray(values, np.float32)


def _scaling(scaler: Any) -> Step:
    if isinstance(scaler, StandardScaler):
        mean, scale = _single(scaler.mean_), _single(scaler.scale_)
        return lambda values: (values - mean) / scale
    if isinstance(scaler, Normalizer):
        order = 1 if scaler.norm == "l1" else 2

        def divide(values: tf.Tensor) -> tf.Tensor:
            lengths = tf.norm(values, ord=order, axis=1, keepdims=True)
            # A vector of zeros stays as it is.
            return values / tf.where(lengths > 0, lengths, tf.ones_like(lengths))

        return divide
    return lambda values: values


def _projection(pca: Any) -> Step:
    mean, components = _single(pca.mean_), _single(pca.components_.T)
    return lambda values: (values - mean) @ components


def _softmax(model: LogisticRegression) -> Step:
    weights, bias = _single(model.coef_.T), _single(model.intercept_)

    def probabilities(values: tf.Tensor) -> tf.Tensor:
        scores = values @ weights + bias
        return _of_two(scores) if scores.shape[1] == 1 else tf.nn.softmax(scores)

    return probabilities


def _of_two(scores: tf.Tensor) -> tf.Tensor:
    """Probabilities of two classes from the score of the second, shape (images, 1)."""
    second = tf.sigmoid(scores)
    return tf.concat([1 - second, second], axis=1)


def _neighbors(model: KNeighborsClassifier) -> Step:
    known = _single(model._fit_X)
    squares = _single((model._fit_X.astype(np.float64) ** 2).sum(axis=1))
    votes = np.eye(len(model.classes_), dtype=np.float32)[model._y]

    def probabilities(values: tf.Tensor) -> tf.Tensor:
        # The square of the distance, without what is equal for all neighbors.
        nearness = 2 * (values @ known.T) - squares
        places = tf.math.top_k(nearness, model.n_neighbors).indices
        return tf.reduce_mean(tf.gather(votes, places), axis=1)

    return probabilities


def _support_vectors(model: KernelSVM) -> Step:
    kernel, weights, bias = _kernel(model), _pair_weights(model), _single(model.svm_.intercept_)
    sharpness = np.float32(1 / model.temperature_)
    classes = len(model.classes_)
    pairs = list(combinations(range(classes), 2))
    # The class of each pair that a positive decision is for, and the other one.
    first = np.zeros((len(pairs), classes), np.float32)
    second = np.zeros_like(first)
    for place, (one, other) in enumerate(pairs):
        first[place, one], second[place, other] = 1, 1

    def probabilities(values: tf.Tensor) -> tf.Tensor:
        decisions = kernel(values) @ weights + bias
        if classes == 2:
            return tf.nn.softmax(sharpness * tf.concat([-decisions, decisions], axis=1))
        behind = tf.cast(decisions < 0, tf.float32)
        votes = (1 - behind) @ first + behind @ second
        sums = decisions @ (first - second)
        # As scikit-learn's decision function of one class against the rest.
        return tf.nn.softmax(sharpness * (votes + sums / (3 * (tf.abs(sums) + 1))))

    return probabilities


def _kernel(model: KernelSVM) -> Step:
    vectors = _single(model.vectors_)
    if model.kernel == "linear":
        return lambda values: values @ vectors.T
    if model.kernel == "rbf":
        squares = _single((model.vectors_.astype(np.float64) ** 2).sum(axis=1))
        gamma = np.float32(model.gamma_)

        def similarity(values: tf.Tensor) -> tf.Tensor:
            own = tf.reduce_sum(values**2, axis=1, keepdims=True)
            return tf.exp(-gamma * tf.maximum(own + squares - 2 * (values @ vectors.T), 0))

        return similarity
    return lambda values: tf.reduce_sum(tf.minimum(values[:, None], vectors[None]), axis=2)


def _pair_weights(model: KernelSVM) -> np.ndarray:
    """Weights of support vectors in the decision of each pair of classes, (vectors, pairs)."""
    svm = model.svm_
    if len(model.classes_) == 2:
        return _single(svm.dual_coef_.T)
    ends = np.cumsum(svm.n_support_)
    pairs = list(combinations(range(len(model.classes_)), 2))
    weights = np.zeros((ends[-1], len(pairs)), np.float32)
    for place, (one, other) in enumerate(pairs):
        # Row j - 1 has the weights of class i against a later class j, row i those of j against i.
        for here, row in ((one, other - 1), (other, one)):
            rows = slice(ends[here] - svm.n_support_[here], ends[here])
            weights[rows, place] = svm.dual_coef_[row, rows]
    return weights


def _forest(model: RandomForestClassifier) -> Step:
    trees = [estimator.tree_ for estimator in model.estimators_]
    ends = [
        (
            tree.feature,
            tree.threshold,
            tree.children_left,
            tree.children_right,
            tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True),
        )
        for tree in trees
    ]
    leaves = _leaves(ends, max(tree.max_depth for tree in trees))
    return lambda values: tf.reduce_mean(leaves(values), axis=1)


def _boosted(model: HistGradientBoostingClassifier) -> Step:
    nodes = [tree.nodes for round_ in model._predictors for tree in round_]
    trees = [
        (
            tree["feature_idx"],
            tree["num_threshold"],
            np.where(tree["is_leaf"], -1, tree["left"].astype(np.int64)),
            np.where(tree["is_leaf"], -1, tree["right"].astype(np.int64)),
            tree["value"][:, None],
        )
        for tree in nodes
    ]
    leaves = _leaves(trees, max(int(tree["depth"].max()) for tree in nodes))
    scores = model._baseline_prediction.shape[1]
    baseline = _single(model._baseline_prediction)

    def probabilities(values: tf.Tensor) -> tf.Tensor:
        rounds = tf.reshape(leaves(values), (-1, len(nodes) // scores, scores))
        sums = tf.reduce_sum(rounds, axis=1) + baseline
        return _of_two(sums) if scores == 1 else tf.nn.softmax(sums)

    return probabilities


def _leaves(trees: Sequence[tuple[np.ndarray, ...]], depth: int) -> Step:
    """What the leaves hold that vectors reach: shape (images, trees, values).

    Args:
        trees: Of each: feature, threshold, left and right node (-1: a leaf), value of each node.
        depth: Of the deepest tree.
    """
    starts = np.cumsum([0, *(len(tree[0]) for tree in trees)])
    feature, threshold, value = (
        np.concatenate([tree[place] for tree in trees]) for place in (0, 1, 4)
    )
    left, right = (_absolute(trees, starts, place) for place in (2, 3))
    feature = np.maximum(feature, 0).astype(np.int32)
    threshold, value = _not_above(threshold), _single(value)

    def reached(values: tf.Tensor) -> tf.Tensor:
        node = tf.tile(starts[None, :-1].astype(np.int32), (tf.shape(values)[0], 1))
        for _ in range(depth):
            given = tf.gather(values, tf.gather(feature, node), axis=1, batch_dims=1)
            below = given <= tf.gather(threshold, node)
            node = tf.where(below, tf.gather(left, node), tf.gather(right, node))
        return tf.gather(value, node)

    return reached


def _absolute(
    trees: Sequence[tuple[np.ndarray, ...]], starts: np.ndarray, place: int
) -> np.ndarray:
    """The next nodes in the table of all trees; a leaf leads to itself."""
    parts = [
        start + np.where(tree[place] < 0, np.arange(len(tree[place])), tree[place])
        for start, tree in zip(starts[:-1], trees, strict=True)
    ]
    return np.concatenate(parts).astype(np.int32)


def _not_above(threshold: np.ndarray) -> np.ndarray:
    """The largest float32 numbers that are not above: x <= threshold stays the same."""
    single = threshold.astype(np.float32)
    return np.where(single > threshold, np.nextafter(single, np.float32(-np.inf)), single)


STEPS: dict[type, Callable[[Any], Step]] = {
    LogisticRegression: _softmax,
    KNeighborsClassifier: _neighbors,
    KernelSVM: _support_vectors,
    RandomForestClassifier: _forest,
    HistGradientBoostingClassifier: _boosted,
}
