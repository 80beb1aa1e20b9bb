"""Dense heads of one shape in NumPy, each with its own weights, computed together.

A head is what `models.heads.build_head` builds of vectors without batch norm: standardization,
dense layers with activation, dropout before each, and a softmax. The weights of one head are a row
of one array. A matrix product of a stack is one product per head, so that a head in a stack gives
the same numbers, bit by bit, as a head alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scenery.config.head import Head
from scenery.registry.options import of_layer
from scenery.training.activations import ACTIVATIONS


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
    """

    def __init__(self, values: int, classes: int, head: Head) -> None:
        self._head = head
        self._activations = [
            ACTIVATIONS[of_layer(head.activation, number)] for number, _ in enumerate(head.dense)
        ]
        self.layers: list[Layer] = []
        for inputs, outputs in pairwise((values, *head.dense, classes)):
            start = self.layers[-1].end if self.layers else 0
            self.layers.append(Layer(start, inputs, outputs))

    @property
    def parameters(self) -> int:
        """Number of weights of a head that are learned."""
        return self.layers[-1].end

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
        return rows[0]

    def as_keras_weights(self, row: np.ndarray) -> list[np.ndarray]:
        """Kernel and biases of each layer, as in a Keras model."""
        found = []
        for layer in self.layers:
            found += [layer.kernels(row[None])[0].copy(), layer.biases(row[None])[0, 0].copy()]
        return found

    def probabilities(self, weights: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Class probabilities, shape (heads, images, classes).

        Args:
            weights: Shape (heads, parameters).
            vectors: Standardized features, shape (heads, images, values).
        """
        for layer, activation in zip(self.layers, self._activations, strict=False):
            vectors = activation.value(_dense(layer, weights, vectors))
        return np.exp(log_softmax(_dense(self.layers[-1], weights, vectors)))

    def learn(
        self,
        weights: np.ndarray,
        vectors: np.ndarray,
        targets: np.ndarray,
        image_weights: np.ndarray,
        keep: Sequence[np.ndarray | None],
        gradients: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Compute loss and gradients of one batch for each head.

        Args:
            weights: Shape (heads, parameters).
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
        inputs, outputs = [], []
        for number, layer in enumerate(self.layers):
            if keep[number] is not None:
                vectors *= keep[number]
            inputs.append(vectors)
            outputs.append(_dense(layer, weights, vectors))
            if number + 1 < len(self.layers):
                vectors = self._activations[number].value(outputs[-1])
        logs = log_softmax(outputs[-1])
        each = -(targets * logs).sum(axis=2)
        loss = (each * image_weights).sum(axis=1) / image_weights.shape[1]
        right = (logs.argmax(axis=2) == targets.argmax(axis=2)).sum(axis=1)
        error = np.exp(logs)
        error -= targets
        error *= image_weights[..., None] / np.float32(image_weights.shape[1])
        for number in reversed(range(len(self.layers))):
            layer = self.layers[number]
            np.matmul(inputs[number].swapaxes(1, 2), error, out=layer.kernels(gradients))
            layer.biases(gradients)[...] = error.sum(axis=1, keepdims=True)
            if number:
                error = np.matmul(error, layer.kernels(weights).swapaxes(1, 2))
                if keep[number] is not None:
                    error *= keep[number]
                below, activation = outputs[number - 1], self._activations[number - 1]
                error *= activation.slope(below, activation.value(below))
        return loss + self._penalize(weights, gradients), right

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


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities, over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def _dense(layer: Layer, weights: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    outputs = np.matmul(vectors, layer.kernels(weights))
    outputs += layer.biases(weights)
    return outputs
