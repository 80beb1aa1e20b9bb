"""The common part of trainers: a Keras model, its weights and its validation."""

import keras
import numpy as np

from scenery.config.settings import Settings
from scenery.evaluation.training_result import Weights
from scenery.training.validated_trainer import Examples, ValidatedTrainer


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


def order_of_epoch(settings: Settings, epoch: int, images: int) -> np.ndarray:
    """The images of one epoch in their order, shape (images seen,).

    Each image once, unless `steps_per_epoch` asks for fewer or more. An image is then seen again
    only after all others.

    Args:
        settings: Settings of the trial.
        epoch: Counted from 0.
        images: Number of training images.
    """
    if settings.steps_per_epoch is None:
        return np.random.default_rng([settings.seed, epoch]).permutation(images)
    # The images are one endless sequence of permutations, of which each epoch takes the next part.
    seen = settings.steps_per_epoch * settings.batch_size
    first, last = epoch * seen, (epoch + 1) * seen
    passes = range(first // images, -(-last // images))
    orders = [np.random.default_rng([settings.seed, one]).permutation(images) for one in passes]
    start = first - passes.start * images
    return np.concatenate(orders)[start : start + seen]


class ModelTrainer(ValidatedTrainer[Examples]):
    """The part of an `epochs.Trainer` that does not depend on how an epoch is computed.

    Attributes:
        model: The network whose weights are learned.
    """

    model: keras.Model

    def get_weights(self) -> Weights:
        """A copy of all weights of the model."""
        return [np.array(value) for value in self.model.get_weights()]

    def set_weights(self, weights: Weights) -> None:
        """Put weights back; there are none if the first epoch diverged."""
        if weights:
            self.model.set_weights(weights)
