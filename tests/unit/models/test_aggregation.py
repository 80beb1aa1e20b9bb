"""Heads that answer at every position: how answers are merged and what the loss is."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from scipy.special import softmax

from scenery.config.head import Head
from scenery.config.settings import Settings
from scenery.inference.explanation import split_model
from scenery.models.aggregation import IMAGE, POSITIONS, position_loss, position_outputs
from scenery.models.heads import build_head
from scenery.training.fine_tuning import assemble
from scenery.training.head_training import HeadTrainer, LabeledFeatures

CLASSES = 3


def maps(images: int = 5) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(images, 2, 4, 6)).astype("float32")


def head(how: str, **options: Any) -> keras.Model:
    keras.utils.set_random_seed(1)
    supervise = "positions" if how == "vote" else "image"
    return build_head((2, 4, 6), CLASSES, Head(aggregation=how, supervise=supervise, **options))


def rectifier() -> keras.Model:
    inputs = keras.Input((2, 4, 6))
    return keras.Model(inputs, keras.layers.ReLU()(inputs), name="backbone")


@pytest.mark.parametrize("how", ["mean", "product", "vote"])
def test_answers_are_merged_as_said(how: str) -> None:
    model, values = head(how, dense=(5,)), maps()
    found = np.asarray(model(values))
    # The same layers on each position by itself.
    alone = build_head((6,), CLASSES, Head(dense=(5,)))
    alone.set_weights(model.get_weights())
    answers = np.asarray(alone(values.reshape(-1, 6))).reshape(5, 8, CLASSES)
    expected = {
        "mean": answers.mean(axis=1),
        "product": np.exp(np.log(answers).mean(axis=1)),
        "vote": np.eye(CLASSES)[answers.argmax(axis=2)].mean(axis=1),
    }[how]
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert expected.std() > 0


@pytest.mark.parametrize("how", ["mean", "product", "vote"])
def test_a_saved_model_needs_none_of_this_code(how: str, tmp_path: Path) -> None:
    model = assemble(rectifier(), head(how))
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.models.load_model(path, compile=False, safe_mode=True)
    np.testing.assert_array_equal(np.asarray(loaded(maps())), np.asarray(model(maps())))


def test_the_loss_at_positions_is_the_mean_of_theirs() -> None:
    logits = maps()[..., :CLASSES]
    labels = np.eye(CLASSES, dtype="float32")[[0, 1, 2, 1, 0]]
    each = -np.log(softmax(logits, axis=-1))
    smooth = 0.7 * labels + 0.3 / CLASSES
    expected = (each * smooth[:, None, None]).sum(axis=-1).mean(axis=(1, 2))
    np.testing.assert_allclose(position_loss(0.3)(labels, logits), expected, rtol=1e-5)


def test_position_outputs_shares_the_weights() -> None:
    model = head("vote")
    both = position_outputs(model)(maps())
    np.testing.assert_array_equal(both[IMAGE], model(maps()))
    assert both[POSITIONS].shape == (5, 2, 4, CLASSES)


def features(seed: int, images: int = 60) -> LabeledFeatures:
    """Maps in which one position of eight tells the class and the others are noise."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, images)
    values = random.normal(size=(images, 2, 4, 6)).astype(np.float32)
    values[:, 0, 0, :CLASSES] += 6 * np.eye(CLASSES)[labels]
    return LabeledFeatures(values, labels)


def trained(**head_settings: Any) -> tuple[float, ...]:
    settings = Settings(head=head_settings, optimizer={"learning_rate": 0.05}, batch_size=20)
    learner = HeadTrainer(settings, CLASSES, features(1), features(2))
    for epoch in range(8):
        last = learner.train_epoch(epoch, 0.05)
    return *last, learner.validate()[1]


def test_both_ways_of_learning_learn_and_differ() -> None:
    image = trained(aggregation="mean", dense=[8])
    positions = trained(aggregation="mean", dense=[8], supervise="positions")
    # Seven positions of eight can't know the class, so their own loss stays high.
    assert positions[0] > image[0] + 0.1
    assert min(image[1:] + positions[1:]) > 0.5
    # The same positions learn the same; but one sure voice of eight is outvoted.
    votes = trained(aggregation="vote", dense=[8], supervise="positions")
    assert votes[0] == pytest.approx(positions[0], rel=1e-5)
    assert votes[2] < positions[2] - 0.1


def test_explanations_see_means_over_positions() -> None:
    parts = split_model(assemble(rectifier(), head("product")))
    logits = np.asarray(parts.logits(maps()))
    assert np.asarray(parts.before(maps())).shape == (5, 6)
    np.testing.assert_allclose(softmax(logits, axis=1), np.asarray(parts.head(maps())), rtol=1e-4)


def test_a_vector_has_no_positions() -> None:
    with pytest.raises(ValueError, match="takes feature maps"):
        build_head((6,), CLASSES, Head(aggregation="mean"))
