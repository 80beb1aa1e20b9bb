"""Training of heads on features of a frozen backbone by Keras: an epoch is one call of one graph.

It is for heads that NumPy does not compute; see `trainers`. On features the arithmetic of an epoch
takes a few milliseconds, and the training loop of Keras ten times as long. The loop over batches is
therefore compiled too. Optimizer, loss and layers are those of Keras.
"""

import keras
import numpy as np
import tensorflow as tf

from scenery.config.settings import Optimizer, Settings
from scenery.data.class_weights import image_weights
from scenery.data.feature_files import LabeledFeatures
from scenery.models.aggregation import IMAGE, POSITIONS, position_loss, position_outputs
from scenery.models.heads import build_head, fit_standardization
from scenery.registry.schedules import decay_in_epoch, falls_in_epoch
from scenery.training.augmentation import reseed
from scenery.training.batch_norm import has_batch_norm, without_lone_image
from scenery.training.model_trainer import ModelTrainer, make_loss, order_of_epoch


class HeadTrainer(ModelTrainer[LabeledFeatures]):
    """A head with training and validation features; see `epochs.Trainer`."""

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
        keras.utils.set_random_seed(settings.seed)
        shape = training.values.shape[2:] if training.views else training.values.shape[1:]
        self.model = build_head(tuple(shape), classes, settings.head)
        fit_standardization(self.model, training.values)
        self._optimizer_settings = optimizer or settings.optimizer
        self.optimizer = self._optimizer_settings.record.build()
        self.optimizer.build(self.model.trainable_variables)
        self._loss = make_loss(settings, reduction="none")
        # Rate of the first step of the epoch, and how it falls from step to step.
        self._rate, self._decay = tf.Variable(0.0), tf.Variable(0.0)
        self._positions = None
        if settings.head.supervise == "positions":
            self._positions = position_outputs(self.model)
            self._position_loss = position_loss(settings.label_smoothing)
        self._labels = tf.constant(np.eye(classes, dtype=np.float32)[training.labels])
        self._weights = tf.constant(
            image_weights(training.labels, settings.class_weights, training.weights)
        )
        # Plain features are one tensor for all epochs; views are sampled for each epoch.
        self._plain = None if training.views else tf.constant(training.values)
        # Traced once for folds of all sizes.
        self._epoch = tf.function(
            self._one_epoch,
            input_signature=[
                tf.TensorSpec((None, *shape), tf.float32),
                tf.TensorSpec((None,), tf.int32),
            ],
        )
        # Traced once for batches of all sizes.
        self._predict = tf.function(
            lambda x: self.model(x, training=False),
            input_signature=[tf.TensorSpec((None, *shape), tf.float32)],
        )

    @property
    def images(self) -> int:
        """Number of training images."""
        return len(self.training.labels)

    @property
    def parameters(self) -> int:
        """Number of weights of the head."""
        return int(self.model.count_params())

    @property
    def trained_parameters(self) -> int:
        """How many of them are learned."""
        return int(sum(np.prod(v.shape) for v in self.model.trainable_variables))

    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        """One pass over the training features in an order of its own."""
        seed = self.settings.seed
        self.set_rate(epoch, rate)
        reseed(self.model, seed, epoch)
        order = order_of_epoch(self.settings, epoch, len(self.training.labels))
        return self.train_on(self.values_of_epoch(epoch), order)

    def set_rate(self, epoch: int, rate: float) -> None:
        """Set the learning rate of an epoch, or of its first step if it falls in the epoch."""
        start = self._optimizer_settings.learning_rate
        self.optimizer.learning_rate.assign(rate)
        self._rate.assign(rate)
        self._decay.assign(decay_in_epoch(self.settings.schedule, start, epoch, rate))

    def values_of_epoch(self, epoch: int) -> tf.Tensor:
        """The features that an epoch sees, of each image one view."""
        if self._plain is not None:
            return self._plain
        return tf.constant(self.training.sample_views(epoch, self.settings.seed))

    def train_on(self, values: tf.Tensor, images: np.ndarray) -> tuple[float, float]:
        """One pass over some images in the order given; mean loss and accuracy.

        Args:
            values: Features of all images.
            images: Shape (some images,), their numbers.
        """
        if has_batch_norm(self.model):
            images = without_lone_image(images, self.settings.batch_size)
        loss, right = self._epoch(values, tf.constant(images.astype(np.int32)))
        return float(loss), float(right)

    def _one_epoch(self, values: tf.Tensor, order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        count = tf.shape(order)[0]
        size = self.settings.batch_size
        variables = self.model.trainable_variables
        falls = falls_in_epoch(self.settings.schedule)
        loss_sum, right_sum = 0.0, 0.0
        for start in tf.range(0, count, size):
            rows = order[start : tf.minimum(start + size, count)]
            inputs, labels = tf.gather(values, rows), tf.gather(self._labels, rows)
            with tf.GradientTape() as tape:
                predicted, losses = self._predict_and_loss(inputs, labels)
                loss = tf.reduce_mean(losses * tf.gather(self._weights, rows))
                if self.model.losses:
                    loss += tf.add_n(self.model.losses)
            gradients = tape.gradient(loss, variables)
            if falls:
                step = tf.cast(start // size, tf.float32)
                self.optimizer.learning_rate.assign(self._rate / (1.0 + self._decay * step))
            self.optimizer.apply(gradients, variables)
            right = tf.equal(tf.argmax(predicted, 1), tf.argmax(labels, 1))
            loss_sum += loss * tf.cast(tf.shape(rows)[0], tf.float32)
            right_sum += tf.reduce_sum(tf.cast(right, tf.float32))
        total = tf.cast(count, tf.float32)
        return loss_sum / total, right_sum / total

    def _predict_and_loss(
        self, inputs: tf.Tensor, labels: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Probabilities (images, classes) and the loss of each image."""
        if self._positions is None:
            predicted = self.model(inputs, training=True)
            return predicted, self._loss(labels, predicted)
        outputs = self._positions(inputs, training=True)
        return outputs[IMAGE], self._position_loss(labels, outputs[POSITIONS])

    def predict(self, features: LabeledFeatures, batch: int = 512) -> np.ndarray:
        """Class probabilities, shape (images, classes), of plain features."""
        count = len(features.labels)
        parts = [
            self._predict(tf.constant(features.values[start : start + batch])).numpy()
            for start in range(0, count, batch)
        ]
        return np.concatenate(parts)
