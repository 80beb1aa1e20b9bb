"""Heads on features: the compiled loop gives what Keras' own does."""

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
from feature_sets import CLASSES, VALUES, features

from scenery.config.settings import Schedule, Settings
from scenery.data.class_weights import image_weights
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.scores import accuracy, cross_entropy
from scenery.evaluation.training_result import TrainingResult
from scenery.models.heads import build_head
from scenery.training.augmentation import reseed
from scenery.training.batch_norm import has_batch_norm, without_lone_image
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.head_training import HeadTrainer
from scenery.training.model_trainer import order_of_epoch


def learner(training: LabeledFeatures | None = None, **values: Any) -> HeadTrainer:
    settings = Settings(**{"epochs": 4, "batch_size": 16, **values})
    return HeadTrainer(settings, CLASSES, training or features(90), features(60, seed=1))


def trained(one: HeadTrainer) -> TrainingResult:
    settings = one.settings
    plan = EpochPlan("head", settings.epochs, settings.optimizer.learning_rate, Schedule())
    return run_epochs(one, plan, "t", quiet=True)


@pytest.mark.parametrize(
    "values",
    [
        {"optimizer": {"name": "SGD", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True}},
        {"optimizer": {"name": "Adam", "learning_rate": 0.01}, "head": {"dense": [8]}},
        {"optimizer": {"name": "AdamW", "learning_rate": 0.01}, "head": {"l1": 1e-3, "l2": 1e-2}},
        {"head": {"dense": [8], "batch_norm": True, "activation": "tanh"}},
        {"head": {"dropout": 0.5, "dense": [8]}},
        {"label_smoothing": 0.2, "class_weights": "balanced"},
        # The last batch is smaller, all images are in one, every image is one.
        {"batch_size": 64},
        {"batch_size": 500},
        {"batch_size": 1, "epochs": 2},
    ],
    ids=str,
)
def test_it_gives_what_keras_gives(values: dict[str, Any]) -> None:
    ours = learner(**values)
    settings, training = ours.settings, ours.training
    model = build_head((VALUES,), CLASSES, settings.head)
    model.set_weights(ours.get_weights())
    model.compile(
        optimizer=settings.optimizer.record.build(),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing),
        weighted_metrics=["accuracy"],
    )
    weights = image_weights(training.labels, settings.class_weights)
    targets = np.eye(CLASSES)[training.labels]
    for epoch in range(settings.epochs):
        reseed(model, settings.seed, epoch)
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(targets))
        history = model.fit(
            training.values[order],
            targets[order],
            sample_weight=weights[order],
            batch_size=settings.batch_size,
            shuffle=False,
            verbose=0,
        ).history
        loss, right = ours.train_epoch(epoch, settings.optimizer.learning_rate)
        assert loss == pytest.approx(history["loss"][0], rel=1e-4)
        if settings.class_weights == "none":
            assert right == pytest.approx(history["accuracy"][0], abs=1e-6)
    for a, b in zip(ours.get_weights(), model.get_weights(), strict=True):
        assert np.allclose(a, b, atol=1e-4)
    predicted = model.predict(features(60, seed=1).values, verbose=0)
    assert np.allclose(ours.predict(features(60, seed=1)), predicted, atol=1e-4)


def test_it_learns_and_says_how_well() -> None:
    one = learner(epochs=30, optimizer={"learning_rate": 0.02})
    result = trained(one)
    first, last = result.history[0], result.history[-1]
    assert last.loss < first.loss
    assert result.best_row.validation_accuracy > 0.8
    assert one.validation is not None
    predicted = one.predict(one.validation)
    labels = one.validation.labels
    assert accuracy(predicted, labels) == result.best_row.validation_accuracy
    assert cross_entropy(predicted, labels) == result.best_row.validation_loss


DROPOUT = {"head": {"dense": [8], "dropout": 0.5}, "optimizer": {"learning_rate": 0.01}}


def figures(**values: Any) -> list[tuple[float, ...]]:
    history = trained(learner(**values)).history
    return [(row.loss, row.accuracy, row.validation_loss) for row in history]


def test_the_same_seed_gives_the_same_numbers_and_another_one_others() -> None:
    assert figures(**DROPOUT, seed=0) == figures(**DROPOUT, seed=0)
    assert figures(**DROPOUT, seed=0) != figures(**DROPOUT, seed=1)


def test_numbers_do_not_depend_on_what_ran_before() -> None:
    expected = figures(**DROPOUT)
    keras.utils.set_random_seed(7)
    learner(seed=9).train_epoch(0, 0.1)
    assert figures(**DROPOUT) == expected


