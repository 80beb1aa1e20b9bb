"""Weights of the training images in the loss."""

import numpy as np


def image_weights(labels: np.ndarray, classes: int, how: str) -> np.ndarray:
    """One weight per image, with mean 1.

    Args:
        labels: Shape (images,), class numbers from 0.
        classes: Number of classes.
        how: none (all 1) or balanced (every class counts the same in sum, as in scikit-learn).

    Returns:
        float32, shape (images,).
    """
    if how == "none":
        return np.ones(len(labels), np.float32)
    counts = np.bincount(labels, minlength=classes)
    present = np.count_nonzero(counts)
    weights = len(labels) / (present * np.maximum(counts, 1))
    return weights[labels].astype(np.float32)
