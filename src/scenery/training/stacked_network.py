"""Dense heads of one shape in NumPy, each with its own weights, computed together.

A head is what `models.heads.build_head` builds of vectors: standardization, dense layers with batch
norm and activation, dropout before each, and a softmax. The weights of one head are a row of one
array, and so are the moving statistics of batch norm. A matrix product of a stack is one product
per head, so that a head in a stack gives the same numbers, bit by bit, as a head alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from scenery.config.head import Head
from scenery.registry.options import of_layer
from scenery.training.activations import ACTIVATIONS
from scenery.training.stacked_batch_norm import BatchNorm, NormalizedBatch


@dataclass(frozen=True)
class Layer:
    """Where the weights of a dense layer are in the row of a head.

    Attributes:
        start: Place of the kernel's first value. The biases follow the kernel.
        inputs: Values in.
        outputs: Values out.
    """

    start: int
    inputs: int
    outputs: int

    @property
    def end(self) -> int:
        """The place after the biases."""
        return self.start + (self.inputs + 1) * self.outputs

    def kernels(self, rows: np.ndarray) -> np.ndarray:
        """The kernels in rows of weights, a view of shape (heads, inputs, outputs)."""
        part = rows[:, self.start : self.end - self.outputs]
        return part.reshape(len(rows), self.inputs, self.outputs)

    def biases(self, rows: np.ndarray) -> np.ndarray:
        """The biases in rows of weights, a view of shape (heads, 1, outputs)."""
        return rows[:, None, self.end - self.outputs : self.end]


class StackedNetwork:
    """Predictions and gradients of dense heads.

    Args:
        values: Features of an image.
        classes: Number of classes.
        head: Settings of the heads.

    Attributes:
        layers: The dense layers, from the features to the classes.
        parameters: Number of weights of a head that are learned.
        statistics: Number of its moving means and variances.
    """

    def __init__(self, values: int, classes: int, head: Head) -> None:
        self._head = head
        self._activations = [
            ACTIVATIONS[of_layer(head.activation, number)] for number, _ in enumerate(head.dense)
        ]
        self.parameters, self.statistics = 0, 0
        self.layers: list[Layer] = []
        # Of the features of a head without dense layers, and of the outputs of each dense layer.
        self._first_norm = self._norm(values) if head.batch_norm and not head.dense else None
        self._norms: list[BatchNorm | None] = []
        for inputs, outputs in pairwise((values, *head.dense, classes)):
            self.layers.append(Layer(self.parameters, inputs, outputs))
            self.parameters = self.layers[-1].end
            below_classes = len(self.layers) <= len(head.dense)
            self._norms.append(self._norm(outputs) if head.batch_norm and below_classes else None)

    def _norm(self, width: int) -> BatchNorm:
        """Batch norm at the end of what there is."""
        norm = BatchNorm(self.parameters, self.statistics, width)
        self.parameters = norm.end
        self.statistics += 2 * width
        return norm

    def first_weights(self, seed: int) -> np.ndarray:
        """Weights before training, shape (parameters,).

        Kernels are uniform (Glorot and Bengio 2010). A linear head on standardized features starts
        at 0, as `build_head` explains.
        """
        rows = np.zeros((1, self.parameters), np.float32)
        if self._head.dense or not self._head.standardize:
            generator = np.random.default_rng(seed)
            for layer in self.layers:
                limit = (6 / (layer.inputs + layer.outputs)) ** 0.5
                shape = (layer.inputs, layer.outputs)
                layer.kernels(rows)[0] = generator.uniform(-limit, limit, shape)
        for norm in filter(None, (self._first_norm, *self._norms)):
            norm.factors(rows)[...] = 1
        return rows[0]

    def first_statistics(self) -> np.ndarray:
        """Moving means and variances before training, shape (statistics,)."""
        rows = np.zeros((1, self.statistics), np.float32)
        for norm in filter(None, (self._first_norm, *self._norms)):
            norm.variances(rows)[...] = 1
        return rows[0]

    def keras_views(self, row: np.ndarray, statistics: np.ndarray) -> list[np.ndarray]:
        """Views of all weights of a head, in the order and shapes of the Keras model.

        Args:
            row: Shape (parameters,).
            statistics: Shape (statistics,).
        """
        rows, moving = row[None], statistics[None]
        found = _views_of_norm(self._first_norm, rows, moving)
        for layer, norm in zip(self.layers, self._norms, strict=True):
            found += [layer.kernels(rows)[0], layer.biases(rows)[0, 0]]
            found += _views_of_norm(norm, rows, moving)
        return found

    def probabilities(
        self, weights: np.ndarray, statistics: np.ndarray, vectors: np.ndarray
    ) -> np.ndarray:
        """Class probabilities, shape (heads, images, classes).

        Args:
            weights: Shape (heads, parameters).
            statistics: Shape (heads, statistics).
            vectors: Standardized features, shape (heads, images, values).
        """
        if self._first_norm is not None:
            vectors = self._first_norm.predict(weights, statistics, vectors)
        for layer, norm, activation in zip(
            self.layers, self._norms, self._activations, strict=False
        ):
            vectors = _dense(layer, weights, vectors)
            if norm is not None:
                vectors = norm.predict(weights, statistics, vectors)
            vectors = activation.value(vectors)
        return np.exp(log_softmax(_dense(self.layers[-1], weights, vectors)))

    def learn(
        self,
        weights: np.ndarray,
        statistics: np.ndarray,
        vectors: np.ndarray,
        targets: np.ndarray,
        image_weights: np.ndarray,
        keep: Sequence[np.ndarray | None],
        gradients: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Compute loss and gradients of one batch for each head.

        Args:
            weights: Shape (heads, parameters).
            statistics: Shape (heads, statistics), which are updated.
            vectors: Standardized features, shape (heads, batch, values). Their content is lost.
            targets: Smoothed labels, shape (heads, batch, classes).
            image_weights: Weights in the loss, shape (heads, batch).
            keep: Of each layer the factors of dropout, shape (batch, inputs); None without
                dropout.
            gradients: Shape (heads, parameters), which receives the gradients.

        Returns:
            Losses with penalties, and numbers of images that were predicted right, both of shape
            (heads,).
        """
        passed = self._forward(weights, statistics, vectors, keep)
        logs = log_softmax(passed.outputs[-1])
        each = -(targets * logs).sum(axis=2)
        loss = (each * image_weights).sum(axis=1) / image_weights.shape[1]
        right = (logs.argmax(axis=2) == targets.argmax(axis=2)).sum(axis=1)
        error = np.exp(logs)
        error -= targets
        error *= image_weights[..., None] / np.float32(image_weights.shape[1])
        self._backward(weights, gradients, keep, passed, error)
        return loss + self._penalize(weights, gradients), right

    def _forward(
        self,
        weights: np.ndarray,
        statistics: np.ndarray,
        vectors: np.ndarray,
        keep: Sequence[np.ndarray | None],
    ) -> "_Pass":
        """What the layers give for a batch; see `learn`."""
        passed = _Pass()
        if self._first_norm is not None:
            vectors, passed.first = self._first_norm.learn(weights, statistics, vectors)
        for number, layer in enumerate(self.layers):
            if keep[number] is not None:
                vectors *= keep[number]
            passed.inputs.append(vectors)
            output, batch, norm = _dense(layer, weights, vectors), None, self._norms[number]
            if norm is not None:
                output, batch = norm.learn(weights, statistics, output)
            passed.outputs.append(output)
            passed.batches.append(batch)
            if number + 1 < len(self.layers):
                vectors = self._activations[number].value(output)
        return passed

    def _backward(
        self,
        weights: np.ndarray,
        gradients: np.ndarray,
        keep: Sequence[np.ndarray | None],
        passed: "_Pass",
        error: np.ndarray,
    ) -> None:
        """Put the gradients of all weights into their places.

        Args:
            weights: See `learn`.
            gradients: See `learn`.
            keep: See `learn`.
            passed: What `_forward` returned.
            error: Gradients of the last layer's outputs, shape (heads, batch, classes).
        """
        for number in reversed(range(len(self.layers))):
            layer, batch = self.layers[number], passed.batches[number]
            if batch is not None:
                batch.put_gradients(gradients, error)
                error = batch.error_before(weights, gradients, error)
            np.matmul(passed.inputs[number].swapaxes(1, 2), error, out=layer.kernels(gradients))
            # Batch norm subtracts the biases again, so their gradients are 0.
            biases = error.sum(axis=1, keepdims=True) if batch is None else 0
            layer.biases(gradients)[...] = biases
            if not number and passed.first is None:
                return
            error = np.matmul(error, layer.kernels(weights).swapaxes(1, 2))
            if keep[number] is not None:
                error *= keep[number]
            if number:
                below, activation = passed.outputs[number - 1], self._activations[number - 1]
                error *= activation.slope(below, activation.value(below))
        if passed.first is not None:
            passed.first.put_gradients(gradients, error)

    def _penalize(self, weights: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        """The penalties of the kernels; their gradients are added."""
        l1, l2 = np.float32(self._head.l1), np.float32(self._head.l2)
        penalty = np.zeros(len(weights), np.float32)
        if not l1 and not l2:
            return penalty
        for layer in self.layers:
            kernels, changes = layer.kernels(weights), layer.kernels(gradients)
            if l1:
                penalty += l1 * np.abs(kernels).sum(axis=(1, 2))
                changes += l1 * np.sign(kernels)
            if l2:
                penalty += l2 * np.einsum("hio,hio->h", kernels, kernels)
                changes += (2 * l2) * kernels
        return penalty


@dataclass
class _Pass:
    """What a batch gave in each layer.

    Attributes:
        inputs: Inputs of the dense layers, after dropout.
        outputs: Inputs of the activations, or of the softmax.
        batches: What batch norm learned from after each dense layer.
        first: What it learned from before the only one.
    """

    inputs: list[np.ndarray] = field(default_factory=list)
    outputs: list[np.ndarray] = field(default_factory=list)
    batches: list[NormalizedBatch | None] = field(default_factory=list)
    first: NormalizedBatch | None = None


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities, over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def _views_of_norm(
    norm: BatchNorm | None, rows: np.ndarray, moving: np.ndarray
) -> list[np.ndarray]:
    if norm is None:
        return []
    weights = [norm.factors(rows)[0, 0], norm.offsets(rows)[0, 0]]
    return [*weights, norm.means(moving)[0, 0], norm.variances(moving)[0, 0]]


def _dense(layer: Layer, weights: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    outputs = np.matmul(vectors, layer.kernels(weights))
    outputs += layer.biases(weights)
    return outputs