def test_an_epoch_depends_on_its_number_and_not_on_those_before() -> None:
    """A job that goes on draws what an undisturbed one does."""
    whole = learner(**DROPOUT)
    for epoch in range(3):
        whole.train_epoch(epoch, 0.01)
    # Fresh from the same weights and the same memory of the optimizer after two epochs.
    part = learner(**DROPOUT)
    for epoch in range(2):
        part.train_epoch(epoch, 0.01)
    part.predict(features(10))
    part.train_epoch(2, 0.01)
    for a, b in zip(whole.get_weights(), part.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_weights_can_be_put_back() -> None:
    one = learner()
    before = one.get_weights()
    one.train_epoch(0, 0.1)
    assert any(not np.array_equal(a, b) for a, b in zip(before, one.get_weights(), strict=True))
    one.set_weights(before)
    assert all(np.array_equal(a, b) for a, b in zip(before, one.get_weights(), strict=True))
    one.set_weights([])
    assert all(np.array_equal(a, b) for a, b in zip(before, one.get_weights(), strict=True))


@pytest.mark.parametrize("views", [1, 2, 5])
def test_each_view_serves_once_before_one_serves_twice(views: int) -> None:
    images = 40
    # The value of a feature says which view and which image it is of.
    numbers = np.arange(views * images, dtype=np.float32).reshape(views, images, 1)
    some = LabeledFeatures(numbers, np.zeros(images, np.int64), views=True)
    for start in (0, views):
        seen = [some.sample_views(epoch, seed=3)[:, 0] for epoch in range(start, start + views)]
        view, image = np.divmod(np.array(seen, dtype=int), images)
        assert (image == np.arange(images)).all()
        assert all(set(column) == set(range(views)) for column in view.T)
    if views > 2:
        # Images take their views in orders of their own, and in new ones the next time round.
        assert len({tuple(column) for column in view.T}) > 1
        again = np.array([some.sample_views(epoch, 3)[:, 0] for epoch in range(views)])
        assert (again != np.array(seen)).any()
        other = np.array([some.sample_views(epoch, 4)[:, 0] for epoch in range(views)])
        assert (again != other).any()


def test_plain_features_are_the_same_in_every_epoch() -> None:
    some = features(10)
    assert some.sample_views(0, 1) is some.sample_views(7, 2)


def test_a_head_learns_from_views() -> None:
    one = learner(features(90, views=3), epochs=12, optimizer={"learning_rate": 0.02})
    assert trained(one).best_row.validation_accuracy > 0.75


def test_copies_of_the_plain_features_as_views_change_nothing() -> None:
    plain = features(90)
    copies = LabeledFeatures(np.stack([plain.values] * 2), plain.labels, views=True)
    first, second = trained(learner(plain)), trained(learner(copies))
    assert [r.validation_loss for r in first.history] == pytest.approx(
        [r.validation_loss for r in second.history], rel=1e-5
    )


def test_maps_are_pooled_by_the_head() -> None:
    random = np.random.default_rng(0)
    maps = LabeledFeatures(
        random.normal(size=(20, 3, 3, 4)).astype(np.float32), random.integers(0, 3, 20)
    )
    one = HeadTrainer(Settings(head={"pooling": "flatten"}), CLASSES, maps, maps)
    one.train_epoch(0, 0.01)
    assert one.predict(maps).shape == (20, CLASSES)
    assert one.model.count_params() == 36 * 3 + 3 + 2 * 36


def test_class_weights() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [3])
    assert (image_weights(labels, "none") == 1).all()
    weights = image_weights(labels, "balanced")
    assert weights.dtype == np.float32
    assert weights.mean() == pytest.approx(1)
    sums = [weights[labels == number].sum() for number in (0, 1, 3)]
    assert sums == pytest.approx([10 / 3] * 3)
    equal = image_weights(np.arange(8) % 4, "balanced")
    assert np.allclose(equal, 1)


def test_scores() -> None:
    probabilities = np.array([[0.7, 0.3], [0.4, 0.6], [0.9, 0.1]])
    labels = np.array([0, 0, 0])
    assert accuracy(probabilities, labels) == pytest.approx(2 / 3)
    assert cross_entropy(probabilities, labels) == pytest.approx(-np.log([0.7, 0.4, 0.9]).mean())
    # A sure mistake costs much and not everything; what is no number is said.
    assert cross_entropy(np.array([[0.0, 1.0]]), np.array([0])) == pytest.approx(-np.log(1e-7))
    assert np.isnan(cross_entropy(np.array([[np.nan, 1.0]]), np.array([0])))


