"""Cross-entropy and accuracy of predicted probabilities, the same for every kind of model."""

import numpy as np

# Probabilities are kept this far from 0, as Keras does, so that one sure mistake is not infinite.
EPSILON = 1e-7


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy, without label smoothing and penalties, so that trials compare.

    Args:
        probabilities: Shape (images, classes), rows sum to 1.
        labels: Shape (images,), class numbers.
    """
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    if not np.isfinite(right).all():
        return float("nan")
    return float(-np.log(np.clip(right, EPSILON, 1.0)).mean())


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose most probable class is the true one."""
    return float((probabilities.argmax(axis=1) == labels).mean())
