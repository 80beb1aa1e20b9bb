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
    return float(cross_entropies(probabilities, labels).mean())


def cross_entropies(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The cross-entropy of each image, shape (images,); all NaN if a probability is no number.

    Arguments as of `cross_entropy`.
    """
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    if not np.isfinite(right).all():
        return np.full(len(labels), np.nan)
    return np.asarray(-np.log(np.clip(right, EPSILON, 1.0)))


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose most probable class is the true one."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def top_accuracy(probabilities: np.ndarray, labels: np.ndarray, count: int) -> float:
    """Share of the images whose class is among the most probable ones.

    Args:
        probabilities: Shape (images, classes).
        labels: Shape (images,), class numbers.
        count: Number of classes that count as an answer.
    """
    own = probabilities[np.arange(len(labels)), labels]
    # Of equally probable classes, half are before the own one.
    above = (probabilities > own[:, None]).sum(axis=1)
    ties = (probabilities == own[:, None]).sum(axis=1) - 1
    return float(np.mean(above + ties / 2 < count))
