"""Trials of classical models on features of a frozen backbone."""

import time
from typing import TypeVar

import numpy as np

from scenery.classical import classifiers
from scenery.classical.classifier_scores import score_in_folds, score_share
from scenery.config.settings import Settings
from scenery.evaluation.division_data import FinalData
from scenery.evaluation.held_out import group_numbers
from scenery.evaluation.trial_batches import (
    AnyTrial,
    TrialResult,
    folded_predictions,
    validation_predictions,
)
from scenery.evaluation.trial_data import TrialData
from scenery.evaluation.trial_tables import fitted_row, with_calibration
from scenery.pipeline.execution import peak_memory_mb

T = TypeVar("T", bound=AnyTrial)


def check_neighbors(trial: T, data: TrialData[T], views: int) -> None:
    """Refuse more neighbors than the smallest model of a trial has vectors to learn from.

    Args:
        trial: The trial.
        data: Its data.
        views: Views of each image; 0 for plain images.

    Raises:
        UserError: With both numbers.
    """
    if trial.settings.classifier is None or trial.settings.classifier.n_neighbors is None:
        return
    held_out = data.held_out(trial)
    if held_out is None:
        images = len(data.training_table(trial))
    else:
        folds = held_out.divisions
        images = folds.shape[1] - max(int(np.bincount(one).max()) for one in folds)
    classifiers.check_fits(trial.settings, images * max(views, 1), trial.id)


def final_predictions(settings: Settings, data: FinalData, classes: int) -> np.ndarray:
    """Class probabilities of unseen images by a model of all training images.

    Raises:
        ValueError: The model cannot be fitted.
    """
    model = classifiers.fit(settings, data.training, group_numbers(data.table))
    vectors = np.asarray(data.unseen.values)
    return classifiers.probabilities(model, vectors, classes)


def fit_classifier(trial: T, data: TrialData[T]) -> TrialResult:
    """One trial's metrics and predictions of the images that were held out."""
    started = time.perf_counter()
    frozen, classes, held_out = data.frozen_parameters(trial), data.classes, data.held_out(trial)
    try:
        if held_out is not None:
            found = score_in_folds(trial.settings, held_out, len(classes))
            rows = folded_predictions(trial.id, held_out, found.held_out, classes)
            labels = held_out.table["label"].to_numpy()
        else:
            groups = group_numbers(data.training_table(trial))
            features = data.training(trial), groups, data.validating(trial)
            found = score_share(trial.settings, *features, len(classes))
            rows = validation_predictions(trial.id, data.validation, found.held_out[0], classes)
            labels = data.validation["label"].to_numpy()
    except ValueError as error:
        # Like a diverged network: it cannot be chosen, and the other trials can.
        failed = fitted_row(trial.id, reason=str(error), parameters=frozen)
        return TrialResult(failed, [], [])
    metrics = fitted_row(
        trial.id,
        parameters=frozen + found.stored_numbers,
        trained_parameters=found.stored_numbers,
        train_accuracy=found.train_accuracy,
        train_loss=found.train_loss,
        validation_accuracy=found.validation_accuracy,
        validation_loss=found.validation_loss,
        validation_images=found.images,
        seconds=round(time.perf_counter() - started, 3),
        peak_memory_mb=peak_memory_mb(),
    )
    return TrialResult(with_calibration(metrics, found.held_out, labels), [], rows)
