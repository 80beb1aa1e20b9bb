"""Training of one head in all folds at once, epoch by epoch.

The folds share one model, one optimizer and one compiled graph, which takes longer to build than an
epoch takes to compute. Before an epoch of a fold, its variables are put into them.
"""

import numpy as np
import tensorflow as tf

from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData
from scenery.evaluation.scores import accuracy, cross_entropy
from scenery.evaluation.training_result import Weights
from scenery.models.heads import fit_standardization
from scenery.training.augmentation import SEED_STATE, reseed
from scenery.training.head_training import HeadTrainer
from scenery.training.model_trainer import order_of_epoch


class FoldedHeadTrainer:
    """A head in every fold of every repeat; see `epochs.Trainer`.

    Learning rate, best epoch and early stopping are those of the mean over all folds. Of an epoch
    only the predictions of the held-out images are kept, since the final model is a refit.

    Attributes:
        settings: Settings of the head.
        model: The model that all folds share.
    """

    def __init__(self, settings: Settings, classes: int, data: HeldOutData) -> None:
        self.settings = settings
        self._data = data
        self._trainer = HeadTrainer(settings, classes, data.training, None)
        self.model = self._trainer.model
        self._variables = [
            variable
            for variable in (*self.model.variables, *self._trainer.optimizer.variables)
            if variable.name not in (SEED_STATE, "learning_rate")
        ]
        self._folds = list(data.folds())
        self._states = [self._first_state(images) for _, images, _ in self._folds]
        self._held_out = np.zeros((*data.divisions.shape, classes), np.float32)

    @property
    def images(self) -> int:
        """Number of training images of the smallest fold's head."""
        return min(len(images) for _, images, _ in self._folds)

    def _first_state(self, images: np.ndarray) -> list[tf.Tensor]:
        """The variables before training; the standardization is that of the fold's images."""
        fit_standardization(self.model, self._data.training.of_images(images).values)
        return [tf.identity(variable.value) for variable in self._variables]

    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        """One pass of each fold over its training images; mean loss and accuracy."""
        seed = self.settings.seed
        self._trainer.set_rate(epoch, rate)
        values = self._trainer.values_of_epoch(epoch)
        results = []
        for number, (repeat, images, held_out) in enumerate(self._folds):
            self._put(self._states[number])
            reseed(self.model, seed, epoch)
            order = order_of_epoch(self.settings, epoch, len(images))
            results.append(self._trainer.train_on(values, images[order]))
            self._states[number] = [tf.identity(variable.value) for variable in self._variables]
            self._held_out[repeat, held_out] = self._trainer.predict(self._held(held_out))
        loss, right = np.mean(results, axis=0)
        return float(loss), float(right)

    def _put(self, state: list[tf.Tensor]) -> None:
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def _held(self, images: np.ndarray) -> LabeledFeatures:
        return self._data.plain.of_images(images)

    @property
    def held_out(self) -> np.ndarray:
        """Class probabilities of the epoch, shape (repeats, images, classes)."""
        return self._held_out

    def validate(self) -> tuple[float, float]:
        """Cross-entropy and accuracy on the held-out images, means over the repeats."""
        labels = self._data.plain.labels
        scores = [(cross_entropy(one, labels), accuracy(one, labels)) for one in self._held_out]
        loss, right = np.mean(scores, axis=0)
        return float(loss), float(right)

    def get_weights(self) -> Weights:
        """A copy of the predictions, which are all that is kept of an epoch."""
        return [self._held_out.copy()]

    def set_weights(self, weights: Weights) -> None:
        """Put predictions back; training goes on from the last epoch all the same."""
        if weights:
            self._held_out = weights[0].copy()
