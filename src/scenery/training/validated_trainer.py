"""Validation by predictions, whatever library computes them."""

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

import numpy as np

from scenery.evaluation.scores import accuracy, cross_entropy


class Labeled(Protocol):
    """Examples with their class numbers, shape (images,)."""

    @property
    def labels(self) -> np.ndarray:
        """Class numbers from 0."""
        ...


Examples = TypeVar("Examples", bound=Labeled)


class ValidatedTrainer(ABC, Generic[Examples]):
    """The part of an `epochs.Trainer` that needs predictions only.

    Attributes:
        validation: Examples for validating; None in a refit, which has none left.
    """

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
