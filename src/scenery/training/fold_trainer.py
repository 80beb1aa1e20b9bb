"""What all trainers of heads in folds have in common: they keep predictions, and no weights."""

from abc import ABC, abstractmethod

import numpy as np

from scenery.config.settings import Settings
from scenery.evaluation.held_out import HeldOutData
from scenery.evaluation.scores import accuracy, cross_entropy
from scenery.evaluation.training_result import Weights


class FoldTrainer(ABC):
    """A head in every fold of every repeat; see `epochs.Trainer`.

    Learning rate, best epoch and early stopping are those of the mean over all folds. Only
    the predictions of the held-out images are kept from an epoch, since the final model is a refit.

    Args:
        settings: Settings of the head.
        classes: Number of classes.
        data: Features of all images with their folds.

    Attributes:
        folds: The fold of each head.
        training: Features of all folds.
        images_of: For each head, the places of its training images in these features.
        held_out: Class probabilities of the epoch, shape (repeats, images, classes).
        parameters: Number of weights of a head.
        trained_parameters: How many of them are learned.
    """

    parameters: int
    trained_parameters: int

    def __init__(self, settings: Settings, classes: int, data: HeldOutData) -> None:
        self.settings = settings
        self.data = data
        self.folds = list(data.folds())
        self.training, self.images_of = data.stacked()
        self.held_out = np.zeros((*data.divisions.shape, classes), np.float32)

    @property
    def images(self) -> int:
        """Number of training images of the smallest fold's head."""
        return min(map(len, self.images_of))

    @abstractmethod
    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        """One pass of each fold over its training images; mean loss and accuracy."""

    def validate(self) -> tuple[float, float]:
        """Cross-entropy and accuracy on the held-out images, means over the repeats."""
        labels = self.data.plain.labels
        scores = [(cross_entropy(one, labels), accuracy(one, labels)) for one in self.held_out]
        loss, right = np.mean(scores, axis=0)
        return float(loss), float(right)

    def get_weights(self) -> Weights:
        """A copy of the predictions, which are all that is kept of an epoch."""
        return [self.held_out.copy()]

    def set_weights(self, weights: Weights) -> None:
        """Put predictions back; training goes on from the last epoch all the same."""
        if weights:
            self.held_out = weights[0].copy()
