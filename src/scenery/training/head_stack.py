"""Heads of one trial that learn from different images, trained together in NumPy.

An epoch of a head takes some milliseconds. TensorFlow takes as long to start an operation as to
compute it, and as long to build its graph as to train. The heads of the folds share the features,
the random numbers of dropout and the calls of NumPy.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from scenery.config.settings import Optimizer, Settings
from scenery.data.class_weights import image_weights
from scenery.data.feature_files import LabeledFeatures
from scenery.data.standardization import mean_and_deviation
from scenery.registry.options import LEAKY_SLOPE, of_layer
from scenery.registry.schedules import decay_in_epoch
from scenery.training.activations import ACTIVATIONS
from scenery.training.batch_norm import without_lone_image
from scenery.training.model_trainer import order_of_epoch
from scenery.training.stacked_network import StackedNetwork
from scenery.training.update_rules import Update, update_rule

# Images that are predicted at a time.
PREDICTED = 512
# Values of a batch of all heads that are trained at once. More do not fit into the cache of a
# processor, and fewer are not worth the calls.
AT_ONCE = 262_144
# Dropout compares random numbers of 16 bits, four of which are made at once.
LEVELS = 65_536


def can_be_stacked(settings: Settings, optimizer: Optimizer | None = None) -> bool:
    """Whether NumPy can train the head of a trial on pooled features. Keras can train all heads.

    Args:
        settings: Settings of the trial.
        optimizer: The optimizer, if it is not that of the settings.
    """
    head = settings.head
    numbers = range(len(head.dense))
    return (
        head.pooling != "flatten"
        and head.aggregation == "none"
        and head.class_mode == "categorical"
        and head.kernel_initializer is None
        and head.negative_slope == LEAKY_SLOPE
        and all(of_layer(head.activation, number) in ACTIVATIONS for number in numbers)
        and settings.loss != "mean_squared_error"
        and update_rule(optimizer or settings.optimizer) is not None
    )


class HeadStack:
    """Heads with the settings of one trial, each with its own training images.

    Args:
        settings: Settings of the trial.
        classes: Number of classes.
        training: Features of all images.
        images: Of each head the numbers of its training images.
        optimizer: The optimizer, if it is not that of the settings.

    Attributes:
        images: Of each head the numbers of its training images.
        weights: The weights of each head that are learned, shape (heads, parameters).
        statistics: Its moving means and variances, shape (heads, statistics).
    """

    def __init__(
        self,
        settings: Settings,
        classes: int,
        training: LabeledFeatures,
        images: Sequence[np.ndarray],
        optimizer: Optimizer | None = None,
    ) -> None:
        self.images = images
        self._settings = settings
        self._training = training
        self._network = StackedNetwork(training.values.shape[-1], classes, settings.head)
        self._rate = (optimizer or settings.optimizer).learning_rate
        rule = update_rule(optimizer or settings.optimizer)
        assert rule is not None
        self._rule = rule
        shape = (len(images), self._network.parameters)
        self.weights = np.tile(self._network.first_weights(settings.seed), (len(images), 1))
        self.statistics = np.tile(self._network.first_statistics(), (len(images), 1))
        self._state = rule.start(shape)
        self._steps = np.zeros((len(images), 1))
        self._gradients, *self._spare = (np.empty(shape, np.float32) for _ in range(3))
        self._image_weights = image_weights(
            training.labels, settings.class_weights, training.weights
        )
        smoothing = np.float32(settings.label_smoothing)
        self._targets = np.eye(classes, dtype=np.float32)[training.labels]
        self._targets = self._targets * (1 - smoothing) + smoothing / np.float32(classes)
        self._means: np.ndarray | None = None
        if settings.head.standardize:
            found = [mean_and_deviation(training.of_images(some).values) for some in images]
            self._standardization = [[mean, deviation**2] for mean, deviation in found]
            self._means = np.array([mean for mean, _ in found], np.float32)[:, None]
            self._scales = np.array([1 / dev for _, dev in found], np.float32)[:, None]

    @property
    def trained_parameters(self) -> int:
        """Number of weights of a head that are learned."""
        return self._network.parameters

    @property
    def parameters(self) -> int:
        """Number of weights of a head, with means and variances."""
        fixed = 0 if self._means is None else 2 * self._means.shape[-1]
        return self._network.parameters + self._network.statistics + fixed

    def keras_weights(self, head: int) -> list[np.ndarray]:
        """All weights of a head, in the order of the Keras model."""
        fixed = [] if self._means is None else self._standardization[head]
        views = self._network.keras_views(self.weights[head], self.statistics[head])
        return [*fixed, *(view.copy() for view in views)]

    def set_keras_weights(self, head: int, weights: Sequence[np.ndarray]) -> None:
        """Put the weights of `keras_weights` back, but for those of the standardization."""
        views = self._network.keras_views(self.weights[head], self.statistics[head])
        for view, values in zip(views, weights[-len(views) :], strict=True):
            view[...] = values

    def train_epoch(self, epoch: int, rate: float) -> np.ndarray:
        """One pass of each head over its images, in a random order of its own.

        Returns:
            Mean loss and accuracy of each head, shape (heads, 2).
        """
        seed, size = self._settings.seed, self._settings.batch_size
        values = self._training.sample_views(epoch, seed)
        orders = [self._order(some, epoch) for some in self.images]
        dropout = _Dropout(self._settings, self._network, epoch)
        decay = decay_in_epoch(self._settings.schedule, self._rate, epoch, rate)
        sums = np.zeros((len(orders), 2))
        with np.errstate(all="ignore"):  # what is not finite ends the trial
            for step, start in enumerate(range(0, max(map(len, orders)), size)):
                batches = [order[start : start + size] for order in orders]
                keep = dropout.of_batch(max(len(batch) for batch in batches))
                for heads, rows in _at_once(batches, AT_ONCE // values.shape[1]):
                    losses, right = self._learn(
                        heads, values, rows, keep, rate / (1 + decay * step)
                    )
                    sums[heads, 0] += losses * rows.shape[1]
                    sums[heads, 1] += right
        return sums / np.array([[len(order)] for order in orders])

    def _order(self, images: np.ndarray, epoch: int) -> np.ndarray:
        """The training images of a head in the order of an epoch."""
        order = images[order_of_epoch(self._settings, epoch, len(images))]
        if self._settings.head.batch_norm:
            return without_lone_image(order, self._settings.batch_size)
        return order

    def _learn(
        self,
        heads: slice,
        values: np.ndarray,
        rows: np.ndarray,
        keep: list[np.ndarray | None],
        rate: float,
    ) -> tuple[np.ndarray, np.ndarray]:
        """One update; mean losses, and numbers of images predicted right, shape (heads,)."""
        size = rows.shape[1]
        losses, right = self._network.learn(
            self.weights[heads],
            self.statistics[heads],
            self._standardized(values[rows], heads),
            self._targets[rows],
            self._image_weights[rows],
            [None if factors is None else factors[:size] for factors in keep],
            self._gradients[heads],
        )
        self._steps[heads] += 1
        self._rule.update(
            Update(
                weights=self.weights[heads],
                gradients=self._gradients[heads],
                state=[array[heads] for array in self._state],
                rate=rate,
                steps=self._steps[heads],
                spare=(self._spare[0][heads], self._spare[1][heads]),
            )
        )
        return losses, right

    def _standardized(self, vectors: np.ndarray, heads: slice) -> np.ndarray:
        """Vectors of each head, standardized in place."""
        if self._means is not None:
            vectors -= self._means[heads]
            vectors *= self._scales[heads]
        return vectors

    def predict(self, head: int, values: np.ndarray) -> np.ndarray:
        """Class probabilities by one head, shape (images, classes).

        Args:
            head: Its number.
            values: Features, shape (images, values).
        """
        heads = slice(head, head + 1)
        parts = []
        with np.errstate(all="ignore"):
            for start in range(0, len(values), PREDICTED):
                vectors = np.array(values[None, start : start + PREDICTED], np.float32)
                vectors = self._standardized(vectors, heads)
                found = self._network.probabilities(
                    self.weights[heads], self.statistics[heads], vectors
                )
                parts.append(found[0])
        return np.concatenate(parts)


class _Dropout:
    """The random factors of an epoch, which depend on the seed and the epoch alone."""

    def __init__(self, settings: Settings, network: StackedNetwork, epoch: int) -> None:
        self._layers = network.layers
        rates = [of_layer(settings.head.dropout, number) for number, _ in enumerate(self._layers)]
        self._least = [min(round(rate * LEVELS), LEVELS - 1) for rate in rates]
        seeds = np.random.SeedSequence([settings.seed, epoch]).spawn(len(self._layers))
        self._generators = [np.random.PCG64(seed) for seed in seeds]

    def of_batch(self, size: int) -> list[np.ndarray | None]:
        """The factors of the inputs of each layer, shape (size, inputs); None: no dropout."""
        found: list[np.ndarray | None] = []
        for layer, least, generator in zip(
            self._layers, self._least, self._generators, strict=True
        ):
            if not least:
                found.append(None)
                continue
            count = size * layer.inputs
            # In the same order of bytes on every machine.
            raw = generator.random_raw(-(-count // 4)).astype("<u8", copy=False)
            kept = raw.view("<u2")[:count].reshape(size, layer.inputs) >= np.uint16(least)
            found.append(np.multiply(kept, np.float32(LEVELS / (LEVELS - least))))
        return found


def _at_once(batches: Sequence[np.ndarray], most: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Neighboring heads with batches of one size, with their images, shape (heads, batch).

    Args:
        batches: Images of each head's batch.
        most: Images that are trained on at once; a head's own batch may have more.
    """
    for size, numbers in groupby(range(len(batches)), key=lambda number: len(batches[number])):
        heads = list(numbers)
        if not size:
            continue
        count = max(1, most // size)
        for first in range(heads[0], heads[-1] + 1, count):
            some = slice(first, min(first + count, heads[-1] + 1))
            yield some, np.stack(batches[some])
