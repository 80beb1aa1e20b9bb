"""The common part of trainers: a Keras model, its weights and its validation."""

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

import keras
import numpy as np

from scenery.config.settings import Settings
from scenery.evaluation.scores import accuracy, cross_entropy
from scenery.evaluation.training_result import Weights


def make_loss(settings: Settings, reduction: str = "sum_over_batch_size") -> keras.losses.Loss:
    """The loss of a trial: targets and probabilities, shape (images, classes), to numbers.

    Args:
        settings: Settings of the trial.
        reduction: That of Keras; none for one number for each image.
    """
    if settings.loss == "mean_squared_error":
        return keras.losses.MeanSquaredError(reduction=reduction)
    return keras.losses.CategoricalCrossentropy(
        label_smoothing=settings.label_smoothing, reduction=reduction
    )


class Labeled(Protocol):
    """Examples with their class numbers, shape (images,)."""

    @property
    def labels(self) -> np.ndarray:
        """Class numbers from 0."""
        ...


Examples = TypeVar("Examples", bound=Labeled)


class ModelTrainer(ABC, Generic[Examples]):
    """The part of an `epochs.Trainer` that does not depend on how an epoch is computed.

    Attributes:
        model: The network whose weights are learned.
        validation: Examples for validating; None in a refit, which has none left.
    """

    model: keras.Model
    validation: Examples | None

    @abstractmethod
    def predict(self, examples: Examples) -> np.ndarray:
        """Class probabilities, shape (images, classes)."""

    def validate(self) -> tuple[float, float]:
        """Cross-entropy and accuracy on the validation examples."""
        assert self.validation is not None
        predicted = self.predict(self.validation)
        labels = self.validation.labels
        return cross_entropy(predicted, labels), accuracy(predicted, labels)

    def get_weights(self) -> Weights:
        """A copy of all weights of the model."""
        return [np.array(value) for value in self.model.get_weights()]

    def set_weights(self, weights: Weights) -> None:
        """Put weights back; there are none if the first epoch diverged."""
        if weights:
            self.model.set_weights(weights)