def test_batch_norm_does_not_learn_from_an_image_alone_in_a_batch() -> None:
    images = features(33)
    order = np.random.default_rng(5).permutation(33)

    def weights(head: dict[str, Any], shown: np.ndarray) -> list[np.ndarray]:
        one = learner(images, head={"dense": [8], "solver": "epochs", **head})
        one.train_on(one.values_of_epoch(1), shown)
        return one.get_weights()

    def same(head: dict[str, Any], shown: np.ndarray) -> bool:
        pairs = zip(weights(head, order), weights(head, shown), strict=True)
        return all(np.array_equal(a, b) for a, b in pairs)

    # The last of 33 images in batches of 16 is alone; the last of 32 and of 34 are not.
    assert same({"batch_norm": True}, order[:32])
    assert not same({"batch_norm": True}, order[:31])
    assert not same({"batch_norm": False}, order[:32])
    two = [*order, order[0]]
    assert not same({"batch_norm": True}, np.array(two))


def test_has_batch_norm_counts_layers_that_learn() -> None:
    network = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    assert has_batch_norm(plain, network)
    assert not has_batch_norm(plain)
    network.layers[0].trainable = False
    assert not has_batch_norm(plain, network)


@pytest.mark.parametrize(
    ("images", "batch", "kept"), [(33, 16, 32), (32, 16, 32), (34, 16, 34), (1, 16, 1), (5, 1, 5)]
)
def test_without_lone_image_keeps_all_but_one_that_is_alone(
    images: int, batch: int, kept: int
) -> None:
    assert without_lone_image(np.arange(images), batch).tolist() == list(range(kept))


def test_mean_squared_error_is_that_of_the_probabilities() -> None:
    ours = learner(loss="mean_squared_error", batch_size=500)
    targets = np.eye(CLASSES)[ours.training.labels]
    expected = ((ours.predict(ours.training) - targets) ** 2).mean()
    first, _ = ours.train_epoch(0, 0.01)
    assert first == pytest.approx(expected, rel=1e-5)
    assert ours.train_epoch(1, 0.01)[0] < first


@pytest.mark.parametrize("steps", [2, 7])
def test_steps_per_epoch_take_the_next_images_of_endless_passes(steps: int) -> None:
    settings = Settings(batch_size=8, steps_per_epoch=steps, seed=3)
    epochs = [order_of_epoch(settings, epoch, 20) for epoch in range(10)]
    assert all(len(order) == 8 * steps for order in epochs)
    whole = np.concatenate(epochs)
    passes = [whole[start : start + 20] for start in range(0, len(whole) - 19, 20)]
    assert all(sorted(one) == list(range(20)) for one in passes)
    assert not np.array_equal(passes[0], passes[1])
    without = Settings(batch_size=8, seed=3)
    assert sorted(order_of_epoch(without, 1, 20)) == list(range(20))
    assert (settings.steps_of(20), without.steps_of(20)) == (steps, 3)


def test_rate_that_falls_per_step_gives_what_keras_gives() -> None:
    optimizer = {"name": "SGD", "learning_rate": 0.1}
    schedule = {"name": "inverse_time", "per": "step", "rate": 0.5}
    ours = learner(optimizer=optimizer, schedule=schedule)
    model = build_head((VALUES,), CLASSES, ours.settings.head)
    model.set_weights(ours.get_weights())
    falling = keras.optimizers.schedules.InverseTimeDecay(0.1, decay_steps=1, decay_rate=0.5)
    model.compile(optimizer=keras.optimizers.SGD(falling), loss="categorical_crossentropy")
    targets = np.eye(CLASSES)[ours.training.labels]
    for epoch in range(2):
        order = np.random.default_rng([ours.settings.seed, epoch]).permutation(len(targets))
        values = ours.training.values[order]
        model.fit(values, targets[order], batch_size=16, shuffle=False, verbose=0)
    plan = dataclasses.replace(EpochPlan.of(ours.settings, "head", ours.images), epochs=2)
    result = run_epochs(ours, plan, "t", quiet=True)
    # 90 images are 6 batches of 16.
    assert [row.learning_rate for row in result.history] == pytest.approx([0.1, 0.1 / 4])
    assert result.best_epoch == 2
    for a, b in zip(result.best, model.get_weights(), strict=True):
        assert np.allclose(a, b, atol=1e-5)
