"""Averaged weights of a network: what is validated and kept, beside the weights that are trained.

Keras has averages in its optimizers (`use_ema`). They leave out batch norm, and replace the trained
weights at the end of each call of `fit`, which here is each epoch.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.evaluation.training_result import Weights
from scenery.registry.weight_averaging import WeightAverageRecord

STATISTICS = ("moving_mean", "moving_variance")


class WeightAverage:
    """The average of a model's weights.

    Between epochs the model holds the average, and in an epoch the weights that are trained.

    Args:
        record: How weights are averaged.
        model: The network.
        epochs: Planned in all.
    """

    def __init__(self, record: WeightAverageRecord, model: keras.Model, epochs: int) -> None:
        self.record = record
        self.model = model
        self.first = record.first_epoch(epochs)
        # The others stay as they are.
        self._variables = [v for v in model.weights if v.trainable or v.name in STATISTICS]
        self._averages = [tf.Variable(v.value, trainable=False) for v in self._variables]
        self._updates = 0
        self._trained: Weights | None = None
        self._take_in = tf.function(
            self._moved, input_signature=[tf.TensorSpec((), tf.float32)], autograph=False
        )

    def begin_epoch(self) -> None:
        """Put the weights that are trained into the model."""
        if self._trained is not None:
            self.model.set_weights(self._trained)
            self._trained = None

    def after_step(self, epoch: int) -> None:
        """Take in the weights after a gradient step of an epoch, if they count."""
        if self.record.per_step and self._counts(epoch):
            self._update()

    def end_epoch(self, epoch: int) -> bool:
        """Put the average into the model; return whether batch norm must be computed anew."""
        if not self._counts(epoch):
            return False
        if not self.record.per_step:
            self._update()
        self._trained = [np.array(value) for value in self.model.get_weights()]
        for variable, average in zip(self._variables, self._averages, strict=True):
            variable.assign(average)
        return not self.record.per_step

    def save(self, path: Path, save_trained: Callable[[], None]) -> None:
        """Write the average, and by `save_trained` the weights that are trained."""
        shown = self.model.get_weights()
        averaged = self._trained is not None
        self.begin_epoch()
        save_trained()
        if averaged:
            self._show(shown)
        # What the model holds has batch norm statistics that the average does not have.
        values = [*(average.numpy() for average in self._averages), *(shown if averaged else [])]
        np.savez(path, np.array(self._updates), *values)

    def load(self, path: Path, load_trained: Callable[[], None]) -> None:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            updates, *values = (stored[name] for name in stored.files)
        load_trained()
        self._updates = int(updates)
        count = len(self._averages)
        for average, value in zip(self._averages, values[:count], strict=True):
            average.assign(value)
        self._trained = None
        if values[count:]:
            self._show(values[count:])

    def _show(self, weights: Weights) -> None:
        """Put the averaged weights into the model, and keep those that are trained."""
        self._trained = [np.array(value) for value in self.model.get_weights()]
        self.model.set_weights(weights)

    def _counts(self, epoch: int) -> bool:
        return self.first is not None and epoch >= self.first

    def _update(self) -> None:
        kept = self.record.share_kept(self._updates)
        self._take_in(tf.constant(kept, tf.float32))
        self._updates += 1

    def _moved(self, kept: tf.Tensor) -> None:
        for variable, average in zip(self._variables, self._averages, strict=True):
            # In this form a weight that does not change is its own average, without rounding.
            average.assign(variable.value + kept * (average - variable.value))


class AveragingCallback(keras.callbacks.Callback):
    """Takes in the weights after each gradient step."""

    def __init__(self, average: WeightAverage, epoch: int) -> None:
        super().__init__()
        self.average, self.number = average, epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.average.after_step(self.number)


class BatchStatistics:
    """Batch norm statistics as means over batches (Izmailov et al. 2018, section 3.2).

    Args:
        model: Called with the images of each batch, as in training.
        layers: Layers of batch norm in it whose statistics training updates.
    """

    def __init__(
        self, model: keras.Model, layers: Sequence[keras.layers.BatchNormalization]
    ) -> None:
        self.model = model
        self._moving = [v for one in layers for v in (one.moving_mean, one.moving_variance)]
        self._shares = [1 - layer.momentum for layer in layers for _ in range(2)]
        self._of_batch = tf.function(self._statistics, reduce_retracing=True)

    def compute(self, batches: Iterable[tuple[tf.Tensor, ...]]) -> None:
        """Set the statistics of all layers.

        Args:
            batches: Each starts with float images.
        """
        sums, images = [np.zeros(v.shape, np.float64) for v in self._moving], 0
        for batch in batches:
            count = int(batch[0].shape[0])
            for total, value in zip(sums, self._of_batch(batch[0]), strict=True):
                total += count * value.numpy()
            images += count
        for variable, total in zip(self._moving, sums, strict=True):
            variable.assign((total / images).astype("float32"))

    def _statistics(self, images: tf.Tensor) -> list[tf.Tensor]:
        # From 0, an update leaves the statistics of the batch times their share.
        for variable in self._moving:
            variable.assign(tf.zeros_like(variable.value))
        self.model(images, training=True)
        return [v.value / share for v, share in zip(self._moving, self._shares, strict=True)]
