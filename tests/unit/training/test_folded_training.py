"""A head in all folds at once gives what a head in each fold gives alone."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from feature_sets import CLASSES, FOLDS, features, folded_features

from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData, LearnedFeatures
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.folded_training import FoldedHeadTrainer
from scenery.training.head_training import HeadTrainer
from scenery.training.stacked_training import StackedFoldTrainer


@pytest.mark.parametrize(
    ("views", "values"),
    [
        (0, {"optimizer": {"name": "Adam", "learning_rate": 0.01}, "head": {"dense": [8]}}),
        (0, {"head": {"batch_norm": True, "dropout": 0.5}}),
        (3, {"optimizer": {"name": "SGD", "learning_rate": 0.05, "momentum": 0.9}}),
    ],
    ids=str,
)
def test_folds_do_not_influence_each_other(views: int, values: dict[str, Any]) -> None:
    settings = Settings(epochs=3, batch_size=16, **values)
    images = folded_features(views)
    together = FoldedHeadTrainer(settings, CLASSES, images)
    scores = []
    for epoch in range(3):
        together.train_epoch(epoch, 0.01)
        scores.append(together.held_out[0].copy())
    for fold in images.folds():
        learned, held_out = fold.images, fold.held_out
        alone = HeadTrainer(settings, CLASSES, images.training.of_images(learned), None)
        values_of_all = FoldedHeadTrainer(settings, CLASSES, images)
        for epoch in range(3):
            # The views of an epoch are sampled for all images at once.
            seen = values_of_all._trainer.values_of_epoch(epoch).numpy()[learned]
            alone.optimizer.learning_rate.assign(0.01)
            _train_alone(alone, seen, epoch)
            predicted = alone.predict(images.plain.of_images(held_out))
            np.testing.assert_allclose(scores[epoch][held_out], predicted, atol=2e-4)


def _train_alone(alone: HeadTrainer, seen: np.ndarray, epoch: int) -> None:
    from scenery.training.augmentation import reseed

    reseed(alone.model, alone.settings.seed, epoch)
    order = np.random.default_rng([alone.settings.seed, epoch]).permutation(len(seen))
    alone.train_on(seen, order)


def test_the_best_epoch_is_that_of_the_mean_over_folds() -> None:
    settings = Settings(epochs=6, batch_size=16, optimizer={"learning_rate": 0.05})
    trainer = FoldedHeadTrainer(settings, CLASSES, folded_features())
    run = run_epochs(trainer, EpochPlan.of(settings, "head", trainer.images), "t", quiet=True)
    accuracies = [row.validation_accuracy for row in run.history]
    assert run.best_row.validation_accuracy == max(accuracies)
    # The predictions are those of the best epoch, not of the last.
    right = (trainer.held_out[0].argmax(axis=1) == trainer.data.plain.labels).mean()
    assert right == pytest.approx(run.best_row.validation_accuracy)


@pytest.mark.parametrize("trainer_of", [FoldedHeadTrainer, StackedFoldTrainer])
def test_folds_with_features_of_their_own_learn_from_these(
    trainer_of: type[FoldedHeadTrainer | StackedFoldTrainer],
) -> None:
    settings = Settings(epochs=2, batch_size=16, optimizer={"name": "SGD", "learning_rate": 0.05})
    plain = features(90)
    table = pd.DataFrame({"label": plain.labels})
    # Each fold has its images in other units, as if it had a codebook of its own.
    own = [LabeledFeatures(plain.values**power, plain.labels) for power in (1, 2, 3)]
    of_folds = [[LearnedFeatures(one, one) for one in own]]
    data_of_folds = HeldOutData(own[0], own[0], table, FOLDS[None], of_folds)
    trainer = trainer_of(settings, CLASSES, data_of_folds)
    assert trainer.images == 60
    for epoch in range(2):
        trainer.train_epoch(epoch, 0.05)
    for number, one in enumerate(own):
        same = trainer_of(settings, CLASSES, HeldOutData(one, one, table, FOLDS[None]))
        for epoch in range(2):
            same.train_epoch(epoch, 0.05)
        here = number == FOLDS
        np.testing.assert_allclose(trainer.held_out[0, here], same.held_out[0, here], atol=1e-5)
