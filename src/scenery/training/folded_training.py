"""Training of one head in all folds at once by Keras, epoch by epoch.

It is for heads that NumPy does not compute; see `trainers`. The folds share one model, one
optimizer and one compiled graph, which takes longer to build than an epoch takes to compute. Before
an epoch of a fold, its variables are put into them.
"""

import numpy as np
import tensorflow as tf

from scenery.config.settings import Settings
from scenery.evaluation.held_out import HeldOutData
from scenery.models.heads import fit_standardization
from scenery.training.augmentation import SEED_STATE, reseed
from scenery.training.fold_trainer import FoldTrainer
from scenery.training.head_training import HeadTrainer
from scenery.training.model_trainer import order_of_epoch


class FoldedHeadTrainer(FoldTrainer):
    """A head in every fold of every repeat; see `epochs.Trainer`.

    Attributes:
        model: The model that all folds share.
    """

    def __init__(self, settings: Settings, classes: int, data: HeldOutData) -> None:
        super().__init__(settings, classes, data)
        self._trainer = HeadTrainer(settings, classes, self.training, None)
        self.model = self._trainer.model
        self.parameters = self._trainer.parameters
        self.trained_parameters = self._trainer.trained_parameters
        self._variables = [
            variable
            for variable in (*self.model.variables, *self._trainer.optimizer.variables)
            if variable.name not in (SEED_STATE, "learning_rate")
        ]
        self._states = [self._first_state(images) for images in self.images_of]

    def _first_state(self, images: np.ndarray) -> list[tf.Tensor]:
        """The variables before training; the standardization is that of the fold's images."""
        fit_standardization(self.model, self.training.of_images(images).values)
        return [tf.identity(variable.value) for variable in self._variables]

    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        """One pass of each fold over its training images; mean loss and accuracy."""
        seed = self.settings.seed
        self._trainer.set_rate(epoch, rate)
        values = self._trainer.values_of_epoch(epoch)
        results = []
        for number, (fold, images) in enumerate(zip(self.folds, self.images_of, strict=True)):
            self._put(self._states[number])
            reseed(self.model, seed, epoch)
            order = order_of_epoch(self.settings, epoch, len(images))
            results.append(self._trainer.train_on(values, images[order]))
            self._states[number] = [tf.identity(variable.value) for variable in self._variables]
            held = fold.features.plain.of_images(fold.held_out)
            self.held_out[fold.repeat, fold.held_out] = self._trainer.predict(held)
        loss, right = np.mean(results, axis=0)
        return float(loss), float(right)

    def _put(self, state: list[tf.Tensor]) -> None:
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)
