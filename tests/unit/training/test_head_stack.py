"""Heads in NumPy: what Keras gives, and the same numbers alone and together."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from feature_sets import CLASSES, VALUES, features, folded_features

from scenery.config.settings import Settings
from scenery.evaluation.held_out import HeldOutData
from scenery.evaluation.training_result import TrainingResult
from scenery.models.heads import build_head
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.folded_training import FoldedHeadTrainer
from scenery.training.head_stack import HeadStack, can_be_stacked
from scenery.training.head_training import HeadTrainer
from scenery.training.stacked_training import StackedFoldTrainer, StackedHeadTrainer
from scenery.training.trainers import fold_trainer, head_trainer

DEEP = {"dense": [8, 5], "activation": "tanh", "dropout": 0.4, "l1": 1e-4, "l2": 1e-3}
NORMALIZED_LAYERS = {"batch_norm": True, "dense": [8, 5], "activation": "tanh", "l2": 1e-2}
NORMALIZED = {"batch_norm": True, "dropout": 0.5}
DEEP_NORMALIZED = {**DEEP, "batch_norm": True}


def settings(**values: Any) -> Settings:
    head = {"solver": "epochs", **values.pop("head", {})}
    return Settings(**{"epochs": 4, "batch_size": 16, "head": head, **values})


@pytest.mark.parametrize(
    "values",
    [
        {"optimizer": {"name": "SGD", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True}},
        {"optimizer": {"name": "Nadam", "learning_rate": 0.01}, "head": {"dense": [8]}},
        {"optimizer": {"name": "AdamW", "learning_rate": 0.01}, "head": {"l1": 1e-3, "l2": 1e-2}},
        {"head": {"dense": [8, 5], "activation": "gelu", "l2": 1e-2}},
        {"label_smoothing": 0.2, "class_weights": "balanced", "head": {"standardize": False}},
        {"batch_size": 64, "steps_per_epoch": 3},
        {"batch_size": 500},
        {"head": {"dense": [8, 5], "activation": ["swish", "elu"]}},
        {"optimizer": {"name": "Adam", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}},
        {"schedule": {"name": "inverse_time", "rate": 0.1, "per": "step"}},
        {"batch_size": 1, "epochs": 2},
        {"head": {"batch_norm": True}},
        {"head": {"batch_norm": True, "l2": 0.1}, "optimizer": {"name": "AdamW"}},
        # Biases before batch norm change nothing. Adam would make steps of the noise in their
        # gradients, which are 0 here.
        {"head": NORMALIZED_LAYERS, "optimizer": {"name": "SGD", "momentum": 0.9}},
        {"head": NORMALIZED_LAYERS, "optimizer": {"name": "SGD"}, "batch_size": 89},
        {"head": {**NORMALIZED_LAYERS, "standardize": False}, "optimizer": {"name": "SGD"}},
    ],
    ids=str,
)
def test_a_head_is_that_of_keras(values: dict[str, Any]) -> None:
    training, validation = features(90), features(60, seed=1)
    given = settings(**values)
    theirs = HeadTrainer(given, CLASSES, training, validation)
    ours = StackedHeadTrainer(given, CLASSES, training, validation)
    ours.set_weights(theirs.get_weights())
    assert ours.parameters == theirs.parameters
    assert ours.trained_parameters == theirs.trained_parameters
    for epoch in range(given.epochs):
        assert ours.train_epoch(epoch, 0.01) == pytest.approx(
            theirs.train_epoch(epoch, 0.01), rel=1e-4, abs=1e-6
        )
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert ours.validate() == pytest.approx(theirs.validate(), rel=1e-4)


def test_images_weigh_as_the_data_set_says_in_both() -> None:
    weights = np.where(np.arange(90) % 4 == 0, 5.0, 1.0)
    training = dataclasses.replace(features(90), weights=weights)
    given = settings()
    theirs = HeadTrainer(given, CLASSES, training, features(60, seed=1))
    ours = StackedHeadTrainer(given, CLASSES, training, features(60, seed=1))
    plain = StackedHeadTrainer(given, CLASSES, features(90), features(60, seed=1))
    for one in (ours, plain):
        one.set_weights(theirs.get_weights())
    losses = [one.train_epoch(0, 0.01)[0] for one in (ours, theirs, plain)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert losses[2] != pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize("head", [DEEP, NORMALIZED, DEEP_NORMALIZED], ids=str)
def test_predictions_are_those_of_the_keras_model_with_its_weights(head: dict[str, Any]) -> None:
    given = settings(head=head)
    ours = StackedHeadTrainer(given, CLASSES, features(90), features(60, seed=1))
    for epoch in range(3):
        ours.train_epoch(epoch, 0.01)
    model = build_head((VALUES,), CLASSES, given.head)
    model.set_weights(ours.get_weights())
    some = features(60, seed=1)
    np.testing.assert_allclose(ours.predict(some), model.predict(some.values, verbose=0), atol=1e-5)


UNEQUAL = [np.arange(0, 70), np.arange(20, 90), np.arange(10, 57), np.arange(5)]


@pytest.mark.parametrize("name", ["SGD", "Adam", "Nadam", "Adagrad"])
@pytest.mark.parametrize("head", [{}, {"dropout": 0.5}, DEEP, NORMALIZED, DEEP_NORMALIZED], ids=str)
@pytest.mark.parametrize("views", [0, 2])
def test_a_head_alone_is_bit_by_bit_that_in_a_stack(
    name: str, head: dict[str, Any], views: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(head=head, optimizer={"name": name})
    training = features(90, views=views)
    together = HeadStack(given, CLASSES, training, UNEQUAL)
    few_at_once = HeadStack(given, CLASSES, training, UNEQUAL)
    alone = [HeadStack(given, CLASSES, training, [images]) for images in UNEQUAL]
    for epoch in range(3):
        scores = together.train_epoch(epoch, 0.01)
        expected = [stack.train_epoch(epoch, 0.01)[0] for stack in alone]
        assert np.array_equal(scores, expected)
        with monkeypatch.context() as patch:
            patch.setattr("scenery.training.head_stack.AT_ONCE", 1)
            assert np.array_equal(few_at_once.train_epoch(epoch, 0.01), scores)
    for number, stack in enumerate(alone):
        assert np.array_equal(together.weights[number], stack.weights[0])
        assert np.array_equal(together.statistics[number], stack.statistics[0])
        assert np.array_equal(few_at_once.weights[number], stack.weights[0])
        assert np.array_equal(few_at_once.statistics[number], stack.statistics[0])
        plain = features(30, seed=2).values
        assert np.array_equal(together.predict(number, plain), stack.predict(0, plain))
    assert not np.array_equal(together.weights[0], together.weights[1])


@pytest.mark.parametrize("views", [0, 3])
def test_folds_are_those_of_keras(views: int) -> None:
    given = settings(epochs=3, optimizer={"name": "Adam", "learning_rate": 0.01})
    images = folded_features(views)
    ours = StackedFoldTrainer(given, CLASSES, images)
    theirs = FoldedHeadTrainer(given, CLASSES, images)
    assert ours.images == theirs.images == 60
    for epoch in range(3):
        assert ours.train_epoch(epoch, 0.01) == pytest.approx(
            theirs.train_epoch(epoch, 0.01), rel=1e-4
        )
        np.testing.assert_allclose(ours.held_out, theirs.held_out, atol=1e-4)
        assert ours.validate() == pytest.approx(theirs.validate(), rel=1e-4)


def test_the_predictions_kept_of_folds_are_those_of_the_best_epoch() -> None:
    given = settings(epochs=6, optimizer={"learning_rate": 0.05})
    trainer = StackedFoldTrainer(given, CLASSES, folded_features())
    run = run_epochs(trainer, EpochPlan.of(given, "head", trainer.images), "t", quiet=True)
    right = (trainer.held_out[0].argmax(axis=1) == trainer.data.plain.labels).mean()
    assert right == pytest.approx(run.best_row.validation_accuracy)
    assert run.best_row.validation_accuracy == max(row.validation_accuracy for row in run.history)


def test_dropout_keeps_a_share_of_the_values_and_their_mean() -> None:
    from scenery.training.head_stack import _Dropout
    from scenery.training.stacked_network import StackedNetwork

    given = settings(head={"dropout": 0.3, "dense": [50]})
    network = StackedNetwork(100, CLASSES, given.head)
    first, second = _Dropout(given, network, epoch=2).of_batch(200)
    assert first is not None and second is not None
    assert first.shape == (200, 100) and second.shape == (200, 50)
    assert (first == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert first.mean() == pytest.approx(1, abs=0.02)
    assert not np.array_equal(first[:, :50], second)
    again = _Dropout(given, network, epoch=2).of_batch(7)
    assert again[0] is not None
    assert np.array_equal(again[0], first[:7])
    assert not np.array_equal(_Dropout(given, network, epoch=3).of_batch(200)[0], first)
    none = _Dropout(settings(), StackedNetwork(100, CLASSES, given.head), epoch=2)
    assert none.of_batch(200) == [None, None]
    lists = settings(head={"dropout": [0.0, 0.5], "dense": [50]})
    first, second = _Dropout(lists, network, epoch=2).of_batch(200)
    assert first is None and second is not None
    assert (second == 0).mean() == pytest.approx(0.5, abs=0.02)


def test_dropout_of_one_feature_is_training_without_it() -> None:
    """With the values of dropout at 0, gradients are those of the features that are left."""
    given = settings(head={"standardize": False}, optimizer={"name": "SGD"})
    training = features(90)
    without = training.values.copy()
    without[:, 3] = 0
    plain = HeadStack(given, CLASSES, training, [np.arange(90)])
    expected = HeadStack(given, CLASSES, type(training)(without, training.labels), [np.arange(90)])
    before = plain.weights.copy()
    expected.weights[...] = before
    rows = np.arange(16)[None]
    keep = np.ones((16, VALUES), np.float32)
    keep[:, 3] = 0
    plain._learn(slice(0, 1), training.values, rows, [keep], 0.1)
    expected._learn(slice(0, 1), without, rows, [None], 0.1)
    assert np.array_equal(plain.weights, expected.weights)
    assert not np.array_equal(plain.weights, before)


@pytest.mark.parametrize(("head", "changed"), [(DEEP, 6), (DEEP_NORMALIZED, 12)], ids=str)
def test_weights_can_be_put_back_and_training_goes_on(head: dict[str, Any], changed: int) -> None:
    one = StackedHeadTrainer(settings(head=head), CLASSES, features(90), None)
    before = one.get_weights()
    one.train_epoch(0, 0.1)
    after = one.get_weights()
    # All but mean and variance of the features, and biases before batch norm, have changed.
    same = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same.count(False) == changed
    assert same[:2] == [True, True]
    one.set_weights(before)
    assert all(np.array_equal(a, b) for a, b in zip(before, one.get_weights(), strict=True))
    one.set_weights([])
    assert all(np.array_equal(a, b) for a, b in zip(before, one.get_weights(), strict=True))


def test_a_head_that_diverges_says_so() -> None:
    wild = settings(head={"l2": 1.0}, optimizer={"name": "SGD", "learning_rate": 100}, epochs=40)
    one = StackedHeadTrainer(wild, CLASSES, features(90), features(60))
    run: TrainingResult = run_epochs(one, EpochPlan.of(wild, "head", 90), "t", quiet=True)
    assert run.status == "diverged"
    assert "became" in run.reason


@pytest.mark.parametrize(
    ("values", "stacked"),
    [
        ({}, True),
        ({"head": DEEP}, True),
        ({"head": {"dense": [8, 5], "activation": ["tanh", "relu"], "dropout": [0, 0.1, 0]}}, True),
        ({"head": {"batch_norm": True}}, True),
        ({"head": {"dense": [8], "kernel_initializer": "he_normal"}}, False),
        ({"head": {"dense": [8], "activation": "leaky_relu", "negative_slope": 0.1}}, False),
        ({"head": {"dense": [8, 5], "activation": ["relu", "softmax"]}}, False),
        ({"loss": "mean_squared_error"}, False),
        ({"head": {"pooling": "flatten"}}, False),
        ({"head": {"aggregation": "mean"}}, False),
    ],
    ids=str,
)
def test_the_trainer_is_numpy_where_it_can_be(values: dict[str, Any], stacked: bool) -> None:
    given = settings(**values)
    assert can_be_stacked(given) == stacked
    if given.head.aggregation == "none" and given.head.pooling == "average":
        one = head_trainer(given, CLASSES, features(30), None)
        assert isinstance(one, StackedHeadTrainer if stacked else HeadTrainer)
        folds = fold_trainer(given, CLASSES, folded_features())
        assert isinstance(folds, StackedFoldTrainer if stacked else FoldedHeadTrainer)


def test_maps_are_for_keras() -> None:
    maps = type(features(9))(np.zeros((9, 2, 2, 4), np.float32), np.arange(9) % CLASSES)
    assert isinstance(head_trainer(settings(), CLASSES, maps, None), HeadTrainer)
    table = folded_features().table[:9]
    held_out = HeldOutData(maps, maps, table, (np.arange(9) % 3)[None])
    assert isinstance(fold_trainer(settings(), CLASSES, held_out), FoldedHeadTrainer)
