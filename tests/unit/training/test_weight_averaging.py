"""Averages of weights: what is averaged, validated and kept, and that a killed run goes on."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from scenery.config.settings import Settings
from scenery.data.packed_images import PackedImages
from scenery.evaluation.training_result import TrainingResult
from scenery.registry.weight_averaging import WeightAveraging
from scenery.training.checkpoints import CheckpointStore
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.fine_tuning import FineTuningTrainer

EPOCHS, STEPS = 4, 3


@pytest.fixture(autouse=True, scope="module")
def as_in_a_job() -> None:
    """Jobs ask TensorFlow for repeatable sums."""
    tf.config.experimental.enable_op_determinism()


def images(seed: int) -> PackedImages:
    random = np.random.default_rng(seed)
    labels = np.arange(20) % 2
    pixels = random.integers(0, 200, (20, 16, 16, 3)) + 30 * labels[:, None, None, None]
    files = tuple(str(n) for n in range(20))
    return PackedImages(
        (pixels.astype(np.uint8),), np.zeros(20, np.int64), np.arange(20), labels, files
    )


def learner(
    average: dict[str, Any] | None, statistics: str = "updated", **more: Any
) -> FineTuningTrainer:
    settings = Settings(
        trainable="all",
        batch_norm_statistics=statistics,
        optimizer={"learning_rate": 0.01},
        epochs=EPOCHS,
        batch_size=8,
        **({} if average is None else {"weight_averaging": average}),
        **more,
    )
    keras.utils.set_random_seed(1)
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, strides=2)(keras.layers.Rescaling(1 / 255)(inputs))
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    network = keras.Model(inputs, x, name="small")
    return FineTuningTrainer(settings, 2, network, images(0), images(1), "t")


def epochs_of(one: FineTuningTrainer) -> tuple[list[list[np.ndarray]], list[tuple[float, float]]]:
    """The weights that the model holds after each epoch, and their scores."""
    weights, scores = [], []
    for epoch in range(EPOCHS):
        one.train_epoch(epoch, 0.01)
        weights.append(one.get_weights())
        scores.append(one.validate())
    return weights, scores


def close(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.allclose(a, b, atol=1e-5) for a, b in zip(first, second, strict=True))


def test_swa_is_the_mean_of_the_weights_after_the_last_epochs() -> None:
    plain, _ = epochs_of(learner(None, "frozen"))
    averaged, scores = epochs_of(learner({"name": "swa", "start": 0.5}, "frozen"))
    for epoch in (0, 1, 2):
        assert close(averaged[epoch], plain[epoch])
    mean = [(a + b) / 2 for a, b in zip(*plain[2:], strict=True)]
    assert not close(plain[3], mean)
    # Training went on from the weights of epoch 3, not from their average.
    assert close(averaged[3], mean)
    one = learner(None, "frozen")
    one.set_weights(mean)
    assert scores[3] == pytest.approx(one.validate(), abs=1e-5)


def test_ema_takes_in_each_step_and_forgets_the_first_ones() -> None:
    one = learner({"name": "ema", "momentum": 0.6}, "updated")
    every: list[list[np.ndarray]] = []

    class Remember(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            every.append(plain.get_weights())

    plain = learner(None, "updated")
    fit = plain.trainer.fit
    plain.trainer.fit = lambda *data, callbacks, **options: fit(
        *data, callbacks=[*callbacks, Remember()], **options
    )
    epochs_of(plain)
    averaged, _ = epochs_of(one)
    assert len(every) == EPOCHS * STEPS
    mean = every[0]
    for number, weights in enumerate(every[1:], start=1):
        kept = min(0.6, number / (number + 9))
        mean = [kept * a + (1 - kept) * b for a, b in zip(mean, weights, strict=True)]
    # Weights and batch norm statistics alike.
    assert close(averaged[-1], mean)
    assert not close(averaged[-1], every[-1])


def test_swa_computes_batch_norm_statistics_with_its_weights() -> None:
    one = learner({"name": "swa", "start": 0.5}, "updated")
    one.settings = one.settings.model_copy(update={"batch_size": 20})
    epochs_of(one)
    convolution, norm = one.backbone.layers[2], one.backbone.layers[3]
    inside = convolution(one.backbone.layers[1](images(0).read(np.arange(20)).astype("float32")))
    mean, variance = (getattr(np, name)(inside, axis=(0, 1, 2)) for name in ("mean", "var"))
    np.testing.assert_allclose(norm.moving_mean, mean, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, variance, rtol=1e-3)


@pytest.mark.parametrize("name", ["ema", "swa"])
def test_statistics_that_are_frozen_stay_as_they_are(name: str) -> None:
    one = learner({"name": name}, "frozen")
    before = [v.numpy() for v in one.backbone.layers[3].non_trainable_weights]
    epochs_of(one)
    for old, new in zip(before, one.backbone.layers[3].non_trainable_weights, strict=True):
        assert np.array_equal(old, new)


def run(one: FineTuningTrainer, store: CheckpointStore, until: int) -> TrainingResult:
    plan = EpochPlan("network", EPOCHS, 0.01, one.settings.schedule, until=until)

    def keep(so_far: TrainingResult, improved: bool) -> None:
        store.save(one, so_far, improved)

    return run_epochs(one, plan, "t", store.restore(one), keep, quiet=True)


@pytest.mark.parametrize("average", [{"name": "ema"}, {"name": "swa", "start": 0.4}], ids=str)
def test_killed_run_goes_on_bit_for_bit(average: dict[str, Any], tmp_path: Path) -> None:
    whole = learner(average)
    expected = run(whole, CheckpointStore(tmp_path / "whole", "key"), EPOCHS)
    for until in (1, 2, 3, EPOCHS):
        last = learner(average)
        found = run(last, CheckpointStore(tmp_path / "parts", "key"), until)
    assert [row.validation_loss for row in found.history] == [
        row.validation_loss for row in expected.history
    ]
    for ours, theirs in zip(last.get_weights(), whole.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    # What a run that is over restores are the averaged weights.
    again = learner(average)
    CheckpointStore(tmp_path / "parts", "key").restore(again)
    assert again.validate() == (
        found.history[-1].validation_loss, found.history[-1].validation_accuracy,
    )  # fmt: skip


def test_refit_averages_as_the_trial_did(tmp_path: Path) -> None:
    trial = learner({"name": "swa", "start": 0.5})
    weights, _ = epochs_of(trial)
    refit = learner({"name": "swa", "start": 0.5})
    found = fit_at_recorded_rates(refit, [0.01] * 3, "network", "t")
    assert close(found.best, weights[2])
    assert not close(found.best, weights[3])


def test_first_averaged_epoch_and_share_kept() -> None:
    swa = WeightAveraging(name="swa", start=0.75).record
    assert [swa.first_epoch(epochs) for epochs in (1, 2, 4, 5, 8)] == [0, 1, 3, 3, 6]
    assert [swa.share_kept(n) for n in range(3)] == [0, 1 / 2, 2 / 3]
    ema = WeightAveraging(name="ema", momentum=0.8).record
    assert [ema.share_kept(n) for n in (0, 1, 1000)] == [0, 0.1, 0.8]
    assert WeightAveraging().record.first_epoch(5) is None
