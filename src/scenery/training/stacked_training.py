"""Trainers of heads that NumPy computes; see `head_stack`."""

import numpy as np

from scenery.config.settings import Optimizer, Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData
from scenery.evaluation.training_result import Weights
from scenery.training.fold_trainer import FoldTrainer
from scenery.training.head_stack import HeadStack
from scenery.training.validated_trainer import ValidatedTrainer


class StackedHeadTrainer(ValidatedTrainer[LabeledFeatures]):
    """A head with training and validation features; see `epochs.Trainer`.

    It is a stack of one head, so it gives the same numbers as one fold of `StackedFoldTrainer`.
    """

    def __init__(
        self,
        settings: Settings,
        classes: int,
        training: LabeledFeatures,
        validation: LabeledFeatures | None,
        optimizer: Optimizer | None = None,
    ) -> None:
        self.settings = settings
        self.training = training
        self.validation = validation
        everything = [np.arange(len(training.labels))]
        self._stack = HeadStack(settings, classes, training, everything, optimizer)
        self.parameters = self._stack.parameters
        self.trained_parameters = self._stack.trained_parameters

    @property
    def images(self) -> int:
        """Number of training images."""
        return len(self.training.labels)

    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        """One pass over the training features; mean loss and accuracy."""
        loss, right = self._stack.train_epoch(epoch, rate)[0]
        return float(loss), float(right)

    def predict(self, features: LabeledFeatures) -> np.ndarray:
        """Class probabilities, shape (images, classes), of plain features."""
        return self._stack.predict(0, features.values)

    def get_weights(self) -> Weights:
        """A copy of all weights, in the order of the Keras model."""
        return self._stack.keras_weights(0)

    def set_weights(self, weights: Weights) -> None:
        """Put weights back; there are none if the first epoch diverged."""
        if weights:
            self._stack.set_keras_weights(0, weights)


class StackedFoldTrainer(FoldTrainer):
    """A head in every fold of every repeat; see `epochs.Trainer`."""

    def __init__(self, settings: Settings, classes: int, data: HeldOutData) -> None:
        super().__init__(settings, classes, data)
        self._stack = HeadStack(settings, classes, self.training, self.images_of)
        self.parameters = self._stack.parameters
        self.trained_parameters = self._stack.trained_parameters

    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        """One pass of each fold over its training images; mean loss and accuracy."""
        loss, right = self._stack.train_epoch(epoch, rate).mean(axis=0)
        for head, fold in enumerate(self.folds):
            values = fold.features.plain.of_images(fold.held_out).values
            self.held_out[fold.repeat, fold.held_out] = self._stack.predict(head, values)
        return float(loss), float(right)
