"""Batch norm of heads in NumPy, each head with its own statistics.

It is Keras' `BatchNormalization` (Ioffe and Szegedy 2015). An update subtracts the mean of its
batch and divides by the deviation. A prediction uses moving averages of mean and variance.
"""

from dataclasses import dataclass

import numpy as np

from scenery.models.heads import MOMENTUM

# The default of Keras.
EPSILON = np.float32(1e-3)
KEPT, ADDED = np.float32(MOMENTUM), np.float32(1 - MOMENTUM)


@dataclass(frozen=True)
class BatchNorm:
    """Where the weights and moving statistics of a layer are in the rows of a head.

    Attributes:
        start: Place of the first factor in the row of weights. The offsets follow the factors.
        first_mean: Place of the first mean in the row of statistics. The variances follow the
            means.
        width: Number of values in and out.
    """

    start: int
    first_mean: int
    width: int

    @property
    def end(self) -> int:
        """The place after the offsets."""
        return self.start + 2 * self.width

    def factors(self, rows: np.ndarray) -> np.ndarray:
        """The factors in rows of weights, a view of shape (heads, 1, width)."""
        return rows[:, None, self.start : self.start + self.width]

    def offsets(self, rows: np.ndarray) -> np.ndarray:
        """The offsets in rows of weights, a view of shape (heads, 1, width)."""
        return rows[:, None, self.start + self.width : self.end]

    def means(self, rows: np.ndarray) -> np.ndarray:
        """The moving means in rows of statistics, a view of shape (heads, 1, width)."""
        return rows[:, None, self.first_mean : self.first_mean + self.width]

    def variances(self, rows: np.ndarray) -> np.ndarray:
        """The moving variances in rows of statistics, a view of shape (heads, 1, width)."""
        first = self.first_mean + self.width
        return rows[:, None, first : first + self.width]

    def predict(
        self, weights: np.ndarray, statistics: np.ndarray, vectors: np.ndarray
    ) -> np.ndarray:
        """Normalize by the moving statistics.

        Args:
            weights: Shape (heads, parameters).
            statistics: Shape (heads, statistics).
            vectors: Shape (heads, images, width).
        """
        factors = self.factors(weights) / np.sqrt(self.variances(statistics) + EPSILON)
        return (vectors - self.means(statistics)) * factors + self.offsets(weights)

    def learn(
        self, weights: np.ndarray, statistics: np.ndarray, vectors: np.ndarray
    ) -> tuple[np.ndarray, "NormalizedBatch"]:
        """Normalize by the statistics of a batch, and update the moving ones.

        Args:
            weights: Shape (heads, parameters).
            statistics: Shape (heads, statistics).
            vectors: Shape (heads, batch, width). Their content is lost.

        Returns:
            The outputs, of the same shape, and what the gradients need.
        """
        mean = vectors.mean(axis=1, keepdims=True)
        vectors -= mean
        variance = (vectors * vectors).mean(axis=1, keepdims=True)
        moving = ((self.means(statistics), mean), (self.variances(statistics), variance))
        for average, new in moving:
            average *= KEPT
            average += ADDED * new
        scales = 1 / np.sqrt(variance + EPSILON)
        vectors *= scales
        outputs = vectors * self.factors(weights)
        outputs += self.offsets(weights)
        return outputs, NormalizedBatch(self, vectors, scales)


@dataclass(frozen=True)
class NormalizedBatch:
    """What a layer learned from, and the gradients that follow from it.

    Attributes:
        norm: The layer.
        values: The batch with mean 0 and deviation 1, shape (heads, batch, width).
        scales: What its centered values were multiplied by, shape (heads, 1, width).
    """

    norm: BatchNorm
    values: np.ndarray
    scales: np.ndarray

    def put_gradients(self, gradients: np.ndarray, error: np.ndarray) -> None:
        """Put the gradients of factors and offsets into their places.

        Args:
            gradients: Shape (heads, parameters).
            error: Gradients of the outputs, shape (heads, batch, width).
        """
        self.norm.factors(gradients)[...] = (error * self.values).sum(axis=1, keepdims=True)
        self.norm.offsets(gradients)[...] = error.sum(axis=1, keepdims=True)

    def error_before(
        self, weights: np.ndarray, gradients: np.ndarray, error: np.ndarray
    ) -> np.ndarray:
        """The gradients of the inputs; those of factors and offsets are in their places."""
        count = np.float32(1 / error.shape[1])
        error = error - count * self.norm.offsets(gradients)
        error -= self.values * (count * self.norm.factors(gradients))
        error *= self.scales * self.norm.factors(weights)
        return error
