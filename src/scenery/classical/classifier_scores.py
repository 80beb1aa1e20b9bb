"""Scores of a classical model, in folds or on a validation share."""

from dataclasses import dataclass

import numpy as np

from scenery.classical import classifiers
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData, group_numbers
from scenery.evaluation.scores import accuracy, cross_entropy


@dataclass(frozen=True)
class ClassifierScores:
    """What a classical model gave.

    Attributes:
        held_out: Class probabilities of the images that were held out, shape (repeats, images,
            classes).
        stored_numbers: Numbers that the model keeps; in folds those of the largest model.
    """

    held_out: np.ndarray
    stored_numbers: int
    train_accuracy: float
    train_loss: float
    validation_accuracy: float
    validation_loss: float

    @property
    def images(self) -> int:
        """Number of images that were held out."""
        return int(self.held_out.shape[1])


def score_share(
    settings: Settings,
    training: LabeledFeatures,
    groups: np.ndarray,
    validation: LabeledFeatures,
    classes: int,
) -> ClassifierScores:
    """Scores on validation images.

    Args:
        settings: With a classifier.
        training: Features of the training images.
        groups: Shape (training images,), their groups.
        validation: Plain features of the validation images.
        classes: Number of classes.

    Raises:
        ValueError: The model cannot be fitted.
    """
    found, fitted, stored = _fit(settings, training, groups, validation.values, classes)
    return _scores(found[None], validation.labels, [fitted], stored)


def score_in_folds(settings: Settings, data: HeldOutData, classes: int) -> ClassifierScores:
    """Scores on images that were held out. Arguments and errors as above."""
    groups = group_numbers(data.table)
    held_out = np.zeros((*data.divisions.shape, classes))
    fitted, stored = [], 0
    for fold in data.folds():
        training = fold.features.training.of_images(fold.images)
        vectors = np.asarray(fold.features.plain.values[fold.held_out])
        found = _fit(settings, training, groups[fold.images], vectors, classes)
        held_out[fold.repeat, fold.held_out], scores, numbers = found
        fitted.append(scores)
        stored = max(stored, numbers)
    return _scores(held_out, data.plain.labels, fitted, stored)


def _fit(
    settings: Settings,
    training: LabeledFeatures,
    groups: np.ndarray,
    vectors: np.ndarray,
    classes: int,
) -> tuple[np.ndarray, tuple[float, float], int]:
    """Probabilities of vectors, accuracy and loss on the training images, and stored numbers."""
    model, fitted = classifiers.fit_and_predict(settings, training, groups, classes)
    _, labels, _ = classifiers.as_rows(training)
    scores = accuracy(fitted, labels), cross_entropy(fitted, labels)
    predicted = classifiers.probabilities(model, vectors, classes)
    return predicted, scores, classifiers.stored_numbers(model)


def _scores(
    held_out: np.ndarray, labels: np.ndarray, fitted: list[tuple[float, float]], stored: int
) -> ClassifierScores:
    train_accuracy, train_loss = np.mean(fitted, axis=0)
    return ClassifierScores(
        held_out=held_out,
        stored_numbers=stored,
        train_accuracy=float(train_accuracy),
        train_loss=float(train_loss),
        validation_accuracy=float(np.mean([accuracy(one, labels) for one in held_out])),
        validation_loss=float(np.mean([cross_entropy(one, labels) for one in held_out])),
    )
