"""The first of the classic two steps: the head alone on the frozen backbone's features."""

import dataclasses
import math
import time

import keras
import numpy as np
import pandas as pd

from scenery.classical.linear_scores import inner_divisions, linear_head_fitter
from scenery.config.settings import Augment, Optimizer, Schedule, Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.scores import accuracy, cross_entropy
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import Epoch, TrainingResult
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.trainers import head_trainer


def train_head_first(
    settings: Settings,
    classes: int,
    training: LabeledFeatures,
    validation: LabeledFeatures | None,
    head: keras.Model,
    name: str,
    rates: list[float] | None = None,
    rows: pd.DataFrame | None = None,
) -> TrainingResult:
    """Train a head on features and put its weights into the head of the whole network.

    The features come from files, as for any trial on a frozen backbone. With fine-tuning from there
    this is LP-FT (Kumar et al. 2022, "Fine-tuning can distort pretrained features and underperform
    out-of-distribution").

    Args:
        settings: Settings of the trial; `first_step` says how long and at which rate.
        classes: Number of classes.
        training: Features of the training images.
        validation: Features of the validation images; None in a refit, which uses `rates`.
        head: The head that receives the weights.
        name: What the trial is called in the progress lines.
        rates: Recorded learning rates of a refit.
        rows: Table of the training images, by whose labels and groups an exact head is divided
            into folds.

    Returns:
        The run, with step "head" in its history.
    """
    assert settings.first_step is not None
    if settings.first_step.solver == "lbfgs":
        assert rows is not None
        return _fit_exactly(settings, classes, training, validation, head, rows)
    plain = settings.model_copy(update={"augment": Augment(), "schedule": Schedule()})
    rate = settings.first_step.learning_rate
    trainer = head_trainer(plain, classes, training, validation, Optimizer(learning_rate=rate))
    if validation is None:
        run = fit_at_recorded_rates(trainer, rates or [], "head", name)
    else:
        plan = EpochPlan(
            step="head",
            epochs=settings.first_step.epochs,
            start=rate,
            schedule=Schedule(),
            monitor=settings.monitor,
            smoothing=settings.checkpoint.smoothing,
        )
        run = run_epochs(trainer, plan, f"{name}, head alone", quiet=True)
    if run.status == TrialStatus.COMPLETED:
        # A pooling layer has no weights, so the weights of both heads have the same order.
        head.set_weights(trainer.get_weights())
    return run


def _fit_exactly(
    settings: Settings,
    classes: int,
    training: LabeledFeatures,
    validation: LabeledFeatures | None,
    head: keras.Model,
    rows: pd.DataFrame,
) -> TrainingResult:
    """Fit a linear head; its history has one row, with a learning rate of 0."""
    started = time.perf_counter()
    fitter = linear_head_fitter(settings, training, classes)
    found = fitter.fit(fitter.chosen(fitter.first_view, inner_divisions(rows, settings.seed)))
    head.set_weights(found.weights)

    def scores(values: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        predicted = found.probabilities(values)
        return cross_entropy(predicted, labels), accuracy(predicted, labels)

    loss, right = scores(fitter.first_view, training.labels)
    validation_loss = validation_right = math.nan
    if validation is not None:
        validation_loss, validation_right = scores(validation.values, validation.labels)
    row = Epoch(
        step="head",
        epoch=1,
        learning_rate=0.0,
        loss=loss,
        accuracy=right,
        validation_loss=validation_loss,
        validation_accuracy=validation_right,
        seconds=round(time.perf_counter() - started, 3),
    )
    return TrainingResult(history=[row], best=found.weights, best_epoch=1)


def joined(first: TrainingResult | None, second: TrainingResult) -> TrainingResult:
    """Both steps as one run whose figures are those of the second."""
    if first is None:
        return second
    if first.status != TrialStatus.COMPLETED:
        return first
    return dataclasses.replace(second, history=[*first.history, *second.history])
