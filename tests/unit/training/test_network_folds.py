"""A fine-tuned trial from what its folds gave; no network is trained here."""

import numpy as np
import pandas as pd
import pytest

from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData
from scenery.evaluation.training_result import Epoch
from scenery.training.network_folds import FoldHistory, RecordedFolds, join_folds

LABELS = np.arange(12) % 2
FOLDS = np.arange(12) // 4
# How many of the four images of each fold are right after each epoch.
RIGHT = ((2, 4, 2, 1, 1), (1, 2, 4, 3, 3), (2, 3, 2, 2, 4))


def history(right: tuple[int, ...], number: int, head: bool) -> list[Epoch]:
    first = [Epoch("head", 1, 0.1, 2.0, 0.5, 1.0, 0.25 * (number + 1), 1.0)] if head else []
    rate = 0.01 * (number + 1)
    rows = [
        Epoch("network", epoch, rate, 1.0 + number, 0.5, 1.0, count / 4, 2.0)
        for epoch, count in enumerate(right, start=1)
    ]
    return first + rows


def predictions(right: tuple[int, ...], number: int) -> np.ndarray:
    labels = LABELS[number == FOLDS]
    answers = np.array([np.where(np.arange(4) < count, labels, 1 - labels) for count in right])
    return np.eye(2, dtype=np.float32)[answers] * 0.8 + 0.1


def trainer(head: bool = False, **settings: object) -> RecordedFolds:
    nothing = LabeledFeatures(np.zeros((12, 0), np.float32), LABELS)
    data = HeldOutData(nothing, nothing, pd.DataFrame({"label": LABELS}), FOLDS[None])
    recorded = [
        FoldHistory(history(right, number, head), predictions(right, number))
        for number, right in enumerate(RIGHT)
    ]
    given = Settings.model_validate({"epochs": 5, "trainable": "all", **settings})
    return RecordedFolds(given, 2, data, recorded, parameters=9, trained_parameters=4)


def test_join_folds_takes_the_best_epoch_of_the_mean() -> None:
    folds = trainer()
    run = join_folds(folds, "t")
    # Fold by fold the second, third and fifth epoch are best; on average it is the second.
    assert run.best_epoch == 2
    assert run.best_row.validation_accuracy == pytest.approx(9 / 12)
    assert [row.validation_accuracy for row in run.history] == pytest.approx(
        [5 / 12, 9 / 12, 8 / 12, 6 / 12, 8 / 12]
    )
    assert (folds.held_out[0].argmax(axis=1) == LABELS).sum() == 9
    assert (folds.parameters, folds.trained_parameters, folds.images) == (9, 4, 8)


def test_join_folds_has_mean_rates_and_summed_seconds() -> None:
    run = join_folds(trainer(head=True), "t")
    head, first, *_ = run.history
    assert (head.step, head.seconds) == ("head", 3.0)
    assert head.validation_accuracy == pytest.approx(0.5)
    assert (first.step, first.seconds, first.loss) == ("network", 6.0, 2.0)
    assert first.learning_rate == pytest.approx(0.02)
    assert run.rates == pytest.approx([0.02, 0.02])


def test_join_folds_stops_early_by_the_mean() -> None:
    run = join_folds(trainer(early_stopping={"patience": 2}), "t")
    assert [row.epoch for row in run.history] == [1, 2, 3, 4]
    assert run.best_epoch == 2
