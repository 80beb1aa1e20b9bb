"""Scores of an exact linear head, in folds or on a validation share."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenery.classical.linear_head import (
    STRENGTHS,
    LinearHead,
    LinearHeadFitter,
    best_strength,
    held_out_predictions,
)
from scenery.config.settings import Settings
from scenery.data.class_weights import image_weights
from scenery.data.feature_files import LabeledFeatures
from scenery.data.folds import assign_folds
from scenery.evaluation.held_out import HeldOutData, group_numbers
from scenery.evaluation.scores import accuracy, cross_entropy

# Folds by which a strength is chosen where the trial itself is not scored in folds.
INNER_FOLDS = 5
# With fewer images than these, one division is too much a matter of chance. With 5
# photographs of each class, three divisions lose up to 0.004 against the best strength, and one up
# to 0.006.
FEW_IMAGES = 200
REPEATS_OF_FEW = 3


@dataclass(frozen=True)
class LinearScores:
    """A linear head and what was predicted of images that it, or heads like it, had not seen.

    Attributes:
        head: The head of all training images.
        held_out: Class probabilities, shape (repeats, images, classes).
    """

    head: LinearHead
    held_out: np.ndarray
    train_accuracy: float
    train_loss: float
    validation_accuracy: float
    validation_loss: float


def linear_head_fitter(
    settings: Settings, training: LabeledFeatures, classes: int
) -> LinearHeadFitter:
    """A fitter for the settings of a trial."""
    weights = image_weights(training.labels, settings.class_weights, training.weights)
    return LinearHeadFitter(training, weights, classes, settings.head.standardize)


def inner_divisions(table: pd.DataFrame, seed: int) -> np.ndarray:
    """Folds by which a strength is chosen, shape (repeats, images)."""
    labels, groups = table["label"].to_numpy(), group_numbers(table)
    repeats = REPEATS_OF_FEW if len(table) < FEW_IMAGES else 1
    # The seeds of trials are small numbers that follow each other.
    seeds = [seed + 1_000_000 * repeat for repeat in range(repeats)]
    return np.stack([assign_folds(labels, groups, INNER_FOLDS, one) for one in seeds])


def score_in_folds(settings: Settings, data: HeldOutData, classes: int) -> LinearScores:
    """Scores on images that were held out; each fold at the strength chosen by the other folds.

    Args:
        settings: Settings of the trial.
        data: All images with their folds.
        classes: Number of classes.
    """
    labels = data.plain.labels
    fitter = linear_head_fitter(settings, data.training, classes)
    paths = np.zeros((len(data.divisions), len(STRENGTHS), len(labels), classes))
    for fold in data.folds():
        own = fitter
        if data.of_folds is not None:
            own = linear_head_fitter(settings, fold.features.training, classes)
        vectors = fold.features.plain.values[fold.held_out]
        paths[fold.repeat][:, fold.held_out] = own.predicted_path(fold.images, vectors)
    held_out = np.stack(
        [
            held_out_predictions(path, labels, folds)
            for path, folds in zip(paths, data.divisions, strict=True)
        ]
    )
    place = best_strength(paths, labels)
    return _scores(fitter, STRENGTHS[place], held_out, labels)


def score_share(
    fitter: LinearHeadFitter, table: pd.DataFrame, validation: LabeledFeatures, seed: int
) -> LinearScores:
    """Scores on validation images; folds of the training images choose the strength.

    Args:
        fitter: With the training images.
        table: Their rows of the split.
        validation: Features of the validation images.
        seed: Seed of the folds.
    """
    strength = fitter.chosen(fitter.first_view, inner_divisions(table, seed))
    head = fitter.fit(strength)
    held_out = head.probabilities(np.asarray(validation.values))[None]
    return _scores(fitter, strength, held_out, validation.labels, head)


def _scores(
    fitter: LinearHeadFitter,
    strength: float,
    held_out: np.ndarray,
    labels: np.ndarray,
    head: LinearHead | None = None,
) -> LinearScores:
    head = head or fitter.fit(strength)
    fitted = head.probabilities(fitter.first_view)
    return LinearScores(
        head=head,
        held_out=held_out,
        train_accuracy=accuracy(fitted, fitter.labels),
        train_loss=cross_entropy(fitted, fitter.labels),
        validation_accuracy=float(np.mean([accuracy(one, labels) for one in held_out])),
        validation_loss=float(np.mean([cross_entropy(one, labels) for one in held_out])),
    )
